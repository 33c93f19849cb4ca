"""State whose classes are derived from a schema's, in modules that nobody has imported when it is read."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START

import fanloom
from fanloom import open_checkpointer
from fanloom.durable.derived_classes import derived_class

CONFIG: Any = {"configurable": {"thread_id": "t"}}
SHAPES = """
from enum import Enum
from typing import Generic, TypeVar
from pydantic import BaseModel

T = TypeVar("T")

class Shape(BaseModel):
    name: str = "shape"

class Held(BaseModel, Generic[T]):
    name: str = "held"
"""
SQUARE = "class Square(Shape):\n    width: int = 2\n"
MOODS = "from enum import Enum\nclass Mood(Enum):\n    GOOD = 'good'\n"
# By a name: the modules beside `shapes`; the class is `Square` of `late` in each.
DERIVED: dict[str, dict[str, str]] = {
    "by its full name": {"late": f"from drawn.shapes import Shape\n{SQUARE}"},
    "by a relative one": {"late": f"from .shapes import Shape\n{SQUARE}"},
    "by another name": {"late": "from .shapes import Shape as Base\nclass Square(Base):\n    width: int = 2\n"},
    "by its module": {"late": "from drawn import shapes\nclass Square(shapes.Shape):\n    width: int = 2\n"},
    "by the path to it": {"late": "import drawn.shapes\nclass Square(drawn.shapes.Shape):\n    width: int = 2\n"},
    "by its module's other name": {"late": "import drawn.shapes as s\nclass Square(s.Shape):\n    width: int = 2\n"},
    "through another of its module": {
        "late": "from .shapes import Shape\nclass Four(Shape):\n    pass\nclass Square(Four):\n    width: int = 2\n"
    },
    "through another module": {
        "middle": "from .shapes import Shape\nclass Four(Shape):\n    pass\n",
        "late": "from .middle import Four\nclass Square(Four):\n    width: int = 2\n",
    },
    "through one that hands it on": {
        "middle": "from .shapes import Shape\n",
        "late": f"from .middle import Shape\n{SQUARE}",
    },
    "of a generic class": {"late": "from .shapes import Held\nclass Square(Held[int]):\n    width: int = 2\n"},
    "with a type of its own": {
        "moods": MOODS,
        "late": "from .moods import Mood\nfrom .shapes import Shape\n"
        "class Square(Shape):\n    width: int = 2\n    mood: Mood = Mood.GOOD\n",
    },
    "in a package inside": {"late/__init__": f"from ..shapes import Shape\n{SQUARE}"},
}
IMPORTED = "raise AssertionError('it was imported')\n"
# The same, and none of them may be imported.
FOREIGN: dict[str, dict[str, str]] = {
    "derived from nothing": {"late": f"{IMPORTED}class Square:\n    pass\n"},
    "derived from what anybody's is": {
        "late": f"from pydantic import BaseModel\n{IMPORTED}class Square(BaseModel):\n    width: int\n"
    },
    "derived from itself": {"late": f"{IMPORTED}class Square(Square):\n    pass\n"},
    "in a circle": {"late": f"from .middle import Square\n{IMPORTED}", "middle": "from .late import Square\n"},
    "no class": {"late": f"{IMPORTED}def Square(**given):\n    pass\n"},
    "a class of another name": {"late": f"from .shapes import Shape\n{IMPORTED}class Other(Shape):\n    pass\n"},
    "a base that is nowhere": {"late": f"from .nowhere import Shape\n{IMPORTED}{SQUARE}"},
    "no Python": {"late": "class Square(Shape:\n"},
    "not there": {},
}


def forget() -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] in ("drawn", "foreign")]:
        del sys.modules[module]
    importlib.invalidate_caches()


def put(folder: Path, modules: dict[str, str]) -> None:
    for name, text in modules.items():
        file = folder / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of a package `drawn`, which is forgotten afterwards, as is one beside it, `foreign`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("drawn", "foreign"):
        put(tmp_path / name, {"__init__": ""})
    put(tmp_path / "drawn", {"shapes": SHAPES})
    yield tmp_path / "drawn"
    forget()


@pytest.mark.parametrize("how", DERIVED)
def test_a_class_is_found_that_is_derived(how: str, drawn: Path) -> None:
    put(drawn, DERIVED[how])
    shapes = importlib.import_module("drawn.shapes")
    found = derived_class("drawn.late", "Square", (shapes.Shape, shapes.Held))
    assert found is sys.modules["drawn.late"].Square
    assert found is not None
    assert issubclass(found, shapes.Shape | shapes.Held)


@pytest.mark.parametrize("how", FOREIGN)
def test_nothing_is_imported_for_a_class_that_is_not(how: str, drawn: Path) -> None:
    put(drawn, FOREIGN[how])
    shapes = importlib.import_module("drawn.shapes")
    assert derived_class("drawn.late", "Square", (shapes.Shape, shapes.Held)) is None
    assert not sys.modules.keys() & {"drawn.late", "drawn.middle"}


def test_nothing_is_imported_from_another_package(drawn: Path) -> None:
    put(drawn.parent / "foreign", {"late": f"from drawn.shapes import Shape\n{IMPORTED}{SQUARE}"})
    shapes = importlib.import_module("drawn.shapes")
    for name in ("foreign", "foreign.late", "nowhere.late", ""):
        assert derived_class(name, "Square", (shapes.Shape,)) is None
    assert "foreign.late" not in sys.modules


def test_a_module_that_cannot_be_imported_has_no_class(drawn: Path) -> None:
    put(drawn, {"late": f"from .shapes import Shape\n{SQUARE}raise OSError('no licence')\n"})
    shapes = importlib.import_module("drawn.shapes")
    assert derived_class("drawn.late", "Square", (shapes.Shape,)) is None


def graph_of(saver: Any, made: Any = None) -> Any:
    """Return a graph whose state holds shapes, as another process makes it that has imported nothing else."""
    shape: Any = importlib.import_module("drawn.shapes").Shape
    state: Any = TypedDict("state", {"held": list[shape]}, total=False)  # type: ignore[misc]
    builder = fanloom.StateGraph(state)
    builder.add_node("write", lambda state: {"held": [made()]})
    builder.add_edge(START, "write")
    return builder.compile(checkpointer=saver)


def test_what_is_derived_in_a_module_that_was_not_imported_comes_back(
    drawn: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(drawn, DERIVED["with a type of its own"])
    with open_checkpointer("memory://") as saver:
        graph_of(saver, importlib.import_module("drawn.late").Square).invoke({}, CONFIG)
        forget()
        graph = graph_of(saver)
        assert "drawn.late" not in sys.modules
        (held,) = graph.get_state(CONFIG).values["held"]
    assert type(held) is sys.modules["drawn.late"].Square
    assert (held.width, held.mood) == (2, sys.modules["drawn.moods"].Mood.GOOD)
    assert not caplog.records


def test_what_is_derived_in_another_package_comes_back_only_where_that_is_imported(drawn: Path) -> None:
    put(drawn.parent / "foreign", {"late": f"from drawn.shapes import Shape\n{SQUARE}"})
    with open_checkpointer("memory://") as saver:
        graph_of(saver, importlib.import_module("foreign.late").Square).invoke({}, CONFIG)
        forget()
        graph = graph_of(saver)
        assert graph.get_state(CONFIG).values["held"] == [{"name": "shape", "width": 2}]
        assert "foreign.late" not in sys.modules
        square = importlib.import_module("foreign.late").Square
        assert graph.get_state(CONFIG).values["held"] == [square()]

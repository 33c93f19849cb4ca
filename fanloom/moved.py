"""The modules of Fanloom 0.1 by the names they had: users' projects import from them, with a DeprecationWarning."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOMS = {
    "loops": {"loop": "background"},
    "models": {"schema": "output_model"},
    "runs": {name: name for name in ("context", "outcome", "prices", "usage")}
    | {"run": "current_run", "state": "channels"},
    "gateway.bounds": {"budget": "budget", "limits": "process_limits"},
    "steps": {"prompt": "prompt", "step": "step", "voting": "vote"},
    "graph": {"fan_out": "fan_out", "needs": "dependencies", "node": "node", "validation": "input_check"},
    "durable": {"checkpoint": "checkpointer", "database": "database", "effects": "effects"},
}
MOVED = {f"fanloom.{old}": f"fanloom.{room}.{new}" for room, names in _ROOMS.items() for old, new in names.items()}


class _Finder:
    """Finds a module of 0.1 after every other finder has given up, and gives the one that it has become.

    `importlib.abc`, whose classes it fulfils, would take longer to import than all of `fanloom`.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MOVED else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        import warnings

        name = module.__name__
        warnings.warn(
            f"{name} has moved to {MOVED[name]}; import what you need from fanloom itself",
            DeprecationWarning,
            stacklevel=2,
        )
        # The import system hands out what stands here, so that the old name and the new one are one module.
        sys.modules[name] = import_module(MOVED[name])


def keep_old_paths() -> None:
    """Let the modules of 0.1 be imported by their old names."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def once_here(module: str, *names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a room that bears the name of a module of 0.1; what that had is in `module` now."""

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(name)
        import warnings

        warnings.warn(f"{name} has moved to {module}; import it from fanloom itself", DeprecationWarning, stacklevel=2)
        return getattr(import_module(module), name)

    return get

"""A graph's output, for programs as JSON and for people as text, on the terminal or in a file."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from fanloom.cli.showing.progress import is_outcome
from fanloom.cli.showing.readable_output import readable
from fanloom.errors import UserError

WIDEST = 100


def plain(value: Any) -> Any:
    """Return a value as JSON knows them: messages, models and dataclasses as objects, the rest as strings."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def written(file: Path, output: Any, waiting: list[Any], *, as_json: bool) -> None:
    """Write the output of a run to a file, as JSON or as text. Raises UserError if it cannot be written."""
    output, text = plain(output), StringIO()
    if as_json or file.suffix.lower() == ".json":
        text.write(json.dumps(_whole(output, waiting), ensure_ascii=False, indent=2) + "\n")
    else:
        Console(file=text, width=WIDEST, highlight=False, markup=False, emoji=False).print(readable(output))
    write_file(file, "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines()))


def write_file(file: Path, text: str) -> None:
    """Write a file that the user has named, and say so. Raises UserError if it cannot be written."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    sys.stderr.write(f"Written to {file}\n")


def _whole(output: Any, waiting: list[Any]) -> Any:
    """Return what `ainvoke` returns, also for a graph that waits."""
    return {**(output if isinstance(output, dict) else {}), "__interrupt__": plain(waiting)} if waiting else output


def show(output: Any, waiting: list[Any], *, as_json: bool) -> None:
    """Print the output of a run to standard output."""
    output = plain(output)
    if as_json:
        sys.stdout.write(_json(_whole(output, waiting)) + "\n")
        return
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with console.capture() as printed:
        console.print(readable(output, markdown=console.is_terminal), width=min(console.width, WIDEST))
    # Rich fills lines up with blanks. One line at a time, because a single long write does not notice a closed pipe.
    sys.stdout.writelines(f"{line.rstrip(' ')}\n" for line in printed.get().split("\n")[:-1])


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=2 if sys.stdout.isatty() else None)
    return text


def unfinished(output: Any) -> int:
    """Count the Outcomes in the lists of an output whose task was not done; the same task counts once."""
    return len({item["task_id"] for item in _outcomes(output) if item["status"] != "done"})


def _outcomes(output: Any) -> list[Mapping[str, Any]]:
    lists = [value for value in output.values() if isinstance(value, list)] if isinstance(output, Mapping) else []
    return [item for items in lists for item in items if is_outcome(item)]

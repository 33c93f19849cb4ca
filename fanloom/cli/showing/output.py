"""A graph's output, for programs as JSON and for people as text; knows shapes of values, not graphs."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fanloom.cli.exits import clean
from fanloom.cli.showing.progress import is_outcome
from fanloom.errors import UserError

WIDEST = 100
SHORT = 200
NO_MODEL = (
    "No language model was used: these answers come from rules (the offline model). "
    "Choose one with --model google_genai:gemini-2.5-flash or FANLOOM_MODEL."
)
_MARKDOWN = re.compile(r"^(#{1,6} |[-*] |\d+\. |```|\|)|\*\*\w", re.MULTILINE)


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


def readable(output: Any, *, markdown: bool = False) -> Group:
    """Lay an output out for people."""
    if not isinstance(output, Mapping):
        return Group(*_value(output, markdown))
    usage = output.get("usage")
    usage = usage if isinstance(usage, Mapping) and "model_calls" in usage else None
    fields = {name: value for name, value in output.items() if name != "usage" or usage is None}
    alone = len(fields) == 1
    sections = [_section(name, value, markdown, titled=not alone) for name, value in fields.items()]
    if usage is not None:
        sections.append([Text(line) for line in usage_lines(usage)])
    return Group(*(_spaced(sections) or [Text("(none)")]))


def _spaced(blocks: Iterable[list[RenderableType]]) -> list[RenderableType]:
    """Put an empty line between blocks."""
    return [part for number, block in enumerate(blocks) for part in ([Text()] if number else []) + block]


def _section(name: str, value: Any, markdown: bool, *, titled: bool) -> list[RenderableType]:
    label = label_of(name)
    if not titled:
        return _value(value, markdown)
    if _is_line(value):
        return [Text.assemble((f"{label}: ", "bold"), _scalar(value))]
    return [Text(label, style="bold underline"), *_value(value, markdown)]


def label_of(name: str) -> str:
    """Return the name of a field as a person reads it."""
    words = clean(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _is_line(value: Any) -> bool:
    return not isinstance(value, str | list | Mapping) or not value


def _scalar(value: Any) -> str:
    if value is None or value in ([], {}):
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def _value(value: Any, markdown: bool) -> list[RenderableType]:
    if _is_line(value):
        return [Text(_scalar(value))]
    if isinstance(value, str):
        return [_prose(value, markdown)]
    if isinstance(value, Mapping):
        return [part for name, item in value.items() for part in _entry(name, item, markdown)]
    if all(is_outcome(item) for item in value):
        return [_table(value)]
    if all(isinstance(item, Mapping) for item in value):
        return _spaced(_block(number, item, markdown) for number, item in enumerate(value, 1))
    return [part for item in value for part in _bullet(item, markdown)]


def _prose(text: str, markdown: bool) -> RenderableType:
    text = clean(text)
    # Rich leaves HTML out of Markdown, and nothing of an answer may be left out.
    if markdown and "\n" in text and "<" not in text and _MARKDOWN.search(text):
        from rich.markdown import Markdown

        return Markdown(text, hyperlinks=False)
    return Text(text.strip("\n"))


def _bullet(item: Any, markdown: bool) -> list[RenderableType]:
    if _is_line(item) or isinstance(item, str):
        return [Text(f"- {_scalar(item)}")]
    return [Text("-"), *(Padding(part, (0, 0, 0, 2)) for part in _value(item, markdown))]


def _block(number: int, item: Mapping[str, Any], markdown: bool) -> list[RenderableType]:
    """Show an object of a list: its first short string is its heading."""
    item = _message(item)
    name = next((key for key, value in item.items() if _is_heading(value)), None)
    rest = {key: value for key, value in item.items() if key != name and value not in (None, "", {})}
    one_text = sum(isinstance(value, str) for value in rest.values()) == 1
    heading = clean(item[name]) if name is not None else ""
    parts: list[RenderableType] = [Text(heading, style="bold")] if heading else []
    for key, value in rest.items():
        parts += _value(value, markdown) if one_text and isinstance(value, str) else _entry(key, value, markdown)
    block = Table.grid(padding=(0, 1, 0, 0))
    block.add_row(Text(f"{number}.", style="bold"), Group(*parts))
    return [block]


def _is_heading(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= SHORT and "\n" not in value


def _message(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave of a chat message what was said and by whom."""
    if {"type", "content", "additional_kwargs"} <= set(item):
        kept = {"type": item["type"], "content": item["content"], "tool_calls": item.get("tool_calls")}
        return {key: value for key, value in kept.items() if value}
    return item


def _entry(name: str, value: Any, markdown: bool) -> list[RenderableType]:
    label = label_of(name)
    if isinstance(value, list) and value and not any(isinstance(item, Mapping | list) for item in value):
        return [Text(f"{label}: {', '.join(map(_scalar, value))}", style="dim")]
    if _is_line(value) or (isinstance(value, str) and "\n" not in value):
        return [Text.assemble((f"{label}: ", "dim"), _scalar(value))]
    return [Text(f"{label}:", style="dim"), *(Padding(part, (0, 0, 0, 2)) for part in _value(value, markdown))]


def _table(outcomes: Iterable[Mapping[str, Any]]) -> Table:
    table = Table("Task", "Status", "Reason", box=None, pad_edge=False, header_style="dim")
    for outcome in outcomes:
        error = outcome.get("error")
        reason = error.get("message", "") if isinstance(error, Mapping) else error or ""
        status = str(outcome["status"])
        style = "green" if status == "done" else "red"
        table.add_row(
            Text(clean(str(outcome["task_id"]))),
            Text(clean(status).replace("_", " "), style=style),
            Text(clean(str(reason))),
        )
    return table


def usage_lines(usage: Mapping[str, Any]) -> list[str]:
    """Say which models answered, and what that took."""
    models = [clean(str(name)) for name in usage.get("by_model") or {}]
    calls = usage.get("model_calls") or 0
    if not calls:
        return ["No model was called."]
    cached = usage.get("cached_tokens") or 0
    said = [
        f"{calls:,} model call{'' if calls == 1 else 's'}",
        f"{usage.get('input_tokens') or 0:,} tokens in" + (f" ({cached:,} cached)" if cached else ""),
        f"{usage.get('output_tokens') or 0:,} out",
        _cost(usage.get("cost_usd")),
    ]
    line = f"Answered by {', '.join(models) or 'an unnamed model'}: {', '.join(said)}"
    return [line, NO_MODEL] if "offline" in models else [line]


def _cost(dollars: float | None) -> str:
    if dollars is None:
        return "cost unknown"
    return f"cost ${dollars:.4f}" if dollars else "cost $0"

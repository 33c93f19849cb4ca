"""A graph's output, laid out for people; knows shapes of values, not graphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fanloom.cli.exits import clean
from fanloom.cli.showing.progress import is_outcome

SHORT = 200
NO_MODEL = (
    "No language model was used: these answers come from rules (the offline model). "
    "Choose one with --model google_genai:gemini-2.5-flash or FANLOOM_MODEL."
)
_MARKDOWN = re.compile(r"^(#{1,6} |[-*] |\d+\. |```|\|)|\*\*\w", re.MULTILINE)


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

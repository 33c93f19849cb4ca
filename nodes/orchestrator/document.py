"""The final document: a section for each part that is done, and a line for each that is missing, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from pydantic import Field
from typing_extensions import TypedDict

from fanloom import Choices, Count, Outcome, OutputModel, failures
from nodes.orchestrator.markdown import as_written, below
from nodes.orchestrator.state import Subtask

_LONGEST_TITLE = 100
_REFUSED = "the model's provider refused it"
_UNUSABLE = "the model gave no answer that can be used"
_UNREACHED = "the model could not be reached"
_TOO_MANY = "the plan has more parts than this run may do"
_REASONS = {
    "budget": "the budget of this run was spent",
    "timeout": "the model took too long",
    "max_subtasks": _TOO_MANY,
    "max_tasks": _TOO_MANY,
    "needs": "it builds on a part that is missing",
    "blocked": "the provider's filter withheld it",
    **dict.fromkeys(("auth", "not_found", "context_overflow", "bad_request"), _REFUSED),
    **dict.fromkeys(("throttled", "connection", "server_error"), _UNREACHED),
    **dict.fromkeys(("bad_output", "empty", "truncated", "malformed", "not_data", "wrong_shape"), _UNUSABLE),
}
_OTHERWISE = "it could not be written"


class Part(TypedDict):
    """One part, as the model that combines them sees it: with its `text`, or with why it is `missing`."""

    id: str
    heading: str
    text: str
    missing: str


class Section(OutputModel):
    """One section of the document."""

    id: str = Field(description="The id of its part, as given.")
    text: str = Field(description="The section in Markdown, without its heading.")


class Document(OutputModel):
    """The final document."""

    title: str = Field(description="Its title, one line.")
    introduction: str = Field(description="One to three sentences before the first section.")
    sections: list[Section] = Field(description="One section for each part that has a text, in the order of the parts.")


def parts_of(plan: Sequence[Subtask], outcomes: Sequence[Outcome]) -> list[Part]:
    """Return the parts of a plan, in its order; equal types get numbers, so that each heading is unlike the others."""
    headings = _headings([task["type"] for task in plan])
    return [_part(heading, outcome) for heading, outcome in zip(headings, outcomes, strict=True)]


def parts_without_plan(outcomes: Sequence[Outcome]) -> list[Part]:
    """Return the parts whose plan nobody could read."""
    return [_part("A part that the plan does not describe", outcome) for outcome in outcomes]


def for_model(parts: Sequence[Part]) -> list[dict[str, str]]:
    """Return the parts without what is empty."""
    return [{name: str(text) for name, text in part.items() if text} for part in parts]


def bounds_of(parts: Sequence[Part]) -> dict[str, Choices | Count]:
    """Return what the sections of a document may be: one for each part that has a text."""
    ids = [part["id"] for part in parts if part["text"]]
    return {
        "sections": Count(len(ids), len(ids), enforced=False),
        "sections[].id": Choices(ids, enforced=False),
    }


def problems(document: Document, parts: Sequence[Part]) -> list[str]:
    """Return what is wrong with a document: what it leaves out, and what it has made up."""
    return list(_problems(document, parts))


def written(document: Document, parts: Sequence[Part]) -> str:
    """Put a document together that has no problems: title, introduction, sections, and what is missing."""
    texts = {section.id: as_written(section.text) for section in document.sections}
    title = as_written(document.title)
    return _together(title, below(as_written(document.introduction), title), texts, parts)


def by_template(task: str, parts: Sequence[Part]) -> str:
    """Return the document that needs no model: the parts as they are, under their headings."""
    texts = {part["id"]: part["text"] for part in parts if part["text"]}
    introduction = "" if texts else "No part of this document could be written."
    return _together(task, introduction, texts, parts)


def _together(title: str, introduction: str, texts: Mapping[str, str], parts: Sequence[Part]) -> str:
    sections = [_section(part["heading"], texts[part["id"]]) for part in parts if part["text"]]
    blocks = [f"# {short(title)}", introduction.strip(), *sections, "\n".join(_missing(parts))]
    return "\n\n".join(block for block in blocks if block)


def _section(heading: str, text: str) -> str:
    return f"## {heading}\n\n{below(text, heading)}"


def short(text: str, most: int = _LONGEST_TITLE) -> str:
    """Return a text as one line of at most so many characters, without a heading's marks."""
    line = " ".join(text.split()).lstrip("# ").rstrip(" .")
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} ..."


def _missing(parts: Sequence[Part]) -> Iterator[str]:
    """Yield the section about what is missing: a line for each reason, with the parts that it keeps out."""
    reasons = dict.fromkeys(part["missing"] for part in parts if part["missing"])
    if reasons:
        yield f"## {_unlike('Missing parts', {part['heading'].casefold() for part in parts})}\n"
    for reason in reasons:
        named = ", ".join(f"**{part['heading']}**" for part in parts if part["missing"] == reason)
        yield f"- {named}: not included, because {reason}."


def _part(heading: str, outcome: Outcome) -> Part:
    if not failures([outcome]):
        return Part(id=outcome["task_id"], heading=heading, text=outcome["result"], missing="")
    kind = outcome["error"]["kind"] if outcome["error"] else ""
    return Part(id=outcome["task_id"], heading=heading, text="", missing=_REASONS.get(kind, _OTHERWISE))


def _headings(types: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    made = []
    for kind in types:
        made.append(_unlike(kind.lstrip("# ") or kind, taken))
        taken.add(made[-1].casefold())
    return made


def _unlike(heading: str, taken: Collection[str]) -> str:
    """Return a heading, with a number if another one reads like it."""
    numbered = (f"{heading} ({number})" for number in range(2, len(taken) + 3))
    return next(one for one in chain([heading], numbered) if one.casefold() not in taken)


def _problems(document: Document, parts: Sequence[Part]) -> Iterator[str]:
    if not document.title.strip():
        yield "The title is empty."
    sections = Counter(section.id for section in document.sections)
    done = [part["id"] for part in parts if part["text"]]
    for part in parts:
        count = sections.pop(part["id"], 0)
        if part["missing"] and count:
            yield f"Part {part['id']} is missing and has no text: leave it out, its absence is stated for you."
        elif not part["missing"] and count != 1:
            yield f"Part {part['id']} needs one section, not {count}."
    if sections:
        yield f"There is no part {', '.join(sections)}; the sections are those of {', '.join(done)}."
    for section in document.sections:
        if not section.text.strip():
            yield f"The section of part {section.id} is empty."

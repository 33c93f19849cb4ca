"""From a Markdown file to a part of a prompt: a template with `$name` variables that is known to be valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TypeVar

from fanloom.errors import PromptError

T = TypeVar("T")

_SURROUNDING = 30


@dataclass(frozen=True)
class Part:
    """A part of a prompt; `form` is its template as Python's operator `%` fills it, which is quicker.

    `file` is where it stands, which says nothing of what it is.
    """

    template: str
    variables: tuple[str, ...]
    form: str = field(compare=False)
    file: Path | None = field(default=None, compare=False)

    def used(self, values: Mapping[str, T]) -> tuple[T, ...]:
        """Return the values of its variables, in their order."""
        return tuple([values[name] for name in self.variables])


_read: dict[Path, Part] = {}


def files_read() -> Mapping[Path, Part]:
    """Return what this process has read of prompt files, by their whole paths."""
    return MappingProxyType(_read)


def read_part(file: Path) -> Part:
    """Read a file. Raises PromptError for one that is missing, empty or not a valid template."""
    part = _read[file.resolve()] = part_of_file(file)
    return part


def part_of_file(file: Path) -> Part:
    """Return what stands in a file, as `read_part` does, without its being a prompt's. Raises PromptError likewise."""
    try:
        # Windows' editors begin a file with a byte order mark, which is no part of the text.
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"prompt file {str(file)!r} cannot be read: {error}") from None
    return part_of_text(text, f"prompt file {str(file)!r}", file.resolve())


def part_of_text(text: str, named: str, file: Path | None = None) -> Part:
    """Return a template as a part. Raises PromptError if it is empty or not valid."""
    template = Template(text)
    if not text:
        raise PromptError(f"{named} is empty")
    if not template.is_valid():
        wanted = "write a dollar sign as $$, and a variable as $name or ${name}"
        raise PromptError(f"{named}: {wanted}; one stands in {_bad_line(text)!r}")
    variables = tuple(template.get_identifiers())
    form = Template(text.replace("%", "%%")).substitute({name: f"%({name})s" for name in variables})
    return Part(text, variables, form, file)


def _bad_line(text: str) -> str:
    """Return what surrounds the first dollar sign that is neither doubled nor a variable's, within its line."""
    at = next(found.start() for found in Template.pattern.finditer(text) if found["invalid"] is not None)
    before, after = text[:at].rpartition("\n")[2], text[at:].partition("\n")[0]
    return before[-_SURROUNDING:] + after[:_SURROUNDING]

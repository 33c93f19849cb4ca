"""Prompts: Markdown files with strict `$name` variables, stable content first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from fanloom.errors import PromptError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


_AROUND = re.compile(r"<([\w-]+)>[^<>]*\$\{?[A-Za-z_]")


class Prompt:
    """A prompt made of Markdown files, one part each: what many calls share first, what varies last.

    A provider's prefix cache can serve the leading parts as long as they render the same. `system` is a file of
    standing instructions. In a file `$name` or `${name}` stands for a variable and `$$` for a dollar sign. Put a
    variable that holds somebody else's text between tags, `<user_query>$query</user_query>`: no value can close one,
    because `<` is escaped in every value.
    """

    def __init__(self, *files: Path | str, system: Path | str | None = None) -> None:
        """Read the files. Raises PromptError for one that is missing, empty or not a valid template."""
        if not files:
            raise PromptError("a prompt needs at least one Markdown file")
        self.name = Path(files[-1]).stem
        self._parts = [_read(Path(file)) for file in files]
        self._system = _read(Path(system)) if system else None

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names of the variables of all parts."""
        return frozenset(name for part in self._templates for name in part.get_identifiers())

    @cached_property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of the prompt's text."""
        text = "\0".join(part.template for part in self._templates)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def _tags(self) -> frozenset[str]:
        """The tags that stand around variables; no part of a value may be called like them."""
        return frozenset(tag for part in self._templates for tag in _AROUND.findall(part.template))

    @property
    def _templates(self) -> list[Template]:
        return [*([self._system] if self._system else []), *self._parts]

    def render(self, /, **values: Any) -> list[str]:
        """Return the text of each part, the system part (if any) first.

        Values are JSON-plain: text is escaped, a list of texts becomes bullets, a mapping becomes tags named by its
        keys. Raises PromptError if a variable is missing or unknown, naming it.
        """
        self._check(values.keys())
        texts = {name: as_text(value, self._tags) for name, value in values.items()}
        return [part.substitute(texts).strip() for part in self._templates]

    def messages(self, /, **values: Any) -> list[BaseMessage]:
        """Return the chat messages of `render(**values)`: one content block a part, so that a prefix can be cached."""
        from langchain_core.messages import HumanMessage, SystemMessage

        texts = self.render(**values)
        system = [SystemMessage(texts.pop(0))] if self._system else []
        *stable, varying = texts
        blocks: list[str | dict[str, Any]] = [{"type": "text", "text": text + "\n\n"} for text in stable]
        content = [*blocks, {"type": "text", "text": varying}] if stable else varying
        return [*system, HumanMessage(content)]

    def _check(self, given: Any) -> None:
        if missing := sorted(self.variables - set(given)):
            raise PromptError(f"prompt {self.name!r} needs ${', $'.join(missing)}; given: {_listed(given)}.")
        if unknown := sorted(set(given) - self.variables):
            raise PromptError(
                f"prompt {self.name!r} does not use {_listed(unknown)}; its variables are {_listed(self.variables)}."
            )


def escape(text: str) -> str:
    """Make text unable to open or close a tag."""
    return text.replace("<", "&lt;")


def unescape(text: str) -> str:
    """Undo `escape` in what a model copied from a prompt."""
    return text.replace("&lt;", "<")


def as_text(value: Any, taken: Collection[str] = ()) -> str:
    """Write a JSON-plain value as prompt text that can neither open nor close a tag of the prompt, those `taken`."""
    if isinstance(value, Mapping):
        return "\n".join(_tagged(str(key), item, taken) for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(_item(item, taken) for item in value)
    return escape(str(value)).strip()


def _item(value: Any, taken: Collection[str]) -> str:
    return _tagged("item", value, taken) if isinstance(value, Mapping) else f"- {as_text(value, taken)}"


def _tagged(key: str, value: Any, taken: Collection[str]) -> str:
    tag = re.sub(r"[^\w-]", "_", key) or "_"
    tag = f"{tag}_" if tag in taken else tag
    text = as_text(value, taken)
    return f"<{tag}>\n{text}\n</{tag}>" if "\n" in text else f"<{tag}>{text}</{tag}>"


def _read(file: Path) -> Template:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"prompt file {str(file)!r} cannot be read: {error}") from None
    template = Template(text)
    if not text:
        raise PromptError(f"prompt file {str(file)!r} is empty")
    if not template.is_valid():
        raise PromptError(f"prompt file {str(file)!r}: write a dollar sign as $$, and a variable as $name or ${{name}}")
    return template


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "nothing"

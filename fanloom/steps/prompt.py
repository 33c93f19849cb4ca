"""Prompts: Markdown files with strict `$name` variables, stable content first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from fanloom.errors import PromptError
from fanloom.steps.prompt_file import Part, part_of_text, read_part
from fanloom.steps.prompt_versions import versions_here

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


# Few, because each can hold a run's documents until newer ones have pushed it out.
_REMEMBERED_PARTS = 16
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
        self._has_system = bool(system)
        self._parts = [read_part(Path(file)) for file in ([system] if system else []) + list(files)]

    @classmethod
    def of_text(cls, name: str, text: str) -> Self:
        """Make a prompt of one part from a template. Raises PromptError if it is empty or not a valid template."""
        return cls._of(name, [part_of_text(text.strip(), f"prompt {name!r}")])

    def followed_by(self, other: Prompt) -> Self:
        """Return a prompt of this one's parts and then the other's, which keeps the common prefix of their requests."""
        return self._of(other.name, [*self._parts, *other._parts[other._has_system :]], self._has_system)

    @classmethod
    def _of(cls, name: str, parts: list[Part], has_system: bool = False) -> Self:
        made = cls.__new__(cls)
        made.name, made._parts, made._has_system = name, parts, has_system
        return made

    def _as_tried(self) -> Self:
        """Return the prompt of the versions of its files that are tried here: itself, unless an evaluation does."""
        versions = versions_here()
        return self._of(self.name, versions.instead(self._parts), self._has_system) if versions else self

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names of the variables of all parts."""
        return frozenset(name for part in self._parts for name in part.variables)

    @property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of the prompt's text."""
        return self._as_tried()._hash

    @cached_property
    def _hash(self) -> str:
        text = "\0".join(part.template for part in self._parts)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def _tags(self) -> frozenset[str]:
        """The tags that stand around variables; no part of a value may be called like them."""
        return frozenset(tag for part in self._parts for tag in _AROUND.findall(part.template))

    def render(self, /, **values: Any) -> list[str]:
        """Return the text of each part, the system part (if any) first.

        Values are JSON-plain: text is escaped, a list of texts becomes bullets, a mapping becomes tags named by its
        keys. Raises PromptError if a variable is missing or unknown, naming it.
        """
        self._check(values.keys())
        plain = {name: _plain(value) for name, value in values.items()}
        tried = self._as_tried()
        *stable, varying = tried._parts
        texts = [_rendered_once(part, tried._tags, part.used(plain)) for part in stable]
        return [*texts, _rendered(varying, tried._tags, varying.used(plain))]

    def messages(self, /, **values: Any) -> list[BaseMessage]:
        """Return the chat messages of `render(**values)`: one content block a part, so that a prefix can be cached."""
        from langchain_core.messages import HumanMessage, SystemMessage

        texts = self.render(**values)
        system = [SystemMessage(texts.pop(0))] if self._has_system else []
        *stable, varying = texts
        blocks: list[str | dict[str, Any]] = [{"type": "text", "text": _ended(text)} for text in stable]
        content = [*blocks, {"type": "text", "text": varying}] if stable else varying
        return [*system, HumanMessage(content)]

    def _check(self, given: Any) -> None:
        if given == self.variables:
            return
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
    return _text(_plain(value), taken)


# A value as a prompt sees it: nothing but texts, in tuples that can be the key of a cache and that nobody can change.
Plain: TypeAlias = "str | tuple[Any, ...]"
# What stands first in the tuple of a mapping, before its pairs; no value can hold it.
_MAPPING = object()


def _plain(value: Any) -> Plain:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (dict, Mapping)):
        return (_MAPPING, *[(str(key), _plain(item)) for key, item in value.items()])
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple, Sequence)) else str(value)


def _is_mapping(value: Plain) -> bool:
    return value[:1] == (_MAPPING,)


def _text(value: Plain, taken: Collection[str]) -> str:
    if isinstance(value, str):
        return escape(value).strip()
    if _is_mapping(value):
        return "\n".join(_tagged(key, item, taken) for key, item in value[1:])
    return "\n".join(_item(item, taken) for item in value)


def _item(value: Plain, taken: Collection[str]) -> str:
    return _tagged("item", value, taken) if _is_mapping(value) else f"- {_text(value, taken)}"


def _tagged(key: str, value: Plain, taken: Collection[str]) -> str:
    tag = re.sub(r"[^\w-]", "_", key) or "_"
    tag = f"{tag}_" if tag in taken else tag
    text = _text(value, taken)
    return f"<{tag}>\n{text}\n</{tag}>" if "\n" in text else f"<{tag}>{text}</{tag}>"


def _rendered(part: Part, tags: frozenset[str], values: tuple[Plain, ...]) -> str:
    texts = [_text(value, tags) for value in values]
    return (part.form % dict(zip(part.variables, texts, strict=True))).strip()


@lru_cache(maxsize=_REMEMBERED_PARTS)
def _ended(text: str) -> str:
    """Return a stable part as it stands in a request, the same object each time: what hashes it does so once."""
    return text + "\n\n"


# The documents of a fan-out stand in every one of its prompts; a megabyte is not to be escaped once a call.
_rendered_once = lru_cache(maxsize=_REMEMBERED_PARTS)(_rendered)


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "nothing"

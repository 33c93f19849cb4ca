"""One step's call, as the gateway sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fanloom.runs.context import Role

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

T = TypeVar("T")


@dataclass(frozen=True)
class Request(Generic[T]):
    """What to ask, of which role, and what type of answer is wanted; `metadata` goes into the trace.

    `understudy` answers in the place of the offline model; nobody else calls it.
    """

    step: str
    role: Role
    messages: Sequence[BaseMessage]
    output: type[T]
    metadata: dict[str, Any] = field(default_factory=dict)
    understudy: Callable[[], T] | None = None

    @cached_property
    def characters(self) -> int:
        """How long the prompt is; counted without joining its parts, which can be whole documents."""
        return sum([len(text) for message in self.messages for text in _texts(message)])

    @property
    def tokens(self) -> int:
        """An estimate of the prompt's tokens: four characters each."""
        return self.characters // 4

    @property
    def prefix(self) -> str | None:
        """The stable part of the prompt, if it has one."""
        *stable, _ = _texts(self.messages[-1])
        return "".join(stable) or None


def _texts(message: BaseMessage) -> list[str]:
    content = [message.content] if isinstance(message.content, str) else message.content
    return [part if isinstance(part, str) else part.get("text", "") for part in content]

"""One step's call, as the gateway sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fanloom.context import Role

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

T = TypeVar("T")


@dataclass(frozen=True)
class Request(Generic[T]):
    """What to ask, of which role, and what type of answer is wanted; `metadata` goes into the trace."""

    step: str
    role: Role
    messages: Sequence[BaseMessage]
    output: type[T]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str | None:
        """The stable part of the prompt, if it has one."""
        content = self.messages[-1].content
        if not isinstance(content, list) or len(content) < 2:
            return None
        return "".join(block["text"] for block in content[:-1] if isinstance(block, dict))

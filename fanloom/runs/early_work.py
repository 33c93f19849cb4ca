"""What is done for a plan before the plan is whole: who reads its items, and what waits for its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langgraph.runtime import ExecutionInfo

from fanloom.errors import GraphError
from fanloom.runs.usage import Meter

_ASKS_TOO_EARLY = "this needs the node of the task, which begins only once the whole plan is there"


@dataclass
class PlanReader:
    """Who reads the items of a list as a model writes them: those that are whole, all so far, each time one comes.

    The list is the field `name` of the output of the first `step` that has one; `take` is called on any thread.
    """

    name: str
    take: Callable[[Sequence[Any]], None]
    step: str = ""

    def reads(self, step: str) -> bool:
        """Say whether a step writes the plan; what others add to it later is counted in another way."""
        self.step = self.step or step
        return self.step == step


READER: ContextVar[PlanReader | None] = ContextVar("fanloom_plan_reader", default=None)


@dataclass(eq=False)
class EarlyWork:
    """The work on one task before its node is there.

    `meter` counts what it uses. It `needs_node` once it has asked for what only the node can give: it is then done anew
    there.
    """

    meter: Meter
    needs_node: bool = False
    _node: asyncio.Future[ExecutionInfo] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def give_node(self, node: ExecutionInfo | None) -> None:
        """Go on as the node of the task, which the whole plan has."""
        if node is not None and not self._node.done():
            self._node.set_result(node)

    async def node(self) -> ExecutionInfo:
        """Wait for the whole plan and return which node carries the task out."""
        return await asyncio.shield(self._node)

    def refuse(self, *_: Any) -> Any:
        """Stand in the place of what only the node can give. Raises GraphError."""
        self.needs_node = True
        raise GraphError(_ASKS_TOO_EARLY)


EARLY: ContextVar[EarlyWork | None] = ContextVar("fanloom_early_work", default=None)

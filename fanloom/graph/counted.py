"""What is no `Node` of ours in a graph of ours: functions that are not async, graphs, tools. It is counted too."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from fanloom.graph.nesting.nested_runs import all_at_rest
from fanloom.graph.node import counting, noted, with_usage
from fanloom.loops.background import run_in_background
from fanloom.runs.spending import TaskMeter


class Counted(RunnableLambda[Any, Any]):
    """A runnable as a node that adds what its model calls, and those of the graphs inside it, have used to its update.

    It is a RunnableLambda because LangGraph looks for the graphs inside a node among the `deps` of those.
    """

    def __init__(self, inner: Runnable[Any, Any]) -> None:
        super().__init__(inner.invoke, inner.ainvoke)
        self.inner = inner

    @property
    def deps(self) -> list[Runnable[Any, Any]]:
        """The graphs inside."""
        return [self.inner]

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run it and count."""
        meter = run_in_background(TaskMeter.begin(counts_usage=True))
        try:
            with counting(meter), noted(self.name or type(self.inner).__name__, input, config):
                update = self.inner.invoke(input, config, **kwargs)
        except BaseException:
            # However it ends, as a `Node`: what was spent was spent.
            run_in_background(meter.given_up())
            raise
        run_in_background(meter.ended())
        return with_usage(update, meter.total)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run it and count."""
        meter = await TaskMeter.begin(counts_usage=True)
        try:
            async with all_at_rest():
                with counting(meter), noted(self.name or type(self.inner).__name__, input, config):
                    update = await self.inner.ainvoke(input, config, **kwargs)
        except BaseException:
            # However it ends, as above.
            await meter.given_up()
            raise
        await meter.ended()
        return with_usage(update, meter.total)

"""The second reader by itself, so that `fanloom eval` can measure it."""

from typing import Any

from langgraph.graph import END, START
from langgraph.runtime import Runtime

from fanloom import Context, RunState, StateGraph, entailed, new_run


class Reading(RunState, total=False):
    """A text, its documents, and whether it says only what they say: `yes` or `no`."""

    text: str
    documents: list[str]
    entailed: str


async def read(state: Reading, runtime: Runtime[Context]) -> dict[str, Any]:
    """Judge the text."""
    judged = await entailed(runtime, state["text"], state["documents"])
    return {"entailed": "yes" if judged.verdict == "entailed" else "no"}


async def begin(state: Reading) -> dict[str, Any]:
    """Begin a new run."""
    return dict(new_run())


builder = StateGraph(Reading, context_schema=Context)
builder.add_node("begin", begin)
builder.add_node("read", read)
builder.add_edge(START, "begin")
builder.add_edge("begin", "read")
builder.add_edge("read", END)

graph = builder.compile(name="second_reader")

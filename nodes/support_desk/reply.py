"""The reply: one checked message from all that happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from fanloom import Choices, Count, RunError, entailed, settle
from nodes.support_desk.context import DeskContext
from nodes.support_desk.points import Point, points
from nodes.support_desk.reply_check import courteous, letter, letter_by_template, own_texts, problems
from nodes.support_desk.state import DeskState
from nodes.support_desk.steps import WRITE_REPLY, WRITE_REPLY_AGAIN, Reply


async def write_reply(state: DeskState, runtime: Runtime[DeskContext]) -> dict[str, Any]:
    """Write one message from the outcomes: the model's if it neither hides nor invents, else the template's."""
    outcomes = settle([task["task_id"] for task in state["tasks"]], state["outcomes"])
    told = points(state["tasks"], outcomes)
    asked = any(task.get("type") for task in state["tasks"])
    response, problem = await _written(runtime, told) if asked else (None, [])
    return {
        "response": response or letter_by_template(told),
        "outcomes": Overwrite(outcomes),
        "reply": {"written_by": "model" if response else "template", "problems": problem},
    }


async def _written(runtime: Runtime[DeskContext], told: Sequence[Point]) -> tuple[str | None, list[str]]:
    """Return the model's letter, or None and what is wrong with it: it has two tries."""
    bounds = _bounds_of(told)
    try:
        reply, wrong = await _checked(runtime, await WRITE_REPLY.within(bounds).run(runtime, points=told), told)
        if wrong:
            again = await WRITE_REPLY_AGAIN.within(bounds).run(runtime, points=told, wrong=wrong)
            reply, wrong = await _checked(runtime, again, told)
    except RunError as error:
        # The effects have happened, and the customer must hear of them.
        return None, [str(error)]
    return (None, wrong) if wrong else (letter(reply, told), [])


async def _checked(
    runtime: Runtime[DeskContext], said: Reply, told: Sequence[Point]
) -> tuple[dict[str, Any], list[str]]:
    """Return a reply as it may be sent, and what is wrong with it.

    By rule first, then, if the context wants it, in a second reader's eyes.
    """
    check, reply = DeskContext.of(runtime.context).check_reply, said.model_dump()
    wrong = problems(reply, told, own_words=check != "off")
    kept = courteous(reply, told) if wrong and check != "off" else reply
    if kept is None or check == "off":
        return reply, wrong
    reply, texts = kept, own_texts(kept, told) if check == "model" else ()
    read = [(text, await entailed(runtime, text, [given])) for text, given in texts]
    false = [(text, it) for text, it in read if it.verdict != "entailed"]
    return reply, [f"This does not stand in its point: {it.words or text}" for text, it in false]


def _bounds_of(told: Sequence[Point]) -> dict[str, Choices | Count]:
    """Return what the parts of a letter may be: one for each point."""
    ids = [point["id"] for point in told]
    return {"parts": Count(len(ids), len(ids), enforced=False), "parts[].id": Choices(ids, enforced=False)}

"""The baseline: the whole FAQ in one complex call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from fanloom import Choices, Context, Count, Outcome, RunError, done, from_error
from nodes.faq.checks import distinct, from_documents, planned, titles_of, with_real_titles
from nodes.faq.state import FaqState, Source
from nodes.faq.steps import WRITE_FAQ, WRITE_MORE_FAQ, FaqItem


async def write_faq(state: FaqState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Write the FAQ in one call; what is missing, and sources that do not exist, are asked for once more."""
    wanted, sources = state["wanted"], state["sources"]
    titles = {"faqs[].sources[]": titles_of(sources)}
    exactly: dict[str, Choices | Count] = {**titles, "faqs": Count(wanted, wanted, enforced=False)}
    asked = await WRITE_FAQ.within(exactly).run(runtime, sources=sources, n_questions=wanted)
    items, shortage = _usable(asked.faqs), ""
    if missing := max(0, wanted - len(items)):
        already = [item.question for item in items]
        try:
            # Not exactly so many: the documents may answer no more.
            most: dict[str, Choices | Count] = {**titles, "faqs": Count(most=missing, enforced=False)}
            about = {"sources": sources, "n_questions": missing, "already": already}
            more = await WRITE_MORE_FAQ.within(most).run(runtime, **about)
            items = _usable([*items, *more.faqs])
        except RunError as error:
            shortage = str(error)
    tasks = planned(item.question for item in items[:wanted])
    pairs = zip(tasks, items[:wanted], strict=True)
    outcomes = await asyncio.gather(*(_checked(runtime, task["task_id"], item, sources) for task, item in pairs))
    return {"questions": tasks, "shortage": shortage, "outcomes": outcomes}


async def _checked(runtime: Runtime[Context], task_id: str, item: FaqItem, sources: Sequence[Source]) -> Outcome:
    try:
        answer = await from_documents(runtime, item.answer, sources)
    except RunError as error:
        return from_error(task_id, "write_faq", error)
    return done(task_id, "write_faq", await with_real_titles(runtime, item.question, answer, item.sources, sources))


def _usable(items: Sequence[FaqItem]) -> list[FaqItem]:
    return distinct((item for item in items if item.answer.strip()), lambda item: item.question)

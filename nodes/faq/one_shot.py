"""The baseline: the whole FAQ in one complex call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from fanloom import Choices, Context, Count, RunError, done
from nodes.faq.checks import distinct, planned, titles_of, with_real_titles
from nodes.faq.state import FaqState
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
    checks = [with_real_titles(runtime, item.question, item.answer, item.sources, sources) for item in items[:wanted]]
    results = await asyncio.gather(*checks)
    outcomes = [done(task["task_id"], "write_faq", result) for task, result in zip(tasks, results, strict=True)]
    return {"questions": tasks, "shortage": shortage, "outcomes": outcomes}


def _usable(items: Sequence[FaqItem]) -> list[FaqItem]:
    return distinct((item for item in items if item.answer.strip()), lambda item: item.question)

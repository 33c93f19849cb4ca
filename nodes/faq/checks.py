"""How the FAQ graphs check what a model said: questions that repeat each other, and sources that do not exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from langgraph.runtime import Runtime

from fanloom import Choices, Context, OutcomeError, RunError, entailed, error_of, grounded, unescape
from nodes.faq.context import FaqContext
from nodes.faq.state import Answered, Question, Source
from nodes.faq.steps import FIND_SOURCES, FIND_SOURCES_AGAIN

T = TypeVar("T")


async def from_documents(runtime: Runtime[Context], answer: str, sources: Sequence[Source]) -> str:
    """Return an answer that the documents give, as far as the context wants it checked.

    Raises RunError of the kind `ungrounded` for one that they do not give.
    """
    check, contents = FaqContext.of(runtime.context).check_answers, [source["content"] for source in sources]
    if check != "off" and not grounded(answer, contents):
        raise RunError("the answer shares nothing with the documents", kind="ungrounded", retryable=True)
    if check == "model" and (read := await entailed(runtime, answer, contents)).verdict != "entailed":
        raise RunError(f"the documents do not say: {read.words or answer}", kind="ungrounded", retryable=True)
    return answer


async def sourced(runtime: Runtime[Context], question: str, answer: str, sources: Sequence[Source]) -> Answered:
    """Find the documents in which an answer stands. The answer is kept, whatever happens to its sources."""
    try:
        asked = FIND_SOURCES.within({"sources[]": titles_of(sources)})
        found = await asked.run(runtime, question=question, answer=answer, sources=sources)
    except RunError as error:
        return Answered(question=question, answer=answer, sources=[], problem=error_of(error))
    return await with_real_titles(runtime, question, answer, found.sources, sources)


async def with_real_titles(
    runtime: Runtime[Context], question: str, answer: str, named: Sequence[str], sources: Sequence[Source]
) -> Answered:
    """Keep the names that are titles of documents; invented ones are asked about once, then dropped and reported."""
    titles, invented = known_titles(named, sources)
    problem = None
    if invented:
        try:
            about = {"question": question, "answer": answer, "sources": sources, "invented": invented}
            again = await FIND_SOURCES_AGAIN.within({"sources[]": titles_of(sources)}).run(runtime, **about)
            titles, invented = known_titles([*titles, *again.sources], sources)
            problem = _invented(invented) if invented else None
        except RunError as error:
            problem = error_of(error)
    return Answered(question=question, answer=answer, sources=titles, problem=problem)


def titles_of(sources: Iterable[Source]) -> Choices:
    """Return what may be named as a source; a name that a model invents all the same is asked about once."""
    return Choices((source["title"] for source in sources), enforced=False)


def planned(questions: Iterable[str]) -> list[Question]:
    """Number the questions as tasks `q1`, `q2`, ..."""
    return [Question(task_id=f"q{number}", question=text.strip()) for number, text in enumerate(questions, 1)]


def as_planned(questions: Sequence[str]) -> list[Question]:
    """Return the tasks that the questions become which a model has written so far."""
    return planned(distinct(questions))


def distinct(items: Iterable[T], question: Callable[[T], str] = str) -> list[T]:
    """Return the items without blank questions and without those that differ only in case, spacing or punctuation."""
    found: dict[str, T] = {}
    for item in items:
        if key := re.sub(r"[\W_]+", " ", question(item)).strip().casefold():
            found.setdefault(key, item)
    return list(found.values())


def known_titles(named: Iterable[str], sources: Sequence[Source]) -> tuple[list[str], list[str]]:
    """Split names into titles of documents, written as those are, and names that no document has; each once."""
    titles = {title_key(source["title"]): source["title"] for source in sources}
    names = {title_key(name): name for name in named if name.strip()}
    return [titles[key] for key in names if key in titles], [name for key, name in names.items() if key not in titles]


def title_key(title: str) -> str:
    """Return what makes two titles the same, however a prompt showed them."""
    return " ".join(unescape(title).split()).casefold()


def _invented(names: Sequence[str]) -> OutcomeError:
    message = f"no document has the title {', '.join(map(repr, names))}; it was dropped from the sources"
    return OutcomeError(kind="invented_sources", message=message, retryable=True)

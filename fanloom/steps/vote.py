"""Voting: the same step several times at once, and the choice that most of its answers make."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fanloom.errors import RunError, UserError
from fanloom.runs.current_run import current_run
from fanloom.runs.outcome import OutcomeError, error_of
from fanloom.steps.step import LLMStep

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

T = TypeVar("T")

MAX_VOTES = 100


@dataclass(frozen=True)
class Vote(Generic[T]):
    """How a vote went: the `choice` with most votes, the first `answer` that makes it, and how all voted.

    `tally` counts the votes of each choice, most first; `failed` says why each vote that gave no answer did not.
    """

    choice: str
    answer: T
    tally: dict[str, int]
    failed: list[OutcomeError]


async def vote(
    step: LLMStep[T], runtime: Runtime[Any] | None, k: int, /, *, choice: Callable[[T], str], **variables: Any
) -> Vote[T]:
    """Run a step `k` times (1 to 100) at once, and return the choice of the majority.

    `choice` makes one of a few texts of an answer; the other keywords are the step's variables. On a tie the choice
    whose first vote has the lowest number wins, whichever answer came first. A vote that fails is left out and told in
    `failed`; if all fail, the first one's RunError is raised. A UserError surfaces at once, also for a `k` that is no
    such number and a choice that is no text.

    All votes are asked at once, as far as the context's `max_concurrency` lets them. Once the majority can no longer
    change, those that wait are not asked; those in flight are awaited, since they are paid for: cancelled, they would
    be missing from `usage` and from the tally. Votes of a model that always says the same are worth one.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_VOTES:
        raise UserError(f"a vote takes 1 to {MAX_VOTES} votes, a whole number, not {k!r}")
    poll = _Poll(k, lambda: step.run(runtime, **variables), choice)
    await _all_at_once(poll.ask, min(k, current_run(runtime).context.max_concurrency))
    return poll.result()


class _Poll(Generic[T]):
    """The votes of one call of `vote`, by their numbers."""

    def __init__(self, k: int, ask: Callable[[], Awaitable[T]], choice: Callable[[T], str]) -> None:
        self._k, self._ask, self._choice = k, ask, choice
        self._numbers: Iterator[int] = count()
        self._answers: dict[int, tuple[str, T]] = {}
        self._errors: dict[int, RunError] = {}

    async def ask(self) -> None:
        """Ask for one vote after the other, while there are any left that can matter."""
        while not self._is_settled() and (number := next(self._numbers)) < self._k:
            try:
                answer = await self._ask()
            except RunError as error:
                self._errors[number] = error
            else:
                self._answers[number] = (self._text_of(answer), answer)

    def result(self) -> Vote[T]:
        """Count the votes. Raises the first error if there is none."""
        failed = [error for _, error in sorted(self._errors.items())]
        if not self._answers:
            raise failed[0]
        tally = self._tally()
        winner = next(iter(tally))
        answer = next(answer for _, (choice, answer) in sorted(self._answers.items()) if choice == winner)
        return Vote(winner, answer, tally, [error_of(error) for error in failed])

    def _text_of(self, answer: T) -> str:
        choice = self._choice(answer)
        if not isinstance(choice, str):
            # Anything else may not be countable, nor have a place in a JSON-plain state.
            raise UserError(f"`choice` makes {choice!r} of an answer, not a text; return a str, such as answer.label")
        return choice

    def _tally(self) -> dict[str, int]:
        # Among equal counts `most_common` keeps the order in which it met them: that of the votes' numbers.
        return dict(Counter(choice for _, (choice, _) in sorted(self._answers.items())).most_common())

    def _is_settled(self) -> bool:
        first, second, *_ = [*self._tally().values(), 0, 0]
        return first - second > self._k - len(self._answers) - len(self._errors)


async def _all_at_once(action: Callable[[], Coroutine[Any, Any, None]], width: int) -> None:
    """Run an action so many times at once; if one raises, the others are cancelled and its error surfaces bare."""
    if width == 1:
        return await action()
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(action())
    except BaseExceptionGroup as errors:
        failure = errors.exceptions[0]
    if failure:
        raise failure
    return None

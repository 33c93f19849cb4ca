"""The same evaluation as an experiment in LangSmith, where LangSmith is configured; else nothing leaves the machine."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from fanloom.evaluation.langsmith_dataset import dataset_there, synced, wanted_examples
from fanloom.evaluation.runner import Done, ItemResult, Judge
from fanloom.loops.background import in_thread
from fanloom.settings import settings
from fanloom.tracing.langsmith_tracing import complain, finish_tracing, give_up, start_tracing
from fanloom.tracing.trace_mask import TraceMask

if TYPE_CHECKING:
    from langsmith import Client
    from langsmith.schemas import Example

T = TypeVar("T")

# Without an answer for this long, while no item runs, LangSmith counts as down.
SILENCE_S = 1.5
_LOOK_EVERY_S = 0.05


def is_configured() -> bool:
    """Tell whether runs are traced to LangSmith, by LANGSMITH_TRACING and LANGSMITH_API_KEY."""
    if not any(os.environ.get(name) for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")):
        return False
    from langsmith.utils import tracing_is_enabled

    return tracing_is_enabled() is True


class LangSmith:
    """LangSmith during one evaluation: once it has failed, nothing is sent to it any more, and nothing waits for it."""

    def __init__(self) -> None:
        # Whether it is to have experiments; and whether it has failed, by which no trace is sent either.
        self._wanted, self._down = is_configured(), False

    async def experiment(self, judge: Judge, concurrency: int, done: Done) -> str | None:
        """Run the items as an experiment and return its name; or say in one line why there is none.

        What is not run then is left to the caller. Raises InvalidSettings for an unknown FANLOOM_TRACE_REDACT.
        """
        if self._wanted and settings().trace_redact:
            self._wanted = False
            complain("This is no experiment in LangSmith: FANLOOM_TRACE_REDACT hides what a data set there would show.")
        if not self._wanted:
            return None
        try:
            return await run_experiment(judge, concurrency, done)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the evaluation goes on without it
            self._failed(error)
            return None

    def _failed(self, error: Exception) -> None:
        self._wanted, self._down = False, _tells_of_an_outage(error)
        if self._down:
            give_up()
        said = f"{type(error).__name__}: {error}".splitlines()[0].partition(". ")[0]
        complain(f"This is no experiment in LangSmith{', and no trace is sent' if self._down else ''}. {said}")

    def traces(self) -> AbstractContextManager[Any]:
        """Return a block in which runs are traced as they are configured, but not to a LangSmith that is down."""
        from langsmith import tracing_context

        return tracing_context(enabled=False) if self._down else nullcontext()


def _tells_of_an_outage(error: Exception) -> bool:
    """Tell whether traces would fare no better; a key may also be good for traces only."""
    from langsmith import utils

    return isinstance(
        error,
        TimeoutError
        | utils.LangSmithConnectionError
        | utils.LangSmithRequestTimeout
        | utils.LangSmithAuthError
        | utils.LangSmithRateLimitError
        | utils.LangSmithAPIError,
    )


async def run_experiment(judge: Judge, concurrency: int, done: Done) -> str:
    """Run the items of a judge's data set as an experiment, and return its name. Raises whatever LangSmith raises.

    The data set there has the name of the file; it is made, or brought to what the file says, first. Nothing is hidden
    here: where FANLOOM_TRACE_REDACT is set, there must be no experiment.
    """
    from langsmith.run_helpers import get_tracing_context
    from langsmith.run_trees import get_cached_client

    # With no client that traces, a LangSmith that is down has not one trace to wait for.
    probing = _probing_client()
    # The client that traces asks for this too, in threads that a process waits for.
    await _answered(probing, judge, lambda: probing.request_with_retries("GET", "/info"))
    there = await _answered(probing, judge, lambda: dataset_there(probing, judge.dataset))
    start_tracing()
    client: Client = get_tracing_context()["client"] or get_cached_client()
    wanted = wanted_examples(judge.dataset, judge.candidate.inputs, there.id, TraceMask(()))
    examples = await _answered(client, judge, lambda: synced(client, there.id, wanted, whole=judge.dataset.whole))
    left = threading.Event()
    experiment = _experiment(client, judge, examples, concurrency, done, left)
    try:
        name: str = await _answered(client, judge, lambda: asyncio.run(experiment()))
    finally:
        left.set()
    await in_thread(finish_tracing)
    return name


def _probing_client() -> Client:
    from langsmith import Client
    from urllib3.util import Retry

    return Client(auto_batch_tracing=False, retry_config=Retry(0), timeout_ms=int(SILENCE_S * 1000))


def _experiment(
    client: Client, judge: Judge, examples: list[Example], concurrency: int, done: Done, left: threading.Event
) -> Callable[[], Any]:
    """Return a function whose coroutine runs the experiment, on any loop, and returns its name.

    The client makes some of its requests on its loop, so that loop is not the one of the items. Once it is `left` to
    itself, it begins no item any more.
    """
    from langsmith import aevaluate, traceable

    of_items, results = asyncio.get_running_loop(), dict[int, ItemResult]()

    @traceable(name=f"evaluate {judge.candidate.graph_name}", process_inputs=lambda given: given["inputs"])
    async def run(inputs: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        line = metadata["line"]
        if left.is_set():
            # The thread ends with the process; an error here would be told for each item.
            await asyncio.Event().wait()
        # The item begins in the context of this coroutine, and so in its trace.
        begun = asyncio.run_coroutine_threadsafe(judge.once(line, done), of_items)
        result = results[line] = await asyncio.wrap_future(begun)
        return {"error": result.run.error} if result.run.error else result.run.output

    async def experiment() -> str:
        found = await aevaluate(
            run,
            data=examples,
            evaluators=[_scores(results)],
            experiment_prefix="-".join(dict.fromkeys([judge.dataset.name, judge.candidate.name])).replace(":", "-"),
            metadata={"graph": judge.candidate.graph_name, "candidate": judge.candidate.name},
            max_concurrency=concurrency,
            client=client,
            disable_evaluator_tracing=True,
        )
        return str(found.experiment_name)

    return experiment


async def _answered(client: Client, judge: Judge, work: Callable[[], T]) -> T:
    """Do what asks LangSmith in a thread of its own. Raises TimeoutError after SILENCE_S without an answer or an item.

    The thread is left to itself then: neither a request nor a thread that waits for one can be stopped.
    """
    with _listening(client) as heard:
        working = asyncio.ensure_future(in_thread(work))
        while not (await asyncio.wait([working], timeout=_LOOK_EVERY_S))[0]:
            if judge.running:
                heard()
            elif heard.silence() > SILENCE_S:
                working.cancel()
                raise TimeoutError(f"It does not answer within {SILENCE_S:g} s.")
    return working.result()


class _Heard:
    """When there was a sign of life last; a hook that tells of each answer that a client gets."""

    def __init__(self) -> None:
        self()

    def __call__(self, *_: Any, **__: Any) -> None:
        self._last = time.monotonic()

    def silence(self) -> float:
        """Return the seconds since then."""
        return time.monotonic() - self._last


@contextmanager
def _listening(client: Client) -> Iterator[_Heard]:
    heard, hooks = _Heard(), client.session.hooks["response"]
    hooks.append(heard)
    try:
        yield heard
    finally:
        hooks.remove(heard)


def _scores(results: Mapping[int, ItemResult]) -> Callable[[Any, Any], dict[str, Any]]:
    """Return the evaluator that hands over what the judge has said: one feedback a measure."""

    def scores(run: Any, example: Any) -> dict[str, Any]:
        ratios = results[example.metadata["line"]].ratios
        return {"results": [{"key": key, "score": ratio.hits / ratio.of} for key, ratio in ratios.items() if ratio.of]}

    return scores

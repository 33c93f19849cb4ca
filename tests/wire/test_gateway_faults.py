"""Every fault x every provider x structured and plain x sync and async: what the caller sees, and what the wire saw."""

from __future__ import annotations

import asyncio
import re
import traceback
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from fanloom import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.gateway import attempt
from tests.wire.conftest import BEDROCK, GEMINI, KINDS, OPENAI
from tests.wire.provider import (
    Answer,
    FakeProvider,
    Reply,
    bad_key,
    blocked,
    context_overflow,
    empty,
    expired_token,
    hang,
    malformed_tool,
    max_tokens,
    no_access,
    prose,
    recitation,
    reset,
    safety,
    status,
    stream_cut,
    stream_error,
    stringified,
    trickle,
    truncated_body,
    unknown_model,
    wrong_shape,
)
from tests.wire.provider.faults import Broken
from tests.wire.steps import GOOD, PLAIN, QUESTION, SECRETS, TYPED, one_step, run

GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}
HEALTHY = {"plain": "ok", "typed": GOOD}
# What the provider leaves unanswered keeps a thread of botocore's for so long.
PATIENCE_S = 20.0


class TimeOuts:
    """The time-outs of the attempts that are being made, which a provider that keeps silent brings about itself.

    That a time-out also comes by itself, and what it leaves behind, is tested in test_gateway_loops.py.
    """

    def __init__(self) -> None:
        self._latest: tuple[asyncio.AbstractEventLoop, asyncio.Timeout] | None = None

    def begin(self, seconds: float) -> asyncio.Timeout:
        """Take the place of the attempt's `time_limit`."""
        begun = asyncio.timeout(seconds)
        self._latest = asyncio.get_running_loop(), begun
        return begun

    def expire(self) -> None:
        """Let the latest one be over now."""
        assert self._latest, "no attempt is being made"
        loop, begun = self._latest
        loop.call_soon_threadsafe(lambda: begun.reschedule(loop.time()))


TIME_OUTS = TimeOuts()


@pytest.fixture(autouse=True)
def time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a silent provider end a call's time."""
    monkeypatch.setattr(attempt, "time_limit", TIME_OUTS.begin)


def late(fault: Broken) -> Broken:
    """Let the time of a call be over when the fault has gone on for a moment."""

    async def answer(exchange: Any) -> Any:
        asyncio.get_running_loop().call_later(0.05, TIME_OUTS.expire)
        return await fault.answer(exchange)

    return Broken(answer)


@dataclass(frozen=True)
class Row:
    """A fault, the error that the caller sees, the words of its cure, and how many requests of three were made."""

    fault: Answer
    error: type[RunError]
    kind: str
    words: str
    requests: int
    timeout_s: float = 60
    shapes: tuple[str, ...] = ("plain", "typed")
    models: tuple[str, ...] = tuple(KINDS)


def unavailable(fault: Answer, kind: str, words: str) -> Row:
    """It is tried again as often as is allowed."""
    return Row(fault, ModelUnavailable, kind, words, requests=3)


def slow(fault: Answer) -> Row:
    """It is tried again too; its time is over soon after the provider has the request."""
    words = "did not answer in time: raise timeout_s"
    return replace(unavailable(fault, "timeout", words), timeout_s=PATIENCE_S)


def refused(fault: Answer, kind: str, words: str) -> Row:
    """It is not tried again, and the error names the cure."""
    return Row(fault, ModelRefused, kind, words, requests=1)


def unusable(fault: Answer, kind: str, words: str, *shapes: str) -> Row:
    """It is asked for once more, with the reason."""
    return Row(fault, BadModelOutput, kind, words, requests=2, shapes=shapes or ("plain", "typed"))


KEY = "GOOGLE_API_KEY|AWS_ACCESS_KEY_ID|OPENAI_API_KEY|access to this model"
ID = "check the model id"
ACCESS = "(GOOGLE|OPENAI)_API_KEY may use .*this model|account has access to this model in this region"
LOST = "the connection failed: check the network"
FAILS = "fails on its side: try again later"
ROWS = {
    "400": refused(status(400), "bad_request", ID),
    "401": refused(status(401), "auth", KEY),
    "403": refused(status(403), "auth", ACCESS),
    "404": refused(status(404), "not_found", ID),
    "bad key": refused(
        bad_key(), "auth", "the key is wrong: check (GOOGLE_API_KEY|OPENAI_API_KEY|the AWS credentials)"
    ),
    "expired token": refused(
        expired_token(), "auth", "expired: renew (GOOGLE_API_KEY|OPENAI_API_KEY|the AWS credentials)"
    ),
    "no access": refused(no_access(), "auth", ACCESS),
    "unknown model": refused(unknown_model(), "not_found", "no such model here: check the model id"),
    "overflow": refused(context_overflow(), "context_overflow", "fewer or shorter documents"),
    "408": unavailable(status(408), "timeout", "did not answer in time"),
    "424": unavailable(status(424), "server_error", FAILS),
    "429": unavailable(status(429), "throttled", "lower FANLOOM_RPM or max_concurrency"),
    "429 with a hint": unavailable(status(429, hint_seconds=0.02), "throttled", "lower FANLOOM_RPM or max_concurrency"),
    "429 not ready": unavailable(
        status(429, error_type="ModelNotReadyException"), "", "lower FANLOOM_RPM|fails on its side"
    ),
    "500": unavailable(status(500), "server_error", FAILS),
    "502 of a proxy": unavailable(status(502, raw="<html>Bad Gateway</html>"), "server_error", "side|proxy"),
    "503": unavailable(status(503), "server_error", FAILS),
    "503 with a hint": unavailable(status(503, hint_seconds=0.02), "server_error", FAILS),
    "504": unavailable(status(504, error_type="x"), "server_error", FAILS),
    "reset": unavailable(reset(), "connection", LOST),
    "truncated body": unavailable(truncated_body(), "connection", LOST),
    "hang": slow(late(hang())),
    "trickle": slow(late(trickle())),
    "empty": unusable(empty(), "empty", "is empty"),
    "no candidates": unusable(empty(candidates=False), "empty", "is empty"),
    "blocked": unusable(blocked(), "blocked", "filter blocked|refuses: I am sorry, I cannot help"),
    "safety": unusable(safety(), "blocked", "filter blocked"),
    "recitation": unusable(recitation(), "blocked", "filter blocked"),
    "ended otherwise": unusable(Reply("The first half", finish="OTHER"), "blocked", "before it was whole.*other"),
    "prose": unusable(prose(), "not_data", "prose or broken JSON", "typed"),
    "wrong shape": unusable(wrong_shape(), "wrong_shape", "does not fit", "typed"),
    "malformed tool": replace(unusable(malformed_tool(), "malformed", "malformed tool call"), models=(GEMINI, BEDROCK)),
    # In a stream langchain mends what it can of the call, and so it is the shape that is wrong.
    "garbled call": replace(
        unusable(malformed_tool(), "", "malformed tool call|does not fit|is empty"), models=(OPENAI,)
    ),
    "truncated": Row(max_tokens(), BadModelOutput, "truncated", "cut off at the output limit", requests=3),
    # Both clients mend what was cut without a word; here only the last bracket was.
    "truncated late": Row(max_tokens(GOOD), BadModelOutput, "truncated", "cut off", requests=3),
    "truncated at once": Row(Reply(finish="max_tokens"), BadModelOutput, "truncated", "cut off", requests=3),
}
# A request that does not stream gets a truncated body, or an HTTP error.
STREAMED = {
    "cut": unavailable(stream_cut(), "connection", LOST),
    "cut at once": unavailable(stream_cut(after=0), "connection", LOST),
    "reset midway": unavailable(stream_cut(how="reset"), "connection", LOST),
    "proper end midway": unavailable(stream_cut(how="end"), "connection", f"{LOST}|had finished"),
    "proper end at once": unavailable(stream_cut(after=0, how="end"), "connection", f"{LOST}|had finished"),
    "error midway": unavailable(stream_error(), "server_error", FAILS),
    "throttled midway": unavailable(stream_error(429), "throttled", "lower FANLOOM_RPM or max_concurrency"),
    "model failed midway": unavailable(stream_error(424), "server_error", FAILS),
}


def cases(rows: dict[str, Row]) -> list[Any]:
    """Cross the rows with all providers and both shapes."""
    return [
        pytest.param(row, model, shape, id=f"{name}-{model.split('_')[0]}-{shape}")
        for name, row in rows.items()
        for model in row.models
        for shape in row.shapes
    ]


every_fault = pytest.mark.parametrize(("row", "model", "shape"), cases(ROWS | STREAMED))
whatever_can_pass = pytest.mark.parametrize(
    ("row", "model", "shape"),
    cases({name: row for name, row in (ROWS | STREAMED).items() if row.error is not ModelRefused}),
)
in_both_worlds = pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])


async def asked(model: str, shape: str, sync: bool, **context: Any) -> Any:
    """Run the graph of one step and return the answer."""
    given = {"question": QUESTION}
    return (await run(GRAPHS[shape], given, sync, model=model, **context))["answer"]


async def streamed(model: str, shape: str, **context: Any) -> Any:
    """Run it as a chat would, with `stream_mode="messages"`, and return the answer."""
    given, modes, answer = {"question": QUESTION}, ["messages", "values"], None
    async for mode, part in GRAPHS[shape].astream(given, context={"model": model, **context}, stream_mode=modes):
        answer = part.get("answer") if mode == "values" else answer
    return answer


def check(row: Row, error: RunError, wire: FakeProvider) -> None:
    """Compare what the caller and the wire have seen with what the row says."""
    assert type(error) is row.error
    assert error.kind == row.kind or not row.kind
    assert error.retryable == (row.error is ModelUnavailable)
    assert re.search(row.words, str(error)), str(error)
    assert len(wire.requests) == row.requests
    told = "".join(traceback.format_exception(error))
    assert not [secret for secret in SECRETS if secret in told]


@pytest.mark.parametrize("sync", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["async", "sync"])
@every_fault
async def test_a_fault_that_stays(
    wire: FakeProvider, waits: list[float], row: Row, model: str, shape: str, sync: bool
) -> None:
    wire.reply = row.fault
    with pytest.raises(RunError) as failed:
        await asked(model, shape, sync, timeout_s=row.timeout_s)
    check(row, failed.value, wire)


@in_both_worlds
@whatever_can_pass
async def test_a_fault_that_happens_once(
    wire: FakeProvider, waits: list[float], row: Row, model: str, shape: str, sync: bool
) -> None:
    wire.reply = HEALTHY[shape]
    wire.enqueue(row.fault)
    assert await asked(model, shape, sync, timeout_s=row.timeout_s) == HEALTHY[shape]
    assert len(wire.requests) == 2


@every_fault
async def test_a_fault_in_a_stream(wire: FakeProvider, waits: list[float], row: Row, model: str, shape: str) -> None:
    wire.reply = row.fault
    with pytest.raises(RunError) as failed:
        await streamed(model, shape, timeout_s=row.timeout_s)
    check(row, failed.value, wire)
    assert {request.streaming for request in wire.requests} == {True}


@pytest.mark.parametrize(("row", "model", "shape"), cases(STREAMED | {"429": ROWS["429"], "empty": ROWS["empty"]}))
async def test_a_fault_in_a_stream_that_happens_once(
    wire: FakeProvider, waits: list[float], row: Row, model: str, shape: str
) -> None:
    wire.reply = HEALTHY[shape]
    wire.enqueue(row.fault)
    assert await streamed(model, shape) == HEALTHY[shape]
    assert len(wire.requests) == 2


@in_both_worlds
async def test_stringified_nesting_is_unpacked(wire: FakeProvider, both: str, sync: bool) -> None:
    wire.reply = stringified(GOOD)
    assert await asked(both, "typed", sync) == GOOD
    assert len(wire.requests) == 1


BAD_ANSWERS = {
    "prose": (prose("Certainly! I think so."), "prose or broken JSON", "Certainly! I think so."),
    "wrong shape": (wrong_shape({"answer": "yes"}), "sources: Field required", '{"answer": "yes"}'),
    "malformed tool": (malformed_tool('{"answer": "unfinis'), "malformed tool call", '{"answer": "unfinis'),
    "empty": (empty(), "is empty", "(nothing)"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_the_model_is_shown_the_problem_and_its_bad_answer(wire: FakeProvider, both: str, name: str) -> None:
    fault, problem, bad = BAD_ANSWERS[name]
    wire.reply = GOOD
    wire.enqueue(fault)
    assert await asked(both, "typed", sync=False) == GOOD
    first, second = wire.requests
    assert second.text.startswith(first.text)
    added = second.text.removeprefix(first.text)
    assert problem in added
    # Gemini says that a call was malformed, and sends nothing of it.
    assert bad in added or (both == GEMINI and name == "malformed tool" and "(nothing)" in added)


@in_both_worlds
@pytest.mark.parametrize("shape", GRAPHS)
async def test_a_truncated_answer_is_asked_for_with_more_room(
    wire: FakeProvider, both: str, shape: str, sync: bool
) -> None:
    wire.reply = Reply(text='{"answer": "one', finish="max_tokens", output_tokens=3000)
    with pytest.raises(BadModelOutput, match="cut off"):
        await asked(both, shape, sync, max_attempts=9)
    limits = [request.max_output_tokens for request in wire.requests]
    assert limits[:2] == [None, 6000]
    assert all(later > earlier for earlier, later in pairwise(limits) if earlier and later)
    # It stops at what the model can write.
    assert len(limits) < 9
    assert len({request.text for request in wire.requests}) == 1


@in_both_worlds
async def test_a_list_that_was_cut_off_is_never_kept_in_part(wire: FakeProvider, both: str, sync: bool) -> None:
    cut = '{"answer": "yes", "best": {"title": "a"}, "sources": [{"title": "a"}, {"tit'
    wire.reply = max_tokens(cut)
    with pytest.raises(BadModelOutput) as failed:
        await asked(both, "typed", sync)
    assert failed.value.kind == "truncated"
    assert len(wire.requests) == 3


@in_both_worlds
async def test_the_valid_items_of_a_list_are_kept_after_one_repair(wire: FakeProvider, both: str, sync: bool) -> None:
    wire.reply = {**GOOD, "sources": [{"title": "Wind"}, {"name": "no title"}]}
    assert await asked(both, "typed", sync) == GOOD
    assert len(wire.requests) == 2


async def test_a_canned_text_is_not_believed(wire: FakeProvider, both: str) -> None:
    wire.reply = blocked()
    with pytest.raises(BadModelOutput) as failed:
        await asked(both, "plain", sync=False)
    assert failed.value.kind == "blocked"


@in_both_worlds
async def test_attempts_are_counted_over_all_kinds_of_trouble(
    wire: FakeProvider, waits: list[float], both: str, sync: bool
) -> None:
    wire.reply = "never"
    wire.enqueue(status(503), prose(), reset())
    with pytest.raises(ModelUnavailable) as failed:
        await asked(both, "typed", sync, max_attempts=3)
    assert failed.value.kind == "connection"
    assert len(wire.requests) == 3

"""An error whose body is no JSON, as proxies and balancers send it, is known by its status on every wire."""

from __future__ import annotations

from typing import Any

import pytest

from fanloom import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from tests.wire.provider import FakeProvider, page
from tests.wire.steps import PLAIN, QUESTION, TYPED, one_step, run

GRAPHS = {"plain": one_step(PLAIN), "typed": one_step(TYPED)}
ASK = {"question": QUESTION}
HTML = "<html><head><title>{code}</title></head><body><h1>{code} says the proxy</h1></body></html>"
BODIES = {
    "html": (HTML, "text/html"),
    "text": ("upstream connect error {code}", "text/plain"),
    "empty": ("", "text/plain"),
    "nothing as JSON": ("", "application/json"),
    "HTML as JSON": (HTML, "application/json"),
    "cut off": ('{{"error": {{"code": {code}, "mess', "application/json"),
    "a JSON text": ('"no"', "application/json"),
}
STATUSES = {
    400: "bad_request",
    401: "auth",
    403: "auth",
    404: "not_found",
    407: "auth",
    408: "timeout",
    413: "context_overflow",
    429: "throttled",
    499: "server_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "server_error",
}
TELL_OF_PAGES = {"auth", "not_found", "bad_request", "server_error"}
TRANSIENT = {"timeout", "throttled", "server_error"}


async def _said(way: str, graph: Any, context: dict[str, Any]) -> None:
    if way != "streamed":
        await run(graph, ASK, way == "sync", **context)
        return
    async for _ in graph.astream(ASK, context=context, stream_mode="messages"):
        pass


async def _asked(way: str, graph: Any, model: str) -> RunError:
    with pytest.raises(RunError) as raised:
        await _said(way, graph, {"model": model, "max_attempts": 1})
    return raised.value


@pytest.mark.parametrize("way", ["sync", "async", "streamed"])
@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_is_no_json_does_not_hide_the_status(
    wire: FakeProvider, both: str, way: str, body: str
) -> None:
    text, kind = BODIES[body]
    for code in STATUSES if way == "async" else (400, 429, 503):
        wire.reply = page(text.format(code=code), code, kind)
        error = await _asked(way, GRAPHS["typed" if way == "sync" else "plain"], both)
        expected = STATUSES[code]
        assert (error.kind, error.retryable) == (expected, expected in TRANSIENT), (code, str(error))
        assert isinstance(error, ModelUnavailable if expected in TRANSIENT else ModelRefused)
        assert ("answers with a web page" in str(error)) == ("html" in body.lower() and expected in TELL_OF_PAGES)


@pytest.mark.parametrize("code", [204, 304, 418, 451, 520])
async def test_any_other_status_ends_in_an_error_of_ours(wire: FakeProvider, both: str, code: int) -> None:
    wire.reply = page("" if code < 400 else "a page", code)
    error = await _asked("async", GRAPHS["plain"], both)
    assert error.retryable == (code not in (418, 451)), (code, str(error))


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("way", ["sync", "async", "streamed"])
async def test_a_page_in_the_place_of_an_answer_is_none(wire: FakeProvider, both: str, way: str, kind: str) -> None:
    wire.reply = page(HTML.format(code="Please log in"), 200, kind)
    error = await _asked(way, GRAPHS["plain"], both)
    assert isinstance(error, ModelUnavailable | ModelRefused | BadModelOutput), error


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_a_page_may_say_how_long_to_wait(wire: FakeProvider, both: str, kind: str, waits: list[float]) -> None:
    wire.enqueue(page(HTML.format(code=429), 429, kind, Retry_After="0.3"))
    assert (await run(GRAPHS["plain"], ASK, False, model=both))["answer"]
    assert [round(wait, 1) for wait in waits] == [0.3]

"""An error whose body is no JSON, as proxies and balancers send it, is known by its status on every wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import google.auth
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.oauth2.credentials import Credentials

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


GEMINI = "google_genai:gemini-2.5-flash"
_WAIT = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}
BUSY = json.dumps({"error": {"code": 429, "message": "busy", "details": [_WAIT]}})


@pytest.fixture(params=["aiohttp", "google-auth"])
def vertex(
    request: pytest.FixtureRequest, wire: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeProvider]:
    """Lead Gemini to Vertex AI behind a gateway; with a client's certificate google-auth's own session sends."""
    for name in ("GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", f"{wire.url}/v1beta/models/gemini-2.5-flash:generateContent")
    monkeypatch.setattr(google.auth, "default", lambda *_, **__: (Credentials(token="a token"), "a project"))  # type: ignore[no-untyped-call]
    if request.param == "google-auth":
        monkeypatch.setenv("GOOGLE_API_USE_CLIENT_CERTIFICATE", "true")
        monkeypatch.setenv("GOOGLE_API_CERTIFICATE_CONFIG", str(certificate(tmp_path)))
    yield wire
    # Only google-auth's session signs what goes to a gateway.
    assert all(("authorization" in sent.headers) == (request.param == "google-auth") for sent in wire.requests)


def certificate(folder: Path) -> Path:
    """Write a client's key and certificate, and the file in which Google's libraries look for them."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    signed = made.sign(key, hashes.SHA256())
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    paths = {"cert_path": str(folder / "cert.pem"), "key_path": str(folder / "key.pem")}
    config = folder / "certificate_config.json"
    config.write_text(json.dumps({"cert_configs": {"workload": paths}}), encoding="utf-8")
    return config


@pytest.mark.parametrize(
    ("text", "kind", "code", "expected"),
    [
        (HTML, "application/json", 503, "server_error"),
        (HTML, "text/html", 401, "auth"),
        (BUSY, "text/html", 429, "throttled"),
        (BUSY, "text/html", 200, "throttled"),
        (BUSY, "application/json", 200, "throttled"),
    ],
)
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_on_vertex_too_a_falsely_named_body_hides_neither_status_nor_error(
    vertex: FakeProvider, way: str, text: str, kind: str, code: int, expected: str
) -> None:
    assert (await run(GRAPHS["plain"], ASK, way == "sync", model=GEMINI))["answer"]
    vertex.reply = page(text, code, kind)
    assert (await _asked(way, GRAPHS["plain"], GEMINI)).kind == expected


@pytest.mark.parametrize("code", [200, 429])
async def test_a_falsely_named_error_may_say_how_long_to_wait(
    vertex: FakeProvider, code: int, waits: list[float]
) -> None:
    vertex.enqueue(page(BUSY, code))
    assert (await run(GRAPHS["plain"], ASK, False, model=GEMINI))["answer"]
    assert [round(wait, 1) for wait in waits] == [0.3]

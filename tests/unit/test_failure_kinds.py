"""Every exception of a model call: what kind of failure it is, as a table, and that none is left over."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import aiohttp
import botocore.exceptions as boto
import httpx
import pytest
from google.auth import exceptions as google_auth
from google.genai import errors as genai
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from fanloom import BadModelOutput, Context, FanloomError, LLMStep, ModelRefused, ModelUnavailable, Prompt, RunError
from fanloom.gateway.answer_reading import read
from fanloom.gateway.failures.advice import cure
from fanloom.gateway.failures.classification import classify
from fanloom.gateway.failures.quota import spent_for_s
from tests.fakes import ScriptedModel

MODEL = "google_genai:gemini-2.5-flash"


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an exception as it comes to whoever has caught it."""
    error.__cause__ = cause or error.__cause__
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - that is the point
        return caught


def of_boto(code: str, status: Any = None, said: str = "") -> boto.ClientError:
    return boto.ClientError(
        {"Error": {"Code": code, "Message": said}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X"
    )


def of_gemini(code: int, said: str = "no", *details: dict[str, Any]) -> genai.APIError:
    kind = genai.ClientError if code < 500 else genai.ServerError
    return kind(code, {"error": {"code": code, "message": said, "details": list(details)}})


def of_httpx(code: int) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://127.0.0.1/")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(code, request=request))


class OfOpenAI(Exception):
    """As the openai package raises it: the body is kept, and the code in it is a word."""

    def __init__(self, status_code: int, body: Any) -> None:
        super().__init__(f"Error code: {status_code} - {body}")
        self.status_code, self.body, self.code = status_code, body, body.get("code")


def violated(quota: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}


SOON = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.5s"}
KINDS: dict[str, tuple[BaseException, type[RunError], str]] = {
    **{
        f"status {code}": (of_httpx(code), error, kind)
        for code, error, kind in (
            (400, ModelRefused, "bad_request"),
            (401, ModelRefused, "auth"),
            (402, ModelUnavailable, "quota"),
            (403, ModelRefused, "auth"),
            (404, ModelRefused, "not_found"),
            (407, ModelRefused, "auth"),
            (408, ModelUnavailable, "timeout"),
            (409, ModelUnavailable, "server_error"),
            (410, ModelRefused, "not_found"),
            (413, ModelRefused, "context_overflow"),
            (424, ModelUnavailable, "server_error"),
            (425, ModelUnavailable, "server_error"),
            (429, ModelUnavailable, "throttled"),
            (499, ModelUnavailable, "server_error"),
            (500, ModelUnavailable, "server_error"),
            (529, ModelUnavailable, "server_error"),
        )
    },
    # A quota that is spent, in the words of each.
    "gemini per day": (
        of_gemini(429, "quota", violated("GenerateRequestsPerDayPerProject"), SOON),
        ModelUnavailable,
        "quota",
    ),
    "gemini per minute": (
        of_gemini(429, "check your plan and billing", violated("GenerateRequestsPerMinutePerProject"), SOON),
        ModelUnavailable,
        "throttled",
    ),
    "gemini limit 0": (
        of_gemini(429, "Quota exceeded for metric: x, limit: 0\nPlease retry in 3s"),
        ModelUnavailable,
        "quota",
    ),
    "gemini limit 0.5": (of_gemini(429, "limit: 0.5"), ModelUnavailable, "throttled"),
    "gemini limit 50": (of_gemini(429, "limit: 50"), ModelUnavailable, "throttled"),
    "openai money": (OfOpenAI(429, {"code": "insufficient_quota"}), ModelUnavailable, "quota"),
    "openai per minute": (
        OfOpenAI(429, {"code": "rate_limit_exceeded", "message": "on tokens per min (TPM)"}),
        ModelUnavailable,
        "throttled",
    ),
    "openai per day": (
        OfOpenAI(429, {"message": "Rate limit reached on requests per day (RPD)"}),
        ModelUnavailable,
        "quota",
    ),
    "anthropic money": (OfOpenAI(400, {"message": "Your credit balance is too low"}), ModelUnavailable, "quota"),
    "azure per day": (
        OfOpenAI(429, {"message": "Rate limit of 50 per 86400s exceeded for UserByModelByDay."}),
        ModelUnavailable,
        "quota",
    ),
    "bedrock per day": (
        of_boto("ThrottlingException", 429, "Too many tokens per day, please wait."),
        ModelUnavailable,
        "quota",
    ),
    "bedrock per minute": (
        of_boto("ThrottlingException", 429, "Too many tokens, please wait."),
        ModelUnavailable,
        "throttled",
    ),
    # Codes that come in a stream, where there is no status.
    "bedrock conflict": (of_boto("conflictException"), ModelUnavailable, "server_error"),
    "bedrock expired": (of_boto("ExpiredTokenException", 400, "The security token is expired"), ModelRefused, "auth"),
    "bedrock signature": (of_boto("InvalidSignatureException"), ModelRefused, "auth"),
    # Where credentials come from.
    "no credentials": (boto.NoCredentialsError(), ModelRefused, "auth"),
    "helper": (boto.CredentialRetrievalError(provider="custom-process", error_msg="vault"), ModelRefused, "auth"),
    "profile": (boto.ProfileNotFound(profile="nope"), ModelRefused, "auth"),
    "old sso": (boto.UnauthorizedSSOTokenError(), ModelRefused, "auth"),
    "new sso": (boto.TokenRetrievalError(provider="sso", error_msg="Token has expired"), ModelRefused, "auth"),
    "container": (boto.MetadataRetrievalError(error_msg="http://169.254.170.2"), ModelRefused, "auth"),
    "no adc": (google_auth.DefaultCredentialsError("Your default credentials were not found."), ModelRefused, "auth"),
    "refresh": (google_auth.RefreshError("invalid_grant"), ModelRefused, "auth"),
    "refresh offline": (
        raised(google_auth.RefreshError("x"), google_auth.TransportError("no route")),
        ModelUnavailable,
        "connection",
    ),
    # The network.
    "refused": (httpx.ConnectError("refused"), ModelUnavailable, "connection"),
    "too slow": (httpx.ReadTimeout("slow"), ModelUnavailable, "timeout"),
    "cut off": (httpx.RemoteProtocolError("closed"), ModelUnavailable, "connection"),
    "aiohttp": (aiohttp.ClientPayloadError("cut"), ModelUnavailable, "connection"),
    "tls": (ssl.SSLError("bad certificate"), ModelUnavailable, "connection"),
    "a group": (ExceptionGroup("all", [httpx.ConnectError("refused")]), ModelUnavailable, "connection"),
    # What nobody can name is the client's all the same.
    "encoding": (httpx.DecodingError("gzip"), ModelUnavailable, "unreadable"),
    "redirect": (genai.APIError(302, {}), ModelUnavailable, "unreadable"),
    "no words": (boto.UnknownSignatureVersionError(signature_version="9"), ModelUnavailable, "unreadable"),
}


@pytest.mark.parametrize("name", KINDS)
def test_an_exception_has_its_kind_and_a_cure(name: str) -> None:
    error, expected, kind = KINDS[name]
    found = classify(raised(error), MODEL)
    assert (type(found), found and found.kind) == (expected, kind)
    assert found is not None
    assert found.retryable == (expected is ModelUnavailable)
    assert str(found).startswith(f"{MODEL}: ")
    assert len(str(found)) > len(MODEL) + 20


@pytest.mark.parametrize("kind", ["auth", "bad_request", "connection", "context_overflow", "not_found", "quota"])
def test_each_kind_has_words_for_every_provider(kind: str) -> None:
    for provider in ("google_genai", "bedrock_converse", "openai", "unknown"):
        assert "{" not in cure(kind, f"{provider}:x", RuntimeError("no"))


@pytest.mark.parametrize(
    ("header", "seconds"), [("3600", 3600), ("999999999", 86_400), ("30", 600), ("0", 600), ("nan", 600), ("x", 600)]
)
def test_a_spent_quota_comes_back_when_the_server_says_so_else_after_a_while(header: str, seconds: float) -> None:
    error = of_httpx(429)
    error.response.headers["retry-after"] = header
    assert spent_for_s(error) == seconds


# Whose exception it is.
def test_a_defect_of_the_users_own_code_stays_as_it_is() -> None:
    for error in (KeyError("x"), ValueError("no"), ZeroDivisionError(), LookupError()):
        assert classify(raised(error), MODEL) is None


def test_a_defect_of_the_users_validation_is_no_tool_call() -> None:
    with pytest.raises(ValueError, match="validation error") as failed:
        AIMessage.model_validate({"content": 7})
    assert classify(failed.value, MODEL) is None


def test_a_client_that_fails_on_what_it_reads_is_told_from_a_defect_of_the_users() -> None:
    # Raised in an installed package, and called from nobody's own code: the frame of this test is cut off.
    with pytest.raises(KeyError) as failed:
        httpx.Headers({})["missing"]
    error = failed.value.with_traceback(failed.value.__traceback__ and failed.value.__traceback__.tb_next)
    found = classify(error, MODEL)
    assert found is not None
    assert found.kind == "unreadable"


def exceptions_of(package: str) -> Iterator[type[Exception]]:
    for kind in vars(importlib.import_module(package)).values():
        # By `isinstance` a stand-in of openai's would load what it stands for: seconds of it.
        if issubclass(type(kind), type) and issubclass(kind, Exception) and not issubclass(kind, Warning):
            yield kind


PACKAGES = ["botocore.exceptions", "google.genai.errors", "google.auth.exceptions", "httpx", "httpcore", "aiohttp"]
PACKAGES += [name for name in ("openai", "anthropic") if find_spec(name)]
TYPES = [kind for package in PACKAGES for kind in exceptions_of(package)]
ATTRIBUTES = st.sampled_from(
    ["status_code", "code", "status", "response", "details", "headers", "message", "body", "exceptions", "errors"]
)


class Half:
    """What was only half made, as a response that was never sent: it fails on whatever it is asked for."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


VALUES = st.recursive(
    st.none()
    | st.integers(-1, 700)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["Error", "inf", "nan"])
    | st.builds(Half),
    lambda below: (
        st.lists(below, max_size=2)
        | st.dictionaries(
            st.sampled_from(["Error", "error", "Code", "details", "ResponseMetadata", "x"]), below, max_size=3
        )
    ),
)


def made(kind: type[Exception], words: str, attributes: dict[str, Any]) -> Exception:
    """Make an exception of whatever type without its constructor, as one comes that was pickled or made by a proxy."""
    error = kind.__new__(kind)
    Exception.__init__(error, words)
    for name, value in attributes.items():
        # Some are properties of the class, or deprecated.
        with suppress(AttributeError, DeprecationWarning):
            setattr(error, name, value)
    return error


async def asked(prompt: Prompt, error: Exception) -> RunError:
    step = LLMStep("ask", prompt, str)
    model = ScriptedModel(reply=lambda _: error)
    run = SimpleNamespace(context=Context(model=model, max_attempts=1), control=object())
    with pytest.raises(FanloomError) as failed:
        await step.run(run, question="?")  # type: ignore[arg-type]
    assert isinstance(failed.value, RunError)
    return failed.value


@pytest.fixture(scope="module")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> Prompt:
    file = tmp_path_factory.mktemp("prompts") / "ask.md"
    file.write_text("Ask <question>$question</question>", encoding="utf-8")
    return Prompt(file)


ERRORS = st.builds(made, st.sampled_from(TYPES), st.text(max_size=30), st.dictionaries(ATTRIBUTES, VALUES, max_size=3))


@settings(max_examples=500)
@given(ERRORS)
def test_any_exception_of_any_client_has_a_kind(error: Exception) -> None:
    found = classify(error, MODEL)
    assert isinstance(found, ModelUnavailable | ModelRefused | BadModelOutput)
    assert found.kind


@settings(max_examples=40)
@given(ERRORS)
def test_no_exception_of_any_client_passes_the_gateway(prompt: Prompt, error: Exception) -> None:
    assert isinstance(asyncio.run(asked(prompt, error)), ModelUnavailable | ModelRefused | BadModelOutput)


# Why an answer has ended.
@pytest.mark.parametrize("provider", ["google_genai", "bedrock_converse", "openai"])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("STOP", None),
        ("STOPSTOP", None),
        ("end_turnend_turn", None),
        ("STOPMAX_TOKENS", "truncated"),
        ("MAX_TOKENSSTOP", "truncated"),
        ("lengthlength", "truncated"),
        ("STOPSAFETY", "blocked"),
        ("content_filtercontent_filter", "blocked"),
        ("STOPMALFORMED_FUNCTION_CALL", "malformed"),
    ],
)
def test_reasons_of_several_events_are_read_one_by_one(provider: str, said: str, kind: str | None) -> None:
    message = AIMessage("yes", response_metadata={"finish_reason": said, "model_provider": provider})
    if kind is None:
        assert read(message, str) == "yes"
        return
    with pytest.raises(BadModelOutput) as failed:
        read(message, str)
    assert failed.value.kind == kind

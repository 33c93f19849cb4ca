"""`fanloom check` through the real clients of all providers: what it says of each fault, after how many requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fanloom.cli import cli
from fanloom.cli.commands.providers import check_models as check
from tests.ports import free_port
from tests.wire.conftest import BEDROCK, GEMINI, KINDS, ONE_QUICK, OPENAI
from tests.wire.provider import (
    FakeProvider,
    bad_key,
    context_overflow,
    expired_token,
    hang,
    no_access,
    reset,
    status,
    trickle,
    truncated_body,
    unknown_model,
)

SECRETS = ("fake-google-key", "fake-openai-key", "FAKEACCESSKEY", "fake-secret-key", "hunter2")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> Result:
    result = CliRunner().invoke(cli, args)
    assert not [secret for secret in SECRETS if secret in result.output]
    assert "Traceback" not in result.output
    return result


def only(*args: str) -> dict[str, Any]:
    """Check one model; return what is told of it."""
    result = run("check", "--json", *args)
    (told,) = json.loads(result.stdout)
    assert result.exit_code == (0 if told["ok"] else 1)
    return {"exit_code": result.exit_code, **told}


def test_all_answer(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_MODEL", GEMINI)
    monkeypatch.setenv("FANLOOM_FALLBACK_MODEL", BEDROCK)
    result = run("check")
    assert result.exit_code == 0
    lines = [line.split(maxsplit=4) for line in result.stdout.splitlines()]
    assert [(line[0], line[1], line[4]) for line in lines] == [
        ("ok", GEMINI, "(6 tokens in, 1 out)"),
        ("ok", BEDROCK, "(6 tokens in, 1 out)"),
    ]
    assert sorted(request.provider for request in provider.requests) == ["bedrock", "gemini"]


def test_models_are_called_at_once_and_each_once(provider: FakeProvider) -> None:
    names = [GEMINI, BEDROCK, "google_genai:other", f" {GEMINI} ", "offline"]
    provider.reply = lambda request: answer_when_all_have_asked(provider)
    result = run("check", *(part for name in names for part in ("--model", name)))
    assert result.exit_code == 0, result.output
    assert len(provider.requests) == provider.peak == 3
    assert "offline" in result.stdout
    assert "(answers by rules, no language model)" in result.stdout


async def answer_when_all_have_asked(provider: FakeProvider) -> str:
    await provider.auntil(lambda running: running.peak == 3)
    return "ok"


# The fault, its kind, and what is said for each provider, in the order of KINDS.
FAULTS: dict[str, tuple[Any, str, str, str, str]] = {
    "bad_key": (
        bad_key(),
        "auth",
        "the key is wrong: check GOOGLE_API_KEY",
        "the key is wrong: check the AWS cred",
        "wrong: check OPENAI_API_KEY",
    ),
    "expired_token": (
        expired_token(),
        "auth",
        "expired: renew GOOGLE_API_KEY",
        "expired: renew the AWS credentials",
        "expired: renew OPENAI_API_KEY",
    ),
    "no_access": (no_access(), "auth", "may use the Gemini API", "Model access", "OPENAI_API_KEY may use this model"),
    "unknown_model": (
        unknown_model(),
        "not_found",
        "no such model here",
        "that AWS_REGION offers it",
        "the server of OPENAI_BASE_URL",
    ),
    "429": (
        status(429, hint_seconds=7),
        "throttled",
        "more than the quota allows",
        "ask for more quota",
        "lower FANLOOM_RPM",
    ),
    "503": (status(503), "server_error", "fails on its side", "FANLOOM_FALLBACK_MODEL", "fails on its side"),
    "web page": (
        status(403, raw="<html>no</html>"),
        "auth",
        "a proxy or a wrong endpoint",
        "AWS_REGION and AWS_END",
        "OPENAI_BASE_URL",
    ),
    "profile": (
        status(400, "Invocation with on-demand throughput isn't supported."),
        "bad_request",
        "inference profile",
        "inference profile",
        "inference profile",
    ),
    "reset": (
        reset(),
        "connection",
        "the connection failed",
        "check the network",
        "a server answers at OPENAI_BASE_URL",
    ),
    "context": (
        context_overflow(),
        "context_overflow",
        "longer than the model's context",
        "too long",
        "maximum context length",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_plain_words_after_one_request(provider: FakeProvider, both: str, name: str) -> None:
    fault, kind, *said = FAULTS[name]
    provider.enqueue(fault)
    told = only("--model", both)
    assert (told["exit_code"], told["kind"], len(provider.requests)) == (1, kind, 1)
    assert dict(zip(KINDS, said, strict=True))[both] in told["message"]
    assert "\n" not in told["message"]


def test_truncated_body_fails_after_one_request(provider: FakeProvider, both: str) -> None:
    provider.enqueue(truncated_body())
    assert not only("--model", both)["ok"]
    assert len(provider.requests) == 1


@pytest.mark.parametrize("fault", [hang, trickle])
def test_a_model_that_does_not_answer(provider: FakeProvider, both: str, fault: Callable[[], Any]) -> None:
    provider.enqueue(fault())
    told = only("--model", both, "--timeout", "1.5")
    assert (told["kind"], len(provider.requests)) == ("timeout", 1)
    assert told["message"].startswith(
        "it did not answer in time: allow more than 1.5 s (--timeout), or check the network"
    )
    assert 0.2 < told["seconds"] < 30


def test_nobody_listens(provider: FakeProvider, both: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://me:hunter2@127.0.0.1:{free_port()}"
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    told = only("--model", both)
    assert told["message"].startswith("it cannot be reached: check the network, HTTPS_PROXY")
    assert provider.requests == []


def test_one_failure_does_not_hide_the_others(provider: FakeProvider) -> None:
    provider.enqueue(bad_key(), when=lambda request: request.provider == "gemini")
    result = run("check", "--model", GEMINI, "--model", BEDROCK)
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["failed", "ok"]


@pytest.mark.parametrize(
    ("model", "gone", "said"),
    [
        (GEMINI, ["GOOGLE_API_KEY"], "set GOOGLE_API_KEY"),
        (BEDROCK, ["AWS_REGION", "AWS_DEFAULT_REGION"], "set AWS_REGION"),
        (BEDROCK, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "set AWS_PROFILE"),
        (BEDROCK, ["AWS_SECRET_ACCESS_KEY"], "its client cannot be made: Partial credentials"),
        (OPENAI, ["OPENAI_API_KEY", "OPENAI_BASE_URL"], "set OPENAI_API_KEY"),
        ("groq:llama-3", [], "pip install langchain-groq"),
    ],
)
def test_what_is_missing_fails_without_a_request(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, model: str, gone: list[str], said: str
) -> None:
    for name in gone:
        monkeypatch.delenv(name)
    told = only("--model", model)
    assert (told["kind"], told["seconds"], provider.requests) == ("configuration", None, [])
    assert said in told["message"]
    assert run("check", "--model", model, "--model", "offline").stdout.startswith("failed  ")


@pytest.mark.parametrize("args", [["--model", "gpt"], ["--timeout", "0"], ["--timeout", "x"], ["model"]])
def test_bad_usage(provider: FakeProvider, args: list[str]) -> None:
    result = run("check", *args)
    assert (result.exit_code, result.stdout, provider.requests) == (2, "", [])


def test_a_setting_that_means_nothing(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_FALLBACK_MODEL", "nonsense")
    result = run("check")
    assert result.exit_code == 2
    assert "FANLOOM_FALLBACK_MODEL: unknown model 'nonsense'" in result.stderr


def test_an_error_of_nobodys_is_told_as_it_is(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "QUESTION", object())
    told = only("--model", "offline")
    assert told["kind"] == "unknown"
    assert "Run `fanloom --debug check`" in told["message"]
    result = CliRunner().invoke(cli, ["--debug", "check", "--model", "offline"])
    assert (result.exit_code, "Traceback" in result.stderr) == (1, True)


def test_credentials_that_hang_are_given_up(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "BUILD_TIMEOUT_S", 0.0)
    assert "a helper for AWS credentials hangs" in only("--model", GEMINI)["message"]


@pytest.mark.parametrize("both", ONE_QUICK)
def test_standard_error_stays_empty_whatever_fails(provider: FakeProvider, both: str, tmp_path: Path) -> None:
    provider.reply = status(503)
    command = [sys.executable, "-m", "fanloom", "check", "--model", both]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (1, "")


def test_the_process_ends_though_a_call_does_not_and_nothing_is_traced(provider: FakeProvider, tmp_path: Path) -> None:
    provider.reply = trickle()
    names = ["--model", GEMINI, "--model", BEDROCK, "--model", "offline"]
    code = (
        "import os\nos.environ.update(LANGSMITH_TRACING='true', LANGSMITH_API_KEY='lsv2_fake',"
        f"LANGSMITH_ENDPOINT={provider.url!r})\nfrom fanloom.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "check", "--timeout", "1.5", *names]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (1, "")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["failed", "failed", "ok"]
    assert (len(provider.requests), provider.strays) == (2, [])

"""Credentials that change while a process lives, and sources of credentials that fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fanloom import FanloomError, MissingCredentials
from tests.wire.conftest import BEDROCK, GEMINI, OPENAI
from tests.wire.provider import FakeProvider, Request, expired_token
from tests.wire.steps import PLAIN, QUESTION, asks, fan_out, one_step

ONE, MANY = one_step(PLAIN), fan_out(asks)
ASK = {"question": QUESTION}


class Home:
    """The files from which AWS credentials come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def key(self, key: str, profile: str = "default") -> str:
        """Return a profile with a key."""
        return f"[{profile}]\naws_access_key_id={key}\naws_secret_access_key=x\n"

    def write(self, *profiles: str) -> None:
        """Write the credentials file."""
        (self.folder / "credentials").write_text("".join(profiles), encoding="utf-8")

    def config(self, text: str) -> None:
        """Write the config file."""
        (self.folder / "config").write_text(f"[profile p]\nregion=us-east-1\n{text}", encoding="utf-8")

    def helper(self, script: str) -> None:
        """Write a credential helper."""
        file = self.folder / "helper"
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        self.config(f"credential_process={file}\n")


@pytest.fixture
def home(wire: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Take the keys of the environment away, and lead to files instead."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path)


def signed(request: Request) -> str:
    """Return the key with which a request was signed."""
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def takes(key: str) -> Callable[[Request], Any]:
    """Answer only what is signed with a key."""
    return lambda request: "ok" if signed(request) == key else expired_token()


def says(home: Home, key: str) -> str:
    """Return a script that gives a key, which stands in a file of its own."""
    given = home.folder / "given.json"
    given.write_text(json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": "x"}), encoding="utf-8")
    return f"cat {given}"


async def ask(**context: Any) -> str:
    """Ask Bedrock."""
    return str((await ONE.ainvoke(ASK, context={"model": BEDROCK, **context}))["answer"])


async def test_a_file_that_is_rewritten_is_read_by_the_next_call(wire: FakeProvider, home: Home) -> None:
    for key in ("FIRSTKEY", "OTHERKEY"):
        home.write(home.key(key))
        await ask()
    assert [signed(request) for request in wire.requests] == ["FIRSTKEY", "OTHERKEY"]


async def test_a_file_that_is_replaced_is_read_by_the_next_call(wire: FakeProvider, home: Home) -> None:
    home.write(home.key("FIRSTKEY"))
    await ask()
    (home.folder / "new").write_text(home.key("OTHERKEY"), encoding="utf-8")
    (home.folder / "new").replace(home.folder / "credentials")
    await ask()
    assert [signed(request) for request in wire.requests] == ["FIRSTKEY", "OTHERKEY"]


async def test_each_profile_signs_with_its_own_key(
    wire: FakeProvider, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(home.key("KEYOFA", "a"), home.key("KEYOFB", "b"))
    for profile in "aba":
        monkeypatch.setenv("AWS_PROFILE", profile)
        await ask()
    assert [signed(request) for request in wire.requests] == ["KEYOFA", "KEYOFB", "KEYOFA"]


async def test_a_helper_is_asked_again_once_its_token_is_refused(
    wire: FakeProvider, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "p")
    home.helper(says(home, "FIRSTKEY"))
    wire.reply = takes("FIRSTKEY")
    assert await ask() == "ok"
    says(home, "OTHERKEY")
    wire.reply = takes("OTHERKEY")
    assert await ask() == "ok"
    assert [signed(request) for request in wire.requests] == ["FIRSTKEY", "FIRSTKEY", "OTHERKEY"]


async def test_credentials_that_nobody_renews_are_refused_once(wire: FakeProvider, home: Home) -> None:
    home.write(home.key("FIRSTKEY"))
    wire.reply = takes("OTHERKEY")
    with pytest.raises(FanloomError, match="expired: renew"):
        await ask()
    assert len(wire.requests) == 1


@pytest.mark.parametrize("place", ["file", "helper"])
async def test_a_change_in_mid_fan_out_costs_no_task(
    wire: FakeProvider, home: Home, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "helper":
        monkeypatch.setenv("AWS_PROFILE", "p")
        home.helper(says(home, "FIRSTKEY"))
    else:
        home.write(home.key("FIRSTKEY"))
    changed = False

    async def reply(request: Request) -> Any:
        nonlocal changed
        if len(wire.requests) > 12 and not changed:
            changed = True
            says(home, "OTHERKEY") if place == "helper" else home.write(home.key("OTHERKEY"))
        return takes("OTHERKEY" if changed else "FIRSTKEY")(request)

    wire.reply = reply
    items = {"items": list(range(40))}
    result = await MANY.ainvoke(items, context={"model": BEDROCK, "max_concurrency": 4})
    assert {outcome["status"] for outcome in result["outcomes"]} == {"done"}
    # Those in flight are refused, and asked again.
    assert 40 < len(wire.requests) <= 44


async def test_another_gemini_key_in_mid_run_is_taken_once_the_first_is_refused(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(request: Request) -> Any:
        monkeypatch.setenv("GOOGLE_API_KEY", "the-second-key")
        return "ok" if request.headers["x-goog-api-key"] == "the-second-key" else expired_token()

    wire.reply = reply
    assert (await ONE.ainvoke(ASK, context={"model": GEMINI}))["answer"] == "ok"
    assert len(wire.requests) == 2


SSO = "sso_start_url=https://x/start\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r\n"
# By what stands in the profile: what goes wrong, and the words that tell of it.
SOURCES = {
    "no such profile": ("AWS_PROFILE=nope", "", "nope"),
    "half a key": ("", "aws_access_key_id=x\n", "secret"),
    "a role of nobody": ("", "role_arn=arn:aws:iam::1:role/r\nsource_profile=nobody\n", "nobody"),
    "a role of a circle": ("", "role_arn=arn:aws:iam::1:role/r\nsource_profile=p\n", "p"),
    "a helper that is not there": ("", "credential_process=/nowhere/helper\n", "helper"),
    "a helper that says nothing": ("", "credential_process=true\n", "cannot be used"),
    "a helper that fails": ("", "credential_process=false\n", "credentials"),
    "an old sso without a token": ("", SSO, "credentials"),
    "a new sso without a token": (
        "",
        SSO + "sso_session=s\n[sso-session s]\nsso_region=us-east-1\nsso_start_url=https://x\n",
        "credentials",
    ),
    "a container that is not there": ("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/x", None, "credentials"),
    "a container elsewhere": ("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/x", None, "credentials"),
    "a token whose file is not there": ("", "role_arn=a\nweb_identity_token_file=/nowhere/token\n", "credentials"),
    "no config at all": ("", None, "credentials"),
    "a broken file": ("", "[[[\n", "cannot be used"),
}


@pytest.mark.parametrize("name", SOURCES)
async def test_a_source_of_credentials_that_fails_is_told_of(
    wire: FakeProvider, home: Home, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variable, config, words = SOURCES[name]
    if config is not None:
        monkeypatch.setenv("AWS_PROFILE", "p")
        home.config(config)
    if variable:
        monkeypatch.setenv(*variable.split("=", 1))
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with pytest.raises(FanloomError, match=words):
        await ask()
    assert not wire.requests


@pytest.mark.parametrize("key", ["one\nmore", "\u20ac"])
@pytest.mark.parametrize(
    ("model", "variable"),
    [
        (GEMINI, "GOOGLE_API_KEY"),
        (OPENAI, "OPENAI_API_KEY"),
        (BEDROCK, "AWS_SESSION_TOKEN"),
        (BEDROCK, "AWS_BEARER_TOKEN_BEDROCK"),
    ],
)
async def test_a_key_that_no_header_takes_is_told_of(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch, model: str, variable: str, key: str
) -> None:
    monkeypatch.setenv(variable, key)
    # Some clients write the second one as it is.
    with suppress(FanloomError):
        assert (await ONE.ainvoke(ASK, context={"model": model, "max_attempts": 1}))["answer"]


@pytest.mark.parametrize("said", ["false", "0", "no", ""])
async def test_gemini_without_a_key_and_not_on_vertex_is_told_of(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", said)
    with pytest.raises(MissingCredentials, match="GOOGLE_API_KEY"):
        await ONE.ainvoke(ASK, context={"model": GEMINI})


@pytest.mark.parametrize("project", ["", "some-project"])
async def test_vertex_without_credentials_is_told_of(
    wire: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, project: str
) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    if project:
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "us-central1")
    with pytest.raises(FanloomError):
        await asyncio.wait_for(ONE.ainvoke(ASK, context={"model": GEMINI}), 30)
    assert not wire.requests

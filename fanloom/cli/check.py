"""`fanloom check`: one tiny call to each model, and in plain words what is wrong where one fails."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.exits import FAILED, MAX_LINES, brief, clean, redact
from fanloom.cli.models import BEDROCK, GEMINI, configured, enter_environment, without_userinfo
from fanloom.errors import UserError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

QUESTION = "Reply with the word ok."
OFFLINE_NOTE = "answers by rules, no language model"
# A client is imported and built in a few seconds; longer takes only a credential helper that hangs.
BUILD_TIMEOUT_S = 30.0
_LONGEST = 200

_KEY = {
    GEMINI: "GOOGLE_API_KEY",
    BEDROCK: "the AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_BEARER_TOKEN_BEDROCK)",
}
_ENDPOINT = {GEMINI: "GOOGLE_GEMINI_BASE_URL", BEDROCK: "AWS_REGION and AWS_ENDPOINT_URL_BEDROCK_RUNTIME"}
_ACCESS = {
    GEMINI: "check that the project of GOOGLE_API_KEY may use the Gemini API and this model",
    BEDROCK: "check that the account has access to this model in this region (Bedrock console, Model access), "
    "and that its policy allows bedrock:InvokeModel",
}
_ID = {GEMINI: "check the model id", BEDROCK: "check the model id, and that AWS_REGION offers it"}

# By the kinds of fanloom.faults and what the provider says; the first row that fits.
_WORDS = (
    ("auth", r"expired", "the key or token has expired: renew {key}"),
    ("auth", r"key not valid|api key|token.*invalid|signature|InvalidClientTokenId", "the key is wrong: check {key}"),
    ("auth", r"credentials|SSO|token.*(refresh|load)", "there are no usable credentials: check {key}, or log in again"),
    ("auth", r"", "access is denied: {access}"),
    ("not_found", r"", "there is no such model here: {id}"),
    ("bad_request", r"on-demand throughput", "this model is only reached through an inference profile: {profile}"),
    ("throttled", r"", "the quota is used up for now: wait and try again, or ask the provider for a higher quota"),
    ("server_error", r"", "the provider fails on its side: try again later, and set FANLOOM_FALLBACK_MODEL until then"),
    ("connection|timeout", r"could not connect|cannot connect|connect call failed", "cannot be reached: {network}"),
    ("connection", r"", "the connection failed: {network}"),
    ("timeout", r"", "no answer within {timeout:g} s: {network}, or allow more with --timeout"),
)
_PROFILE = "put the region's group before the id, as in us.amazon.nova-pro-v1:0"
_NOISE = re.compile(r" ssl:(<[^>]*>|\w+)| object at 0x\w+")
_URL = re.compile(r"https?://[^\s'\"]+")


@dataclass(frozen=True)
class Answer:
    """How the call to one model ended; `seconds` is None where it was not made."""

    model: str
    ok: bool
    seconds: float | None
    message: str
    kind: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@click.command("check")
@click.option(
    "models", "--model", multiple=True, metavar="SPEC", help="Check this model, not the configured ones; repeatable."
)
@click.option(
    "timeout_s",
    "--timeout",
    type=click.FloatRange(min=0, max=3600, min_open=True),
    default=15,
    show_default=True,
    metavar="SECONDS",
    help="How long each model may take to answer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, models: tuple[str, ...], timeout_s: float, as_json: bool) -> None:
    """Make one tiny call to each configured model, and say what is wrong where one fails.

    Exit codes: 0 all answered, 1 some did not, 2 a model name or a setting means nothing.
    """
    chosen = _chosen(ctx.obj.project, models)
    if sys.stderr.isatty() and not as_json:
        click.echo(f"Calling {', '.join(chosen)} ...", err=True)
    answers = _Checkup(timeout_s, debug=ctx.obj.debug).run(chosen)
    if as_json:
        click.echo(json.dumps([asdict(answer) for answer in answers], indent=2))
    else:
        width = max(map(len, chosen))
        click.echo("\n".join(_line(answer, width) for answer in answers))
    if not all(answer.ok for answer in answers):
        raise click.exceptions.Exit(FAILED)


def _chosen(folder: Path, given: Sequence[str]) -> list[str]:
    """Return the distinct models to check. Raises UserError for a name that means nothing."""
    from fanloom.context import Context
    from fanloom.models.spec import parse

    enter_environment(folder)
    for name in given:
        parse(name)
    names = [name.strip() for name in given] or [choice.model for choice in configured(Context()).values()]
    return list(dict.fromkeys(names))


def _line(answer: Answer, width: int) -> str:
    took = "" if answer.seconds is None else f"{answer.seconds:.1f} s"
    said = f"({answer.message})" if answer.ok else answer.message
    return clean(f"{'ok' if answer.ok else 'failed':<6}  {answer.model:<{width}}  {took:>6}  {said}")


@dataclass(frozen=True)
class _Checkup:
    """The calls of one `fanloom check`.

    They bypass the gateway on purpose: its limiter, retries and fallback would hide what this command is to show.
    """

    timeout_s: float
    debug: bool

    def run(self, names: Sequence[str]) -> list[Answer]:
        from fanloom.loop import run_in_background

        return run_in_background(self._all(names))

    async def _all(self, names: Sequence[str]) -> list[Answer]:
        # All are built before any is called, so that importing one client does not slow the call of another.
        built = await asyncio.gather(*map(self._build, names))
        return await asyncio.gather(*map(self._ask, names, built))

    async def _build(self, name: str) -> BaseChatModel | Answer:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(_building(name, self.timeout_s)), BUILD_TIMEOUT_S)
        except TimeoutError:
            words = f"no client within {BUILD_TIMEOUT_S:g} s: check the helper that provides the credentials"
            return Answer(name, False, None, words, "configuration")
        except Exception as error:  # noqa: BLE001 - whatever keeps a client from being built is what we are to tell
            words = str(error) if isinstance(error, UserError) else f"its client cannot be made: {error}"
            return Answer(name, False, None, self._fit(error, words), "configuration")

    async def _ask(self, name: str, model: BaseChatModel | Answer) -> Answer:
        from langsmith import tracing_context

        if isinstance(model, Answer):
            return model
        began = perf_counter()
        try:
            with tracing_context(enabled=False):
                async with asyncio.timeout(self.timeout_s):
                    answer = await model.ainvoke(QUESTION)
        except Exception as error:  # noqa: BLE001 - whatever a call fails with is what we are to tell
            kind, words = explain(error, name, self.timeout_s)
            return Answer(name, False, _since(began), self._fit(error, words), kind)
        return _answered(name, _since(began), answer)

    def _fit(self, error: Exception, words: str) -> str:
        """Return a message that is fit to be shown in one line, and show the traceback where it is wanted."""
        if self.debug:
            click.echo(clean(redact("".join(traceback.format_exception(error)))), err=True)
        return " ".join(brief(_URL.sub(lambda url: without_userinfo(url[0]), words)).split())


def _building(name: str, timeout_s: float) -> Future[BaseChatModel]:
    """Build a model in a daemon thread: one that hangs keeps neither the others nor the process."""
    future: Future[BaseChatModel] = Future()

    def build() -> None:
        from fanloom.models.factory import chat_model

        try:
            model = chat_model(name, timeout_s=timeout_s)
        except BaseException as error:  # noqa: BLE001 - the thread only carries what happened to the caller
            future.set_exception(error)
        else:
            future.set_result(model)

    # From now on a time-out cannot cancel it, which the thread would stumble over.
    future.set_running_or_notify_cancel()
    threading.Thread(target=build, name="fanloom-check", daemon=True).start()
    return future


def _since(began: float) -> float:
    return round(perf_counter() - began, 3)


def _answered(name: str, seconds: float, answer: AIMessage) -> Answer:
    usage: Any = answer.usage_metadata or {}
    tokens = usage.get("input_tokens"), usage.get("output_tokens")
    words = OFFLINE_NOTE if name == "offline" else f"{tokens[0]} tokens in, {tokens[1]} out" if usage else "no usage"
    return Answer(name, True, seconds, words, None, *tokens)


def explain(error: BaseException, name: str, timeout_s: float) -> tuple[str, str]:
    """Return the kind of a failed call, and in plain words what is wrong and what to do."""
    from fanloom.faults import classify

    found = classify(error, name)
    if found is None:
        return "unknown", f"{type(error).__name__}: {error}. Run `fanloom --debug check` for the traceback."
    words = next((row for kinds, said, row in _WORDS if _fits(found.kind, kinds, said, error)), None)
    if words is None:
        return found.kind, str(found).removeprefix(f"{name}: ")
    return found.kind, f"{words.format(**_blanks(name, timeout_s))}{_quoted(error)}"


def _fits(kind: str, kinds: str, said: str, error: BaseException) -> bool:
    return kind in kinds.split("|") and bool(re.search(said, str(error), re.IGNORECASE))


def _blanks(name: str, timeout_s: float) -> dict[str, Any]:
    provider = name.partition(":")[0]
    endpoint = _ENDPOINT.get(provider)
    return {
        "key": _KEY.get(provider, "its key"),
        "access": _ACCESS.get(provider, "check that the account has access to this model"),
        "id": _ID.get(provider, "check the model id"),
        "network": f"check the network and HTTPS_PROXY{f', {endpoint}' if endpoint else ''}",
        "profile": _PROFILE,
        "timeout": timeout_s,
    }


def _quoted(error: BaseException) -> str:
    """Return what the provider or the network itself said, if it said something."""
    said = " ".join(_NOISE.sub("", next(_said(error))).split())
    if not said:
        return ""
    return f". It says: {said if len(said) <= _LONGEST else said[:_LONGEST] + '...'}"


def _said(error: BaseException) -> Iterator[str]:
    """Find the provider's own sentence: boto keeps it in the response, google-genai in the cause."""
    for cause in (error.__cause__, error):
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            yield str(response.get("Error", {}).get("Message", ""))
        if isinstance(said := getattr(cause, "message", None), str):
            yield said
    yield str(error)

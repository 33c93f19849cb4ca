"""`fanloom check`: one tiny call to each model, and in plain words what is wrong where one fails."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from fanloom.cli.commands.providers.list_models import configured, enter_environment
from fanloom.cli.exits import FAILED, brief, clean
from fanloom.errors import UserError
from fanloom.redaction import redact, show_url

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

QUESTION = "Reply with the word ok."
OFFLINE_NOTE = "answers by rules, no language model"
# A client is imported and built in a few seconds; longer takes only a credential helper that hangs.
BUILD_TIMEOUT_S = 30.0
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
    from fanloom.models.names import parse
    from fanloom.runs.context import Context

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
        from fanloom.loops.background import run_in_background

        return run_in_background(self._all(names))

    async def _all(self, names: Sequence[str]) -> list[Answer]:
        # All are built before any is called, so that importing one client does not slow the call of another.
        built = await asyncio.gather(*map(self._build, names))
        return await asyncio.gather(*map(self._ask, names, built))

    async def _build(self, name: str) -> BaseChatModel | Answer:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(_building(name, self.timeout_s)), BUILD_TIMEOUT_S)
        except TimeoutError:
            words = f"no client within {BUILD_TIMEOUT_S:g} s: a helper for AWS credentials hangs; check AWS_PROFILE"
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
        return " ".join(brief(_URL.sub(lambda url: show_url(url[0]), words)).split())


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
    from fanloom.runs.usage import tokens_of

    tokens = tokens_of(answer)
    usage = f"{tokens.input} tokens in, {tokens.output} out" if tokens.input else "no usage"
    words = OFFLINE_NOTE if name == "offline" else usage
    return Answer(name, True, seconds, words, None, tokens.input or None, tokens.output or None)


def explain(error: BaseException, name: str, timeout_s: float) -> tuple[str, str]:
    """Return the kind of a failed call, and in plain words what is wrong and what to do."""
    from fanloom.gateway.failures.classification import classify

    found = classify(error, name)
    if found is None or (name == "offline" and found.kind == "unreadable"):
        return "unknown", f"{type(error).__name__}: {error}. Run `fanloom --debug check` for the traceback."
    words = (
        str(found).removeprefix(f"{name}: ").replace("raise timeout_s", f"allow more than {timeout_s:g} s (--timeout)")
    )
    return found.kind, words

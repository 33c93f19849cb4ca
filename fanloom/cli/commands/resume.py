"""`fanloom resume`: a thread goes on where it stopped, with a person's answer where it waits for one."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.commands.host import open_host, with_url
from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.cli.commands.host import GraphRun, Work
    from fanloom.cli.thread import Result, Thread

# A graph may ask again and again; at some time the person may start the command again.
MAX_ROUNDS = 20


@click.command("resume")
@click.argument("thread")
@click.option(
    "--answer", metavar="JSON", help="Answer what the thread waits for; '@file' and '-' read JSON from there."
)
@click.option("--model", metavar="SPEC", help="Short for --set model=SPEC.")
@click.option(
    "settings", "--set", multiple=True, metavar="NAME=VALUE", help="Change a field of the context that was chosen."
)
@click.option("--failed", is_flag=True, help="Run again what failed, timed out or was skipped, and can be retried.")
@click.option("tasks", "--task", multiple=True, metavar="ID", help="Run again a task that is not done; repeatable.")
@click.option(
    "names", "--rename", multiple=True, metavar="OLD=NEW", help="Say which node does the work of one that is gone."
)
@click.option("as_json", "--json", is_flag=True, help="Print the output as JSON and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@with_url
@click.pass_context
def resume(
    ctx: click.Context,
    thread: str,
    answer: str | None,
    model: str | None,
    settings: tuple[str, ...],
    failed: bool,
    tasks: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Go on with a thread: what is finished does not run again.

    A thread that waits for a person is answered with --answer, or asks on the terminal. For several questions the
    answer is an object by id, or a list in the order shown. One that is done shows its result again, and with --failed
    or --task runs again what was not done; the rest keeps its results.
    """
    from fanloom.cli.options.context_options import make_context
    from fanloom.cli.showing.ending import finish, resumable
    from fanloom.cli.showing.output import show

    host = open_host(ctx)
    found = host.get(thread)
    if found.graph is None or found.state == "unknown":
        raise UserError(f"thread {thread!r} cannot go on: {found.error}")
    work = host.open(found.graph)
    if names:
        work.rename(thread, _pairs(names))
    if failed or tasks:
        _rerun(work, thread, tasks)
    if names or failed or tasks:
        found = host.get(thread)
    context = make_context(work.context_schema, model, settings, base=found.context or {})
    watched = sys.stderr.isatty() and not (as_json or quiet)
    run = work.again_in(thread, context)
    with resumable(run.place):
        result = Resumption(run, watched).go_on(found, _parsed(answer))
    if as_json or not result.waiting:
        show(result.output, result.waiting, as_json=as_json)
    finish(result, run.place)


def _rerun(work: Work, thread: str, tasks: tuple[str, ...]) -> None:
    if not work.rerun(thread, tasks):
        click.echo("Nothing is left undone that can be retried.", err=True)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    if wrong := next((old + equals + new for old, equals, new in pairs if not (old and new)), None):
        raise UserError(f"--rename takes OLD=NEW, not {wrong!r}.")
    return {old: new for old, _, new in pairs}


@dataclass(frozen=True)
class Resumption:
    """The rounds in which a thread goes on."""

    run: GraphRun
    watched: bool

    def go_on(self, thread: Thread, answers: list[Any]) -> Result:
        """Run the thread until it is done or waits for somebody else; `answers` holds the value of --answer, if any.

        Raises UserError for an answer that does not fit or that nobody waits for.
        """
        from fanloom.cli.showing.questions import ask, is_interactive, match
        from fanloom.cli.thread import Result

        if answers and thread.state != "waiting":
            raise UserError(f"thread {thread.id!r} is {thread.state} and waits for no answer; leave --answer out.")
        result = Result(thread.output, thread.waiting, paused=thread.state == "waiting")
        if answers:
            return self._run(match(answers[0], result.waiting))
        if thread.state in ("failed", "interrupted", "running"):
            result = self._run(None)
        for _ in range(MAX_ROUNDS):
            given = ask(result.waiting) if result.waiting and is_interactive() else {}
            if not given:
                break
            result = self._run(given)
        return result

    def _run(self, answers: dict[str, Any] | None) -> Result:
        return self.run.go_on(answers, progress=self.watched)


def _parsed(answer: str | None) -> list[Any]:
    from fanloom.cli.options.typed_values import parse_json

    if answer is None:
        return []
    try:
        return [parse_json("@-" if answer == "-" else answer)]
    except UserError as error:
        if answer[:1] in tuple('{["@-'):
            raise
        quoted = shlex.quote(json.dumps(answer, ensure_ascii=False))
        raise UserError(f"{error} A text goes in double quotes: --answer {quoted}") from None

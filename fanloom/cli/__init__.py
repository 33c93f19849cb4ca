"""The command line: `fanloom list`, `fanloom run GRAPH`, `fanloom resume THREAD`, `fanloom draw GRAPH` and more.

Only click and the standard library are imported here and by `options.lazy_group` and `exits`: commands are imported
when they are used, so that `fanloom --help` starts at once. A new command is one module and one line of COMMANDS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from fanloom.cli.exits import INTERRUPTED, guard
from fanloom.cli.options.lazy_group import ListedGroup


class Listed(NamedTuple):
    """Where a command is, below `fanloom.cli.commands`, and what the help says about it."""

    target: str
    summary: str


COMMANDS = {
    "list": Listed("list_graphs:list_graphs", "List the graphs of this project."),
    "run": Listed("run:run", "Run a graph and show its result."),
    "runs": Listed("logged_runs:runs", "List the runs that are written down, and what happened in them."),
    "threads": Listed("list_threads:threads", "List the threads that are kept, and how each stands."),
    "resume": Listed("resume:resume", "Go on with a thread, and answer what it waits for."),
    "batch": Listed("batch_job:batch", "Run many inputs through a graph, as a job that can go on."),
    "report": Listed("pages.report:report", "Write a run as one HTML file that opens anywhere."),
    "studio": Listed("pages.studio_page:studio", "Show the logged runs in the browser."),
    "draw": Listed("draw:draw", "Draw a graph, as Mermaid or as text."),
    "eval": Listed("judging.evaluate:evaluate", "Run a data set through a graph, and judge the results."),
    "models": Listed("providers.list_models:models", "List the model of each role, and whether its provider is ready."),
    "check": Listed("providers.check_models:check", "Call each configured model once, and say what is wrong."),
    "dev": Listed("dev:dev", "Start LangGraph's development server for this project."),
    "serve": Listed("serve:serve", "Serve this project's graphs on Aegra, from several processes."),
    "new": Listed("new:new", "Make a project of your own from the shipped graphs."),
}


# By which click's shell functions ask for completions.
_COMPLETE = "_FANLOOM_COMPLETE"


@dataclass(frozen=True)
class Globals:
    """The options that stand before the command."""

    project: Path
    debug: bool


class Cli(ListedGroup):
    """The `fanloom` command."""

    def summaries(self, ctx: click.Context) -> Mapping[str, str]:
        """Return the summary of each command."""
        return {name: entry.summary for name, entry in COMMANDS.items()}

    def load(self, ctx: click.Context, name: str) -> click.Command:
        """Import a command."""
        module, _, attribute = COMMANDS[name].target.partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.commands.{module}"), attribute)
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the command line; its own options are known before a command is chosen, also to a completion."""
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.obj = Globals(ctx.params.get("project") or Path(), bool(ctx.params.get("debug")))
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command under the rules of exit codes and messages."""
        with guard(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"fanloom {version('fanloom')}")
    ctx.exit()


@click.group(
    cls=Cli,
    name="fanloom",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the run failed, 2 bad usage or input, 3 finished with some tasks not done, "
    "or waiting for a person.",
)
@click.option(
    "-C",
    "--project",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The folder that holds langgraph.json.  [default: this folder]",
)
@click.option("--debug", is_flag=True, help="Show tracebacks, warnings and logs.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli(project: Path, debug: bool) -> None:
    """Run LLM workflows: the graphs that the langgraph.json of this folder names."""


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    _open_streams()
    if os.environ.get(_COMPLETE, "").endswith("_complete"):
        _complete()
        return
    try:
        cli(prog_name="fanloom")
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            # Threads that are still inside a model call would hold a normal exit up until their time-out.
            sys.stdout.flush()
            _finish_tracing()
            os._exit(INTERRUPTED)
        raise


def _complete() -> None:
    # A shell asks at each press of a key: what cannot be completed, for whatever reason, is left to the user.
    with suppress(Exception), open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        cli(prog_name="fanloom")


def _open_streams() -> None:
    # Python has None for a stream that was closed when the process began, as some schedulers do.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it is open as long as the process


def _finish_tracing() -> None:
    # If it was never imported, nothing has been traced.
    if tracing := sys.modules.get("fanloom.tracing.langsmith_tracing"):
        tracing.finish_tracing()

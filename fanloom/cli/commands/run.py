"""`fanloom run`: a command for each graph, with options made from its input schema."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.commands.host import open_host, take_url, url_option
from fanloom.cli.options.completion import complete_file
from fanloom.cli.options.lazy_group import ListedGroup
from fanloom.cli.showing.loading_word import loading
from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.cli.commands.host import Host, Work
    from fanloom.cli.options.input_options import Field

_HOST, _QUIET = "fanloom.host", "fanloom.quiet"


def _writable(_ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
    """Refuse, before anything is paid for, a file whose folder is not there."""
    if file is not None and not file.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(file.parent)!r}: make it first.")
    return file


# By parameter name; the flags of these are not for fields.
OWN = {
    "input_file": click.Option(
        ["input_file", "--input"],
        metavar="FILE",
        help="The whole input as JSON; '-' reads standard input.",
        shell_complete=complete_file,
    ),
    "model": click.Option(["--model"], metavar="SPEC", help="Short for --set model=SPEC."),
    "settings": click.Option(
        ["settings", "--set"],
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a field of the context; VALUE may be @FILE.",
    ),
    "thread": click.Option(
        ["--thread"], metavar="NAME", help="Keep the run under this name, so that it can be resumed."
    ),
    "log": click.Option(
        ["--log"],
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write down what happens, prompts and answers too, in this .fanrun file.",
    ),
    "url": url_option(),
    "as_json": click.Option(["as_json", "--json"], is_flag=True, help="Print the output as JSON and nothing else."),
    "cache": click.Option(
        ["--cache"], is_flag=True, help="Keep the model's answers, and take those kept: for development."
    ),
    "output_file": click.Option(
        ["output_file", "-o"],
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        metavar="FILE",
        help="Write the output to this file: as JSON with --json or where it ends in .json, else as text.",
        callback=_writable,
    ),
    "verbose": click.Option(["--verbose"], is_flag=True, help="Say of each model call what it asks and takes."),
    "quiet": click.Option(["-q", "--quiet"], is_flag=True, help="Show no progress."),
}


class RunGroup(ListedGroup):
    """The graphs of the project in hand, or of a server, as commands."""

    noun = "graph"

    def summaries(self, ctx: click.Context) -> Mapping[str, str]:
        """Return a line about each graph."""
        return self._host(ctx).summaries()

    def load(self, ctx: click.Context, name: str) -> click.Command:
        """Load a graph and make its command."""
        with loading(name, shown=not ctx.meta.get(_QUIET)):
            host = self._host(ctx)
            return GraphCommand(name, host.summaries()[name], host.open(name))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the graph too."""
        args = take_url(ctx, args)
        ctx.meta[_QUIET] = not {"--json", "-q", "--quiet"}.isdisjoint(args)
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            graph = next((arg for arg in args if arg in self.summaries(ctx)), None)
            if graph is None:
                raise click.UsageError("Name a graph first: fanloom run GRAPH [OPTIONS].", ctx)
            args = [graph, *(arg for arg in args if arg is not graph)]
        return super().parse_args(ctx, args)

    def _host(self, ctx: click.Context) -> Host:
        if _HOST not in ctx.meta:
            ctx.meta[_HOST] = open_host(ctx)
        host: Host = ctx.meta[_HOST]
        return host


@click.group("run", cls=RunGroup, options_metavar="", subcommand_metavar="GRAPH [OPTIONS]")
def run() -> None:
    """Run a graph and show its result.

    The options are made from the graph's input schema: see `fanloom run GRAPH --help`. With --url URL the graphs are
    those of a LangGraph server, and run there.
    """


class GraphCommand(click.Command):
    """Runs one graph."""

    def __init__(self, name: str, summary: str, work: Work) -> None:
        from fanloom.cli.options.input_options import fields, options

        self.work = work
        self.schema = work.input_schema
        flags = [flag.lstrip("-") for option in OWN.values() for flag in option.opts]
        self.fields = options(fields(self.schema), [*flags, "help"])
        params: list[click.Parameter] = [*(option for _, option in self.fields.values()), *OWN.values()]
        super().__init__(name, params=params, help=summary, callback=self._run)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options. Raises UsageError, with what to write, for a word that belongs to none of them."""
        from fanloom.cli.options.stray_words import stray

        words, ctx.allow_extra_args = list(args), True
        try:
            super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise self._unknown(error, ctx) from None
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(stray(ctx.args[0], words, self.get_params(ctx)), ctx)
        return ctx.args

    def _unknown(self, error: click.NoSuchOption, ctx: click.Context) -> click.UsageError:
        """Say of an option that names a field of the context how that is set."""
        field = error.option_name.lstrip("-").replace("-", "_")
        if field not in (self.work.context_schema or {}).get("properties", {}):
            return error
        return click.UsageError(f"No such option {error.option_name!r}: write --set {field}=VALUE.", ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the fields of the input, our own options and the fields of the context."""
        from fanloom.cli.options.input_options import fields

        _section(ctx, formatter, "Input", [option for _, option in self.fields.values()])
        known = fields(self.work.context_schema or {})
        if known:
            with formatter.section("Context (--set NAME=VALUE)"):
                formatter.write_dl([(field.name, field.help) for field in known])
        _section(ctx, formatter, "Options", [param for param in self.get_params(ctx) if param.name not in self.fields])

    def _run(
        self,
        input_file: str | None,
        model: str | None,
        settings: tuple[str, ...],
        thread: str | None,
        log: Path | None,
        as_json: bool,
        cache: bool,
        output_file: Path | None,
        verbose: bool,
        quiet: bool,
        **given: Any,
    ) -> None:
        from fanloom.cli.options.context_options import make_context
        from fanloom.cli.showing.ending import finish, resumable
        from fanloom.cli.showing.output import show, written
        from fanloom.cli.showing.told_calls import told_calls

        value = self._input(input_file, given)
        context = make_context(self.work.context_schema, model, settings)
        watched = sys.stderr.isatty() and not (as_json or quiet or verbose)
        run = self.work.once(context) if thread is None else self.work.new_in(thread, context)
        run = run.logged_to(log) if log else run
        if run.place.url and (cache or verbose):
            raise click.UsageError("--cache and --verbose are for runs in this process: leave them out with --url.")
        if cache:
            os.environ["FANLOOM_CACHE"] = "1"
        with resumable(run.place), told_calls(shown=verbose):
            result = run.start(value, progress=watched)
        if output_file is None:
            show(result.output, result.waiting, as_json=as_json)
        else:
            written(output_file, result.output, result.waiting, as_json=as_json)
        finish(result, run.place)

    def _input(self, input_file: str | None, given: Mapping[str, Any]) -> Any:
        """Make the input from --input and the options over it."""
        from fanloom.cli.options.input_options import check_names, typed
        from fanloom.cli.options.typed_values import parse_json

        known: dict[str, Field] = {name: field for name, (field, _) in self.fields.items()}
        chosen = {known[key].name: typed(known[key], value) for key, value in given.items() if value not in (None, ())}
        base = parse_json(f"@{input_file}") if input_file else {}
        if not isinstance(base, dict):
            if self.schema.get("type") == "object":
                raise UserError(f"{input_file!r} must hold a JSON object with the graph's input fields.")
            return base
        if known and not self.schema.get("additionalProperties"):
            check_names(base, [field.name for field in known.values()], "input field")
        value = {**base, **chosen}
        self._require(value)
        return value

    def _require(self, value: Mapping[str, Any]) -> None:
        if self.schema.get("type") != "object":
            raise click.UsageError("This graph's input is not an object: give it with --input FILE.")
        missing = [option for field, option in self.fields.values() if field.required and field.name not in value]
        if missing:
            raise click.UsageError(f"Missing {_flags(missing)}.")
        if self.fields and not value:
            raise click.UsageError(f"Give at least one of {_flags(option for _, option in self.fields.values())}.")


def _flags(options: Iterable[click.Option]) -> str:
    return ", ".join(option.opts[0] for option in options)


def _section(ctx: click.Context, formatter: click.HelpFormatter, title: str, params: list[Any]) -> None:
    rows = [row for param in params if (row := param.get_help_record(ctx))]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)

"""`fanloom dev`: LangGraph's development server for the project in hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NoReturn

import click

from fanloom.cli.commands.exposure import check_exposure, check_keys
from fanloom.cli.here.project import CONFIG, read_config, read_project
from fanloom.errors import MissingPackage, UserError

# Without them each start calls out, and takes ten seconds longer where names are not resolved.
_QUIET = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "true"}
# By default the server does one job at a time.
_DEFAULTS = {"--no-browser": (), "--no-reload": (), "--n-jobs-per-worker": ("10",)}
_SWITCHES = {"--browser": "--no-browser", "--reload": "--no-reload"}


@click.command(
    "dev",
    context_settings={"ignore_unknown_options": True},
    epilog="Every other option is LangGraph's own: see `langgraph dev --help`.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--reload", is_flag=True, help="Start again when the code changes.")
@click.option("--browser", is_flag=True, help="Open LangGraph Studio in the browser.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
@click.pass_context
def dev(ctx: click.Context, host: str, reload: bool, browser: bool, options: tuple[str, ...]) -> None:
    """Start LangGraph's development server, which serves the graphs of this project.

    It calls nobody, works on ten runs at a time, and listens on this machine only: for another --host the project
    needs "auth" in its langgraph.json, and FANLOOM_API_KEYS in the environment.
    """
    project = read_project(ctx.obj.project)
    if find_spec("langgraph_cli") is None or find_spec("langgraph_api") is None:
        raise MissingPackage('the development server is not installed; run: pip install "fanloom[server]"')
    given = {option.partition("=")[0] for option in options}
    if "--config" not in given:
        _check_dependencies(read_config(project.root / CONFIG))
    check_exposure(project, host, given)
    # As the server does, which finds a file of keys from here.
    os.chdir(project.root)
    check_keys(project)
    off = {_SWITCHES[name] for name, on in {"--reload": reload, "--browser": browser}.items() if on}
    defaults = [word for name, values in _DEFAULTS.items() if name not in given | off for word in (name, *values)]
    _become([*defaults, *options, "--host", host])


def _check_dependencies(config: Mapping[str, Any]) -> None:
    """Say in our words what LangGraph's server says in those of a command that nobody typed. Raises UserError."""
    if not (config.get("dependencies") or config.get("source")):
        raise UserError(f'{CONFIG} must say where the code is, for the server: add "dependencies": ["."].')


def _become(options: list[str]) -> NoReturn:
    """Turn this process into the server, so that signals reach it and its exit code is ours."""
    # -P, since the project's folder must not come before the server's own modules.
    command = [sys.executable, "-P", "-m", "langgraph_cli", "dev", *options]
    sys.stdout.flush()
    os.execve(sys.executable, command, {**_QUIET, **os.environ})

"""`fanloom new`: a project of one's own, from the shipped graphs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click


@click.command("new")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "patterns",
    "--pattern",
    multiple=True,
    metavar="NAME",
    help="A pattern (one-shot, chain, parallel, router, orchestrator, evaluator-optimizer) or the id of a shipped "
    "graph; may be given several times.  [default: one graph of each pattern]",
)
def new(folder: Path, patterns: tuple[str, ...]) -> None:
    """Make a project of your own in DIR, which must be new or empty.

    The shipped graphs become your code there, with their prompts, tests that need no key and no network, and a
    langgraph.json.
    """
    from fanloom.scaffold import origin
    from fanloom.scaffold.new_project import new_project
    from fanloom.scaffold.patterns import chosen_graphs
    from fanloom.scaffold.template import Template

    template = Template.shipped()
    graphs = chosen_graphs(patterns, template.config["graphs"])
    new_project(Path(os.path.abspath(folder)), graphs, template, origin.install_source())
    # A name that begins with a dash would be an option of cd.
    place = shlex.quote(f"./{folder}" if str(folder).startswith("-") else str(folder))
    commands = [f"cd {place}", "make test", "make run", "make dev"]
    click.echo("\n  ".join([f"Made {folder} with {', '.join(graphs)}. Go on with:\n", *commands]) + "\n")

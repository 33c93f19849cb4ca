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
@click.option(
    "--no-understudies",
    is_flag=True,
    help="Leave out the rules by which the offline model answers; it then gives examples, marked [offline].",
)
def new(folder: Path, patterns: tuple[str, ...], no_understudies: bool) -> None:
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
    place, source = Path(os.path.abspath(folder)), origin.install_source()
    new_project(place, graphs, template, source, understudies=not no_understudies)
    # A name that begins with a dash would be an option of cd.
    typed = shlex.quote(f"./{folder}" if str(folder).startswith("-") else str(folder))
    commands = [f"cd {typed}", "make test", "make run", "make dev"]
    click.echo("\n  ".join([f"Made {folder} with {', '.join(graphs)}. Go on with:\n", *commands]) + "\n")

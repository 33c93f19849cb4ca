"""`fanloom list`."""

from __future__ import annotations

import json

import click

from fanloom.cli.exits import clean
from fanloom.cli.here.project import read_project


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_graphs(ctx: click.Context, as_json: bool) -> None:
    """List the graphs of this project, with a line about each."""
    project = read_project(ctx.obj.project)
    rows = {name: project.summary(entry) for name, entry in project.graphs.items()}
    if as_json:
        graphs = [
            {"id": name, "description": rows[name], "path": f"{entry.module}:{entry.attribute}"}
            for name, entry in project.graphs.items()
        ]
        click.echo(json.dumps(graphs, indent=2))
        return
    width = max(len(name) for name in rows)
    for name, summary in rows.items():
        click.echo(clean(f"{name:<{width}}  {summary}").rstrip())

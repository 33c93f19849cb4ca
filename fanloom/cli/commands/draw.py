"""`fanloom draw`: a graph as Mermaid or as text, made here, with no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fanloom.cli.exits import clean
from fanloom.cli.here.project import read_project
from fanloom.cli.options.lazy_group import nearest
from fanloom.errors import UserError

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Edge, Graph


@click.command("draw")
@click.argument("graph")
@click.option(
    "--format",
    "style",
    type=click.Choice(["mermaid", "ascii"]),
    default="mermaid",
    show_default=True,
    help="Draw it as Mermaid, or as lines of text.",
)
@click.option("--xray", is_flag=True, help="Draw the graphs inside the graph too.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.pass_context
def draw(ctx: click.Context, graph: str, style: str, xray: bool, output: Path | None) -> None:
    """Draw a graph of this project."""
    from fanloom.cli.here.loading import Session, open_graph

    project = read_project(ctx.obj.project)
    if graph not in project.graphs:
        raise click.UsageError(f"No graph {graph!r}. {nearest(graph, project.graphs)}")
    session = ctx.with_resource(Session())
    drawable = open_graph(project, graph, session).get_graph(xray=xray)
    picture = drawable.draw_mermaid() if style == "mermaid" else as_text(drawable)
    _deliver(clean(picture).rstrip() + "\n", output)


def _deliver(picture: str, output: Path | None) -> None:
    if output is None:
        click.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{str(output)!r} cannot be written: {error.strerror}.") from None


def as_text(graph: Graph) -> str:
    """Draw a graph as lines of ASCII: a node and where it leads to, indented by its distance from the start."""
    levels = _levels(graph)
    order = sorted(graph.nodes, key=lambda node: (levels[node], list(graph.nodes).index(node)))
    lines = [line for node in order for line in _lines(graph, node, "  " * levels[node])]
    return "\n".join([*lines, "", "--> always   ..> on a condition"])


def _lines(graph: Graph, node: str, indent: str) -> list[str]:
    edges = [edge for edge in graph.edges if edge.source == node]
    always = [edge.target for edge in edges if not edge.conditional]
    sometimes = [_conditional(edge) for edge in edges if edge.conditional]
    arrows = [f" {arrow} {', '.join(to)}" for arrow, to in (("-->", always), ("..>", sometimes)) if to]
    # A node that leads nowhere has been named where it is led to.
    is_known = any(edge.target == node for edge in graph.edges)
    return [f"{indent}{node}{arrow}" for arrow in arrows or ([] if is_known else [""])]


def _conditional(edge: Edge) -> str:
    label = str(edge.data) if edge.data is not None else ""
    return f"{edge.target} [{label}]" if label and label != edge.target else edge.target


def _levels(graph: Graph) -> dict[str, int]:
    """Return how many steps each node is from the start, by the longest way that enters no loop."""
    levels = dict.fromkeys(graph.nodes, 0)
    forward = _forward_edges(graph)
    for _ in graph.nodes:
        for source, target in forward:
            levels[target] = max(levels[target], levels[source] + 1)
    return levels


def _forward_edges(graph: Graph) -> list[tuple[str, str]]:
    """Return the edges that do not lead back to a node on the way to their source."""
    targets: dict[str, list[str]] = {node: [] for node in graph.nodes}
    for edge in graph.edges:
        targets[edge.source].append(edge.target)
    kept: list[tuple[str, str]] = []
    entered: set[str] = set()
    for root in graph.nodes:
        # Each entry of the way is a node and the targets of it that are still to be seen.
        way = [] if root in entered else [(root, iter(targets[root]))]
        entered.add(root)
        while way:
            source, rest = way[-1]
            target = next(rest, None)
            if target is None:
                way.pop()
            elif target not in [node for node, _ in way]:
                kept.append((source, target))
                if target not in entered:
                    entered.add(target)
                    way.append((target, iter(targets[target])))
    return kept

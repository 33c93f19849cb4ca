"""The pictures of the shipped graphs in docs/pictures: `python -m tests.pictures` draws them anew.

Nodes stand in columns by the longest way from the start, dashed lines are ways that the run chooses among.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from langchain_core.runnables.graph import Edge, Graph

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
GRAPHS = [
    "content_variations",
    "faq_chain",
    "faq_one_shot",
    "faq_parallel",
    "refine",
    "support_desk",
    "support_router",
]
_HEIGHT, _ROW, _GAP, _EDGE, _SIGN = 32, 62, 58, 16, 7.4
_NAMES = {"__start__": "start", "__end__": "end"}


def drawn(name: str) -> str:
    """Return the picture of a graph, as SVG."""
    graph: Graph = importlib.import_module(f"graphs.{name}").graph.get_graph()
    columns = _columns(graph)
    widest = [max(map(_width, column)) for column in columns]
    most = max(map(len, columns))
    below = any(_rank(columns, edge.source) >= _rank(columns, edge.target) for edge in graph.edges)
    above = any(_rank(columns, edge.target) - _rank(columns, edge.source) > 1 for edge in graph.edges)
    top = _EDGE + (34 if above else 0)
    height = top + most * _ROW - (_ROW - _HEIGHT) + (46 if below else 0) + _EDGE
    places: dict[str, tuple[float, float, float]] = {}
    x = float(_EDGE)
    for column, width in zip(columns, widest, strict=True):
        first = top + (most - len(column)) * _ROW / 2
        for row, node in enumerate(column):
            places[node] = (x + (width - _width(node)) / 2, first + row * _ROW, _width(node))
        x += width + _GAP
    size = f"{x - _GAP + _EDGE:.0f}", f"{height:.0f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{name}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#5b5f73"/></marker></defs>',
        f'<rect width="{size[0]}" height="{size[1]}" rx="8" fill="#ffffff"/>',
        *(_line(edge, places, columns, height) for edge in graph.edges),
        *(_box(node, places[node]) for node in graph.nodes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _width(node: str) -> float:
    return max(56, len(_NAMES.get(node, node)) * _SIGN + 20)


def _columns(graph: Graph) -> list[list[str]]:
    """Divide the nodes by the longest way from the start, leaving out the edges that lead back."""
    after: dict[str, list[str]] = {node: [] for node in graph.nodes}
    for edge in graph.edges:
        after[edge.source].append(edge.target)
    ranks: dict[str, int] = {}

    def visit(node: str, way: tuple[str, ...]) -> None:
        ranks[node] = max(ranks.get(node, 0), len(way))
        for following in after[node]:
            if following not in (*way, node):
                visit(following, (*way, node))

    visit("__start__", ())
    return [[node for node in graph.nodes if ranks[node] == rank] for rank in range(max(ranks.values()) + 1)]


def _rank(columns: list[list[str]], node: str) -> int:
    return next(rank for rank, column in enumerate(columns) if node in column)


def _line(edge: Edge, places: dict[str, tuple[float, float, float]], columns: list[list[str]], height: float) -> str:
    (x, y, width), (to_x, to_y, to_width) = places[edge.source], places[edge.target]
    steps = _rank(columns, edge.target) - _rank(columns, edge.source)
    middle, to_middle = y + _HEIGHT / 2, to_y + _HEIGHT / 2
    if edge.source == edge.target:
        foot, left, right = y + _HEIGHT, x + width / 2 - 14, x + width / 2 + 14
        way = _curve((right, foot), (right + 22, foot + 30), (left - 22, foot + 30), (left, foot))
    elif steps <= 0:
        start, end, low = x + width * 0.4, to_x + to_width * 0.6, height - _EDGE + 4
        way = _curve((start, y + _HEIGHT), (start, low), (end, low), (end, to_y + _HEIGHT))
    elif steps > 1:
        start, end = x + width * 0.7, to_x + to_width * 0.3
        way = _curve((start, y), (start + 30, 2), (end - 30, 2), (end, to_y))
    else:
        bend = (x + width + to_x) / 2
        way = _curve((x + width, middle), (bend, middle), (bend, to_middle), (to_x, to_middle))
    dashes = ' stroke-dasharray="5 4"' if edge.conditional else ""
    why = f": {edge.data}" if edge.data else ""
    said = f"<title>{escape(f'{edge.source} to {edge.target}{why}')}</title>"
    return (
        f'<path d="{way}" fill="none" stroke="#5b5f73" stroke-width="1.4"{dashes} marker-end="url(#tip)">{said}</path>'
    )


def _curve(*points: tuple[float, float]) -> str:
    start, *others = (f"{x:.0f},{y:.0f}" for x, y in points)
    return f"M{start} C{' '.join(others)}"


def _box(node: str, place: tuple[float, float, float]) -> str:
    x, y, width = place
    end = node in _NAMES
    return (
        f'<g><rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="{_HEIGHT // 2 if end else 6}" '
        f'fill="{"#ffffff" if end else "#f2f0ff"}" stroke="#8a80d8"/>'
        f'<text x="{x + width / 2:.0f}" y="{y + _HEIGHT / 2 + 4.5:.0f}" text-anchor="middle" fill="#22243a">'
        f"{escape(_NAMES.get(node, node))}</text></g>"
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for graph_name in GRAPHS:
        (FOLDER / f"{graph_name}.svg").write_text(drawn(graph_name), encoding="utf-8")
    sys.stdout.write(f"{len(GRAPHS)} pictures in {FOLDER}\n")

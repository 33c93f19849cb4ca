"""Where the boxes of a graph stand when it is drawn: in layers from left to right, by the longest way to each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Edge = tuple[str, str]


def placed(names: Sequence[str], edges: Iterable[Edge]) -> list[dict[str, Any]]:
    """Return the nodes with their places, `x` and `y` from 0 to 1; edges that lead back move nothing."""
    layers = dict.fromkeys(names, 0)
    ahead = list(_ahead(names, edges))
    for _ in names:
        before = dict(layers)
        for source, target in ahead:
            layers[target] = max(layers[target], layers[source] + 1)
        if layers == before:
            break
    columns: dict[int, list[str]] = {}
    for name, layer in layers.items():
        columns.setdefault(layer, []).append(name)
    last = max(layers.values(), default=0) or 1
    return [
        {"name": name, "x": round(layer / last, 4), "y": _share(columns[layer], name)} for name, layer in layers.items()
    ]


def _share(column: list[str], name: str) -> float:
    return round((column.index(name) + 0.5) / len(column), 4)


def _ahead(names: Sequence[str], edges: Iterable[Edge]) -> Iterator[Edge]:
    """Yield the edges that lead back to no node on the way to their source; ways may be longer than Python's stack."""
    following: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        if source in following and target in following:
            following[source].append(target)
    seen: set[str] = set()
    for name in names:
        way = {} if name in seen else {name: iter(following[name])}
        seen.add(name)
        while way:
            source = next(reversed(way))
            target = next(way[source], "")
            if not target:
                del way[source]
            elif target not in way:
                yield source, target
                if target not in seen:
                    seen.add(target)
                    way[target] = iter(following[target])

"""Whether a graph can have what evaluators look at: a name that is mistyped must not look like a graph that fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langgraph.pregel import Pregel

from fanloom.errors import UserError
from fanloom.evaluation.dataset import Item
from fanloom.evaluation.evaluators import Evaluator, Exact, same

AnyGraph = Pregel[Any, Any, Any, Any]


def check_places(name: str, graph: AnyGraph, evaluators: Sequence[Evaluator], items: Mapping[int, Item]) -> None:
    """Raise UserError for a place that the graph's runs do not have, and for a label that its output cannot have."""
    outputs = graph.get_output_jsonschema().get("properties") or {}
    for evaluator in evaluators:
        for place in getattr(evaluator, "places", ()):
            root, _, rest = place.partition(".")
            known: Iterable[str] = {"output": outputs, "updates": graph.nodes}.get(root) or ()
            wanted = rest.partition(".")[0]
            if known and wanted not in known:
                has = ", ".join(one for one in known if not one.startswith("__"))
                raise UserError(
                    f"evaluator {evaluator.name!r}: {place!r} is no place in a run of {name!r}: it has {has}."
                )
        if isinstance(evaluator, Exact):
            _check_labels(evaluator, outputs.get(evaluator.field) or {}, items)


def _check_labels(evaluator: Exact, schema: Mapping[str, Any], items: Mapping[int, Item]) -> None:
    labels: list[Any] = schema.get("enum") or []
    for number, item in items.items() if labels else ():
        label = item.get(evaluator.label)
        if same(label) not in [same(one) for one in labels]:
            raise UserError(
                f"line {number}: {evaluator.label!r} is {label!r}, but can only be {', '.join(map(str, labels))}."
            )

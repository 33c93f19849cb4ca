"""Which graph shows which pattern."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from fanloom.errors import UserError

# The one with the fewest extras where several graphs show a pattern.
PATTERNS = {
    "one-shot": "faq_one_shot",
    "chain": "faq_chain",
    "parallel": "faq_parallel",
    "router": "support_router",
    "orchestrator": "content_variations",
    "evaluator-optimizer": "refine",
}


def chosen_graphs(words: Iterable[str], shipped: Collection[str]) -> list[str]:
    """Return the ids of the graphs that pattern words and graph ids name; of no word, one graph of each pattern.

    Raises UserError for a word that means none of the `shipped` graphs, with the nearest and all that there are.
    """
    names = [_graph(word, shipped) for word in words] or [graph for graph in PATTERNS.values() if graph in shipped]
    return list(dict.fromkeys(names))


def _graph(word: str, shipped: Collection[str]) -> str:
    plain = word.strip().lower().replace(" ", "-")
    graph = PATTERNS.get(plain.replace("_", "-"), plain.replace("-", "_"))
    if graph in shipped:
        return graph
    known = [*(name for name, shown in PATTERNS.items() if shown in shipped), *shipped]
    near = difflib.get_close_matches(plain, known, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(f"no pattern {word!r}: {meant}There is: {', '.join(known)}.")

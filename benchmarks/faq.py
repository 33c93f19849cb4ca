"""The FAQ patterns at one second a call: wall time over the critical path, both providers, both worlds.

Run it with `make bench`. The critical path of the parallel pattern is 3 calls (questions, answer, sources), that of
the chain 1 + 2n. Prints a table and writes benchmarks/results/faq.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
from pathlib import Path
from time import perf_counter
from typing import Any

from graphs import faq_chain, faq_one_shot, faq_parallel
from tests.faq_writer import SOURCES, Writer
from tests.wire.provider import FakeProvider, foreign

MODELS = ["google_genai:gemini-2.5-flash", "bedrock_converse:us.amazon.nova-pro-v1:0"]
LATENCY_S = 1.0
CASES = [(faq_one_shot, 16, 1), (faq_chain, 4, 9), (faq_parallel, 16, 3)]
RESULTS = Path(__file__).parent / "results"


def measured(module: Any, model: str, n: int, sync: bool) -> float:
    """Return the wall time of one run in seconds; clients are built and warm before it."""
    given = {"sources": SOURCES, "n_questions": n}
    started = perf_counter()
    if sync:
        module.graph.invoke(given, context={"model": model})
    else:
        asyncio.run(module.graph.ainvoke(given, context={"model": model}))
    return perf_counter() - started


def rows(provider: FakeProvider) -> list[dict[str, Any]]:
    """Measure every case; each row has seconds of wall time and of the critical path, and their ratio."""
    found = []
    for model in MODELS:
        provider.latency = 0
        measured(faq_one_shot, model, 1, sync=True)
        provider.latency = LATENCY_S
        for module, n, steps in CASES:
            for sync in (False, True):
                wall, path = measured(module, model, n, sync), steps * LATENCY_S
                row = {"graph": module.graph.name, "model": model, "n": n, "sync": sync}
                found.append({**row, "wall_s": round(wall, 3), "critical_path_s": path, "ratio": round(wall / path, 3)})
    return found


def main() -> None:
    """Run the benchmark, print the table and write the JSON."""
    for name in foreign():
        del os.environ[name]
    writer = Writer()
    with FakeProvider(reply=lambda request: writer(request.text)) as provider:
        os.environ.update(provider.environment())
        table = rows(provider)
    for row in table:
        world = "sync " if row["sync"] else "async"
        print(
            f"{row['graph']:14} {world} n={row['n']:<3} {row['model']:42} {row['wall_s']:7.3f} s  x{row['ratio']:.3f}"
        )
    RESULTS.mkdir(exist_ok=True)
    report = {"python": platform.python_version(), "cores": os.cpu_count(), "rows": table}
    (RESULTS / "faq.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

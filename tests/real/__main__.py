"""`make real`: run the graphs on the real model, and print which promises held and which rungs were needed."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter, defaultdict
from importlib import import_module
from time import perf_counter
from typing import Any

from fanloom import RunError
from tests.real.cases import LONG, SHORT, Case
from tests.real.model_process import served
from tests.real.rungs import RUNGS, Rungs

MODEL = "openai:smollm2"
SEEDS = 3
MAX_ATTEMPTS, MAX_CALLS = 3, 24


class Findings:
    """What was found out about the graphs: promises held and broken, how runs ended, and rungs."""

    def __init__(self) -> None:
        self.promises: dict[str, Counter[bool]] = defaultdict(Counter)
        self.ends: dict[str, Counter[str]] = defaultdict(Counter)
        self.rungs: dict[str, Counter[str]] = defaultdict(Counter)
        self.seconds: Counter[str] = Counter()

    def promise(self, case: Case, name: str, kept: bool) -> None:
        """Note whether a run kept a promise, and say so at once if it did not."""
        self.promises[name][kept] += 1
        if not kept:
            print(f"BROKEN by {case.graph}: {name}", flush=True)

    def tables(self) -> str:
        """Return the tables as text."""
        head = f"{'graph':<20}{'s':>6}" + "".join(f"{rung:>10}" for rung in RUNGS) + "  ended"
        rows = [
            f"{graph:<20}{self.seconds[graph]:>6.0f}"
            + "".join(f"{self.rungs[graph][rung]:>10}" for rung in RUNGS)
            + f"  {', '.join(f'{count} {end}' for end, count in sorted(self.ends[graph].items()))}"
            for graph in self.ends
        ]
        kept = [f"{name:<36}{found[True]:>5} of {found.total()}" for name, found in self.promises.items()]
        return "\n".join([head, *rows, "", f"{'promise':<36}held", *kept])

    @property
    def all_kept(self) -> bool:
        """Whether no promise was broken."""
        return not any(found[False] for found in self.promises.values())


def main() -> None:
    """Run the short or the long form, of all graphs or of those that are named; exit with 1 if a promise was broken."""
    cases = [(case, 1) for case in SHORT]
    if "--short" not in sys.argv:
        cases = [(case, seed) for seed in range(1, _seeds() + 1) for case in LONG]
    if wanted := {word for word in sys.argv[1:] if not word.startswith("--")}:
        cases = [(case, seed) for case, seed in cases if case.graph in wanted]
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder, served() as url:
        os.environ |= {
            "OPENAI_BASE_URL": f"{url}/v1",
            "FANLOOM_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/support.db",
            "LANGSMITH_TRACING": "false",
        }
        os.environ.pop("OPENAI_API_KEY", None)
        for case, seed in cases:
            asyncio.run(_check(case, seed, findings))
    print(findings.tables())
    sys.exit(0 if findings.all_kept else 1)


def _seeds() -> int:
    """Return how often each case runs: `--seeds=N`, else three times."""
    told = [word.partition("=")[2] for word in sys.argv if word.startswith("--seeds=")]
    return int(told[0]) if told else SEEDS


async def _check(case: Case, seed: int, findings: Findings) -> None:
    graph = import_module(f"graphs.{case.graph}").graph
    rungs, began = Rungs(), perf_counter()
    try:
        with rungs.counting():
            # The whole state, also what the graph's output leaves out.
            keys = list(graph.builder.channels)
            config: Any = {"callbacks": [rungs]}
            result = await graph.ainvoke(case.given, config, context=_context(case, seed), output_keys=keys)
    except RunError as error:
        findings.ends[case.graph][error.kind] += 1
        findings.promise(case, "an answer or a typed error", bool(error.kind) and bool(str(error)))
    except Exception as error:  # noqa: BLE001 - that none of these comes out is what is promised
        findings.ends[case.graph][type(error).__name__] += 1
        findings.promise(case, "an answer or a typed error", False)
        print(f"  {type(error).__name__}: {error}", flush=True)
    else:
        findings.ends[case.graph]["answered"] += 1
        rungs.counts["template"] += (
            result.get("reply", {}).get("written_by") == "template" and not rungs.counts["gave up"]
        )
        findings.promise(case, "an answer or a typed error", True)
        for name, kept in case.promise(case.given, result).items():
            findings.promise(case, name, kept)
    findings.promise(case, "bounded calls", _bounded(rungs))
    findings.rungs[case.graph] += rungs.counts
    findings.seconds[case.graph] += perf_counter() - began
    print(f"{case.graph}: {rungs.counts['requests']} requests in {perf_counter() - began:.0f} s", flush=True)


def _context(case: Case, seed: int) -> dict[str, Any]:
    return {
        "model": MODEL,
        "model_options": {"temperature": 0.7, "seed": seed, "max_tokens": 256},
        "max_model_calls": MAX_CALLS,
        "max_attempts": MAX_ATTEMPTS,
        "max_concurrency": 2,
        "max_tasks": 4,
        "timeout_s": 60,
        **case.context,
    }


def _bounded(rungs: Rungs) -> bool:
    return rungs.counts["requests"] <= MAX_CALLS and rungs.most_attempts <= MAX_ATTEMPTS


if __name__ == "__main__":
    main()

"""What Fanloom costs: `python -m benchmarks [--quick] [--out DIR] [NAME ...]`.

Prints a table for each benchmark and writes its rows as JSON. Everything is measured on loopback or offline, with no
key. Compare the ratios: absolute times belong to the machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import adaptive_width, batch, eager, fan_out, faq, finish_first, gateway, peers, run_log, tails, width
from benchmarks.report import RESULTS, table, write

BENCHMARKS = {
    "gateway": gateway,
    "width": width,
    "faq": faq,
    "fan_out": fan_out,
    "tails": tails,
    "run_log": run_log,
    "eager": eager,
    "finish_first": finish_first,
    "adaptive_width": adaptive_width,
    "peers": peers,
    "batch": batch,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmarks that are named, or all; print the tables and write the JSON files."""
    parser = _parser()
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.names) - BENCHMARKS.keys()):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in options.names or BENCHMARKS:
        module = BENCHMARKS[name]
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
        rows = module.rows(options.quick)
        print(table(rows))
        print(f"\n-> {write(name, rows, options.out)}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds, to see that it works")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where the JSON files go")
    return parser


if __name__ == "__main__":
    main()

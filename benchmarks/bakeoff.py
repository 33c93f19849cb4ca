"""The patterns of an FAQ against each other: `python -m benchmarks.bakeoff [--rounds N] [NAME ...]`.

`real` asks a small language model on this machine (half an hour or more), `wire` a provider on loopback whose answers
take log-normal times with a median of 2.5 s, `even` one whose answers take 2.5 s each (a quarter of an hour each).
Prints what `fanloom eval` says, and writes it as JSON.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import tail_latency
from benchmarks.provider import GEMINI, running, surroundings
from tests.real.model_process import served

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "data"
DATA = Path(__file__).parent / "data"
PATTERNS = "faq_one_shot,faq_chain,faq_parallel"
# As long as a call took where the claim comes from, and so long that this machine's own work is little beside it.
MEDIAN_S = 2.5


@contextmanager
def _real() -> Iterator[None]:
    with served() as url, surroundings(OPENAI_BASE_URL=f"{url}/v1"):
        yield


@contextmanager
def _wire(**latencies: Any) -> Iterator[None]:
    with running() as provider:
        provider.after(MEDIAN_S, **latencies)
        yield


_TAIL = {"tail": "bakeoff", "scale": MEDIAN_S / tail_latency.MEDIAN_S, "every": True}


class Contest(NamedTuple):
    """A data set, the graph that the others are compared with, the model, who answers, and how often."""

    dataset: Path
    first: str
    model: str
    answering: Callable[[], AbstractContextManager[None]]
    rounds: int
    has_page: bool = False


CONTESTS: Mapping[str, Contest] = {
    "real": Contest(DATA / "short_faq.jsonl", "faq_one_shot", "openai:smollm2", _real, 10, has_page=True),
    "wire": Contest(DATA / "timed_faq.jsonl", "faq_chain", GEMINI, partial(_wire, **_TAIL), 6),
    "even": Contest(DATA / "timed_faq.jsonl", "faq_chain", GEMINI, _wire, 6),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Hold the contests that are named, or all."""
    parser = _parser()
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.names) - CONTESTS.keys()):
        parser.error(f"no such contest: {', '.join(unknown)}; there are {', '.join(CONTESTS)}")
    for name in options.names or CONTESTS:
        held(
            CONTESTS[name],
            options.rounds or CONTESTS[name].rounds,
            options.out / f"bakeoff_{name}.json",
            options.keep and options.keep / name,
        )


def held(contest: Contest, rounds: int, file: Path, keep: Path | None) -> None:
    """Run a contest, print what is found and write it as JSON; runs that a folder keeps are judged and not run."""
    with tempfile.TemporaryDirectory() as folder, contest.answering():
        command = [sys.executable, "-m", "fanloom", "eval", str(contest.dataset), "--compare", PATTERNS]
        command += ["--graph", contest.first, "--model", contest.model]
        command += ["--repeat", str(rounds), "--out", str(keep or folder)]
        file.parent.mkdir(parents=True, exist_ok=True)
        page = ["--page", str(file.with_suffix(".html"))] if contest.has_page else []
        _said([*command, *page, "--quiet"], sys.stdout.fileno())
        with file.open("wb") as written:
            _said([*command, "--json"], written.fileno())
    print(f"-> {file}", flush=True)


def _said(command: Sequence[str], to: int) -> None:
    sys.stdout.flush()
    ended = subprocess.run(command, cwd=ROOT, stdout=to, check=False).returncode
    # Some runs may have failed, which is one of the findings.
    if ended not in (0, 3):
        sys.exit(ended)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bakeoff", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(CONTESTS)}; or all")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each item is run")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="where the JSON files go")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep each run here, and go on with those that are there"
    )
    return parser


if __name__ == "__main__":
    main()

"""The options of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

_OPTIONS = (
    click.option("--graph", metavar="GRAPH", help="The graph to evaluate.  [default: the one that the data set names]"),
    click.option("--model", metavar="SPEC", help="Short for --set model=SPEC."),
    click.option(
        "settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context; VALUE may be @FILE."
    ),
    click.option(
        "compare",
        "--compare",
        multiple=True,
        metavar="GRAPH|SPEC|GRAPH@SPEC",
        help="Run the same items through another graph, model or both, too; several with commas between.",
    ),
    click.option(
        "parts",
        "--parts",
        multiple=True,
        metavar="FILE=FILE",
        help="Run the same items with a prompt file replaced by another version of it, too; several replaced at "
        "once with commas between.",
    ),
    click.option(
        "chosen",
        "--evaluator",
        multiple=True,
        metavar="NAME[,OPTION=VALUE]",
        help="exact, tasks, grounded, sources, facts, delivered, or your own as module:function.  "
        "[default: the data set's]",
    ),
    click.option(
        "--where", multiple=True, metavar="FIELD=VALUE", help="Run the items whose field has this value only."
    ),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Run the first N items only."),
    click.option(
        "--repeat",
        type=click.IntRange(1, 1000),
        default=1,
        metavar="K",
        help="Run each item K times, and tell what varies between runs from what varies between items.",
    ),
    click.option(
        "--by", metavar="FIELD", help="Show figures by this field of the items too.  [default: the data set's]"
    ),
    click.option(
        "--concurrency", type=click.IntRange(1, 100), help="Items at a time.  [default: the data set's, or 4]"
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        default=600.0,
        show_default=True,
        help="Seconds an item may take.",
    ),
    click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep each run in this folder: given again, what has ended there is judged and not run.  "
        "[default: kept until all have ended, and gone on with if they have not]",
    ),
    click.option("--fresh", is_flag=True, help="Run all items, also where the same evaluation has broken off."),
    click.option("--retry-failed", is_flag=True, help="Run again what has failed in DIR."),
    click.option(
        "--page",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        metavar="FILE.html",
        help="Write all that is found as one HTML page too, with plots; it opens with no network and no server.",
    ),
    click.option("--misses", is_flag=True, help="Show what is wrong with each item."),
    click.option("as_json", "--json", is_flag=True, help="Print everything as JSON and nothing else."),
    click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
)


@dataclass(frozen=True)
class EvaluationOptions:
    """What `fanloom eval` was given."""

    dataset: Path
    graph: str | None
    model: str | None
    settings: tuple[str, ...]
    compare: tuple[str, ...]
    parts: tuple[str, ...]
    chosen: tuple[str, ...]
    where: tuple[str, ...]
    limit: int | None
    repeat: int
    by: str | None
    concurrency: int | None
    timeout: float
    out: Path | None
    fresh: bool
    retry_failed: bool
    page: Path | None
    misses: bool
    as_json: bool
    quiet: bool


def takes_evaluation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an evaluation."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command

"""Evaluations as `fanloom eval --json` prints them, made from figures of our own: no graph runs."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any, cast

from fanloom.cli.showing.evaluation_report import as_data
from fanloom.evaluation.dataset import Dataset, Description
from fanloom.evaluation.figures.candidate_figures import Evaluation
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.evaluation.item_run import ItemRun
from fanloom.evaluation.runner import Candidate, ItemResult

# A candidate's name, and how often it is right, what a run of it costs and how long one takes.
CANDIDATES = {"support_router": (0.78, 0.0004, 1.1), "voting": (0.9, 0.0021, 1.4), "with_nova": (0.74, 0.0002, 2.3)}


def made_evaluation(items: int = 40, rounds: int = 3, text: str = "refund") -> dict[str, Any]:
    """Return an evaluation of three candidates; `text` stands wherever an input, a name or an answer could be."""
    data = Dataset(name=text, about=Description(), items={line: {"set": text} for line in range(1, items + 1)})
    dice = random.Random(7)
    done = [_evaluation(name, items, rounds, text, dice) for name in CANDIDATES]
    return as_data(data, done, "set")


def _evaluation(name: str, items: int, rounds: int, text: str, dice: random.Random) -> Evaluation:
    candidate = cast(Candidate, SimpleNamespace(name=name if text == "refund" else text, graph_name=text, prompts=None))
    results = [{line: _result(name, line, text, dice) for line in range(1, items + 1)} for _ in range(rounds)]
    return Evaluation(candidate, results[0], again=results[1:])


def _result(name: str, line: int, text: str, dice: random.Random) -> ItemResult:
    skill, cost, seconds = CANDIDATES[name]
    run = ItemRun(output={"intent": text, text: text}, seconds=seconds * dice.uniform(0.6, 2))
    if dice.random() < 0.02:
        return ItemResult(line, ItemRun(error=f"ModelUnavailable: {text}"), {}, [])
    is_right = dice.random() < skill + (line % 5 - 2) / 15
    ratios = {
        "accuracy": Ratio(float(is_right), 1),
        text: Ratio(float(dice.random() < 0.1), 1),
        "model calls": Ratio(1, 1),
        "tokens in": Ratio(dice.randint(300, 900), 1),
        "cost, US$": Ratio(cost * dice.uniform(0.5, 1.5), 1),
        "seconds": Ratio(run.seconds, 1),
    }
    return ItemResult(line, run, ratios, [] if is_right else [f"{text} is wrong"])

"""From what a data set or a command line says to evaluators: built-in ones by name, anybody's as `module:function`."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from fanloom.errors import UserError
from fanloom.evaluation.dataset import Item
from fanloom.evaluation.evaluators import BUILT_IN, Evaluator, Judgement
from fanloom.evaluation.figures.intervals import Ratio
from fanloom.evaluation.item_run import ItemRun
from fanloom.redaction import redact


class Function:
    """A function `(item, output)` or `(item, output, updates)` as an evaluator.

    It returns a number from 0 to 1, a bool, None where there is nothing to judge, or several of these by name. It is
    not asked about a run that has failed, which counts as 0.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self._takes = 3 if len(inspect.signature(function).parameters) > 2 else 2

    def judge(self, item: Item, run: ItemRun) -> Judgement:
        """Ask the function. Raises UserError, naming it, if it fails or returns something else."""
        if run.error:
            return Judgement({})
        try:
            said = self.function(*(item, run.output, run.updates)[: self._takes])
        except Exception as error:
            # It is the user's own function, which can fail in any way.
            raise UserError(redact(f"evaluator {self.name!r} fails: {type(error).__name__}: {error}")) from error
        scores = said if isinstance(said, Mapping) else {self.name.rpartition(":")[2]: said}
        return Judgement({str(name): self._ratio(score) for name, score in scores.items()})

    def _ratio(self, score: Any) -> Ratio:
        if score is None:
            return Ratio(0, 0)
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            raise UserError(f"evaluator {self.name!r} must return a number from 0 to 1, not {score!r}.")
        return Ratio(float(score), 1)


def evaluators(said: Iterable[str | Mapping[str, Any]]) -> list[Evaluator]:
    """Make evaluators. Raises UserError for a name, option or function that means nothing, and where there is none."""
    made = [_evaluator(one) for one in said]
    if not made:
        raise UserError(
            "no evaluator: name one with --evaluator, as in --evaluator exact,field=intent, or in the data set's .json."
        )
    return made


def _evaluator(said: str | Mapping[str, Any]) -> Evaluator:
    options = _parsed(said) if isinstance(said, str) else dict(said)
    name = str(options.pop("name", ""))
    if ":" in name:
        return Function(name, _function(name))
    if name not in BUILT_IN:
        known = ", ".join(BUILT_IN)
        raise UserError(f"there is no evaluator {name!r}: there is {known}, and your own as 'module:function'.")
    try:
        return BUILT_IN[name](**options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"evaluator {name!r}: option {'.'.join(map(str, first['loc']))!r}: {first['msg']}.") from None


def _parsed(said: str) -> dict[str, Any]:
    """Read `name,option=value,...` or a JSON object; a value with `+` in it is a list."""
    if said.startswith("{"):
        try:
            parsed: dict[str, Any] = json.loads(said)
            return parsed
        except json.JSONDecodeError as error:
            raise UserError(f"--evaluator {said!r} is not valid JSON: {error}.") from None
    name, *pairs = said.split(",")
    split = [pair.partition("=") for pair in pairs]
    return {"name": name, **{key: value.split("+") if "+" in value else value for key, _, value in split}}


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"evaluator {name!r} cannot be loaded: {error}. Correct 'module:function'.") from None
    if not callable(found):
        raise UserError(f"evaluator {name!r} is not a function.")
    function: Callable[..., Any] = found
    return function

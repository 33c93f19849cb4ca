"""The nodes of the refining loop: write, judge, improve; the best draft is kept, whatever comes after it."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Overwrite, StreamWriter

from fanloom import Context, InvalidInput, Outcome, RunError, failures, from_error, meter, new_run
from fanloom import check_input as checked
from nodes.refine.rounds import best, bounds_of, is_plateau, judged, numbered, verdict_on, was_judged, with_marks
from nodes.refine.state import RefineInput, RefineState, Round
from nodes.refine.steps import EVALUATE, IMPROVE, WRITE_DRAFT


async def check_input(state: RefineState) -> dict[str, Any]:
    """Check the task and the criteria, and begin a new run. Raises InvalidInput, naming the field."""
    given = checked(RefineInput, state)
    seen: set[str] = set()
    for number, criterion in enumerate(given["criteria"]):
        if (key := " ".join(criterion.split()).casefold()) in seen:
            raise InvalidInput(
                f"input field 'criteria[{number}]': stands in the list before; give each criterion once."
            )
        seen.add(key)
    return {**new_run(), "rounds": Overwrite([]), "rounds_allowed": given.get("max_rounds", 3)}


async def write_draft(state: RefineState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Write the first draft; if that fails there is nothing to improve, and the run fails with it."""
    return {"draft": await WRITE_DRAFT.run(runtime, task=state["task"], criteria=numbered(state["criteria"]))}


async def evaluate(state: RefineState, runtime: Runtime[Context], writer: StreamWriter) -> dict[str, Any]:
    """Judge the draft at hand; if the evaluator fails, the round says so."""
    draft, started, number = state["draft"], perf_counter(), len(state["rounds"]) + 1
    try:
        about = {"task": state["task"], "criteria": numbered(state["criteria"]), "draft": draft}
        evaluation = await EVALUATE.within(bounds_of(state["criteria"])).run(runtime, **about)
    except RunError as error:
        failed = _failure(f"evaluate-{number}", "evaluate", error, started, runtime)
        return {"rounds": [Round(draft=draft, verdict="not_evaluated", feedback=[])], "outcomes": [failed]}
    feedback = judged(evaluation.feedback, state["criteria"])
    met = sum(one["met"] for one in feedback)
    writer({"message": f"Round {number}: {met} of {len(feedback)} criteria met"})
    return {"rounds": [Round(draft=draft, verdict=verdict_on(evaluation, feedback), feedback=feedback)]}


async def improve(state: RefineState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Improve the best draft by what was said of it; if that fails, the loop ends with what is there."""
    kept, started = best(state["rounds"]), perf_counter()
    assert kept is not None, "after_evaluation leads here with a draft that was judged only"
    try:
        about = {"task": state["task"], "criteria": numbered(state["criteria"])}
        draft = await IMPROVE.run(runtime, **about, draft=kept["draft"], feedback=with_marks(kept["feedback"]))
    except RunError as error:
        return {"outcomes": [_failure(f"improve-{len(state['rounds'])}", "improve", error, started, runtime)]}
    return {"draft": draft}


async def finish(state: RefineState) -> dict[str, Any]:
    """Give the best draft that was judged, else the one at hand; it is accepted if it passed."""
    kept = best(state["rounds"])
    return {
        "result": kept["draft"] if kept else state["draft"],
        "accepted": kept is not None and kept["verdict"] == "pass",
        "failures": failures(state["outcomes"]),
    }


def after_evaluation(state: RefineState) -> Literal["improve", "finish"]:
    """Improve the draft, unless it passed, `max_rounds` are over, nothing helps any more, or the evaluator failed."""
    rounds = state["rounds"]
    ended = state["outcomes"] or rounds[-1]["verdict"] == "pass" or len(rounds) >= state["rounds_allowed"]
    return "finish" if ended or is_plateau(rounds) else "improve"


def after_improvement(state: RefineState) -> Literal["evaluate", "finish"]:
    """Judge the improved draft, if there is one; what was judged before is neither paid for nor improved again."""
    return "finish" if state["outcomes"] or was_judged(state["draft"], state["rounds"]) else "evaluate"


def _failure(task: str, worker: str, error: RunError, started: float, runtime: Runtime[Context]) -> Outcome:
    """Make the outcome of a call that failed, or let it end the run if the context says so."""
    if Context.of(runtime.context).on_failure == "fail_fast":
        raise error
    return from_error(task, worker, error, attempts=meter().attempts, seconds=perf_counter() - started)

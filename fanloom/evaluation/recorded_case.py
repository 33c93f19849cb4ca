"""A run as a test case: its input, the answers that were recorded, and how its tasks are expected to end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fanloom.errors import UserError
from fanloom.models.recorded.recorded_answers import FORMAT, VERSION, text_hash
from fanloom.runlog.fanrun import LoggedRun

_HEAD = {"format": FORMAT, "v": VERSION}
_PARTS = {"graph", "input", "context", "answers", "human", "expected"}
# What the model of the test stands in for.
_OF_A_MODEL = ("model", "_options")
_USED = {"input_tokens": "gen_ai.usage.input_tokens", "output_tokens": "gen_ai.usage.output_tokens"}


def as_test(run: LoggedRun) -> dict[str, Any]:
    """Return the test case of a run, JSON-plain. Raises UserError for a log without contents or without an end."""
    first, last = _one(run.events, "run.started"), _one(run.events, "run.paused", "run.ended")
    if not first or not last:
        raise UserError("the run has no beginning or no end in the log, so there is nothing to expect of it")
    if (given := _content(run, first.get("input"))) is None:
        raise UserError("the log holds no contents of the run; FANLOOM_RUN_LOG=all keeps those of the next one")
    return {
        **_HEAD,
        "graph": first.get("graph", ""),
        "input": json.loads(given),
        "context": _context(first.get("context") or {}),
        "models": _models(run),
        "answers": _recorded(run),
        "human": _human(run.events),
        "expected": {"status": last.get("status", "waiting"), "outcomes": expected_outcomes(run.events)},
    }


def expected_outcomes(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how each task of a run ended, in the order of their ids: all that is the same each time."""
    last = {str(event.get("task_id")): event for event in events if event["type"] == "outcome"}
    return [
        {"task_id": task, "worker": event.get("worker"), "status": event.get("status"), "error": _kind(event)}
        for task, event in sorted(last.items())
    ]


def _human(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was asked of a person and answered; ids are left out, since they are others each time."""
    listed = list(events)
    asked = {event.get("id"): event.get("value") for event in listed if event["type"] == "question.asked"}
    answered = [event for event in listed if event["type"] == "question.answered"]
    return [{"question": asked.get(event.get("id")), "answer": event.get("answer")} for event in answered]


def _kind(event: Mapping[str, Any]) -> str | None:
    error = event.get("error")
    return str(error.get("kind")) if isinstance(error, Mapping) else None


def _one(events: Iterable[dict[str, Any]], *types: str) -> dict[str, Any]:
    found = [event for event in events if event["type"] in types]
    return found[-1] if found else {}


def _content(run: LoggedRun, name: Any) -> str | None:
    return run.contents.get(name) if isinstance(name, str) else None


def _context(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if not name.endswith(_OF_A_MODEL)}


def _recorded(run: LoggedRun) -> list[dict[str, Any]]:
    """Return what came back for each prompt; of one that was asked again, only the answers that were of use."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    models = _models(run)
    for step, began, ended in _attempts(run.events):
        if (answer := _answer(run, ended)) is not None:
            asked = {"step": step, "prompt": _prompt(run, began, models)}
            by_prompt.setdefault(json.dumps(asked), []).append({**asked, **answer})
    return [each for answers in by_prompt.values() for each in _of_use(answers)]


def _models(run: LoggedRun) -> list[str]:
    """Return the models that were asked; what is said about an answer, and to whom, names them."""
    return sorted({str(event["gen_ai.request.model"]) for event in run.events if "gen_ai.request.model" in event})


def _prompt(run: LoggedRun, began: Mapping[str, Any], models: list[str]) -> list[dict[str, Any]]:
    parts = began.get("prompt") or []
    return [{**part, "text": text_hash(_content(run, part.get("text")) or "", models)} for part in parts]


def _attempts(events: Iterable[dict[str, Any]]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return the step, the beginning and the end of each attempt that has one, in the order in which they began."""
    steps: dict[Any, str] = {}
    begun: dict[tuple[Any, Any], dict[str, Any]] = {}
    ended: dict[tuple[Any, Any], dict[str, Any]] = {}
    for event in events:
        key = event.get("call"), event.get("n")
        if event["type"] == "call.started":
            steps[event.get("id")] = str(event.get("step"))
        elif event["type"] == "attempt.started":
            begun[key] = event
        elif event["type"] == "attempt.ended":
            ended[key] = event
    return [(steps.get(key[0], ""), began, ended[key]) for key, began in begun.items() if key in ended]


def _answer(run: LoggedRun, ended: Mapping[str, Any]) -> dict[str, Any] | None:
    outcome, told = ended.get("outcome"), ended.get("data") or ended.get("answer")
    if ended.get("answered"):
        reasons = ended.get("gen_ai.response.finish_reasons") or [""]
        used = {name: ended.get(field) for name, field in _USED.items()}
        return {"answer": _content(run, told) or "", "ok": outcome == "ok", "finish_reason": reasons[0], **used}
    # One that was cancelled said nothing.
    return None if outcome == "cancelled" else {"failed": outcome, "message": ended.get("message"), "ok": False}


def _of_use(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    good = [each for each in answers if each["ok"]]
    return [{name: value for name, value in each.items() if name != "ok"} for each in good or answers[-1:]]


def read_test(file: Path) -> dict[str, Any]:
    """Return the test case in a file. Raises UserError for a file that holds none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{str(file)!r} cannot be read: {error}") from None
    if not isinstance(found, dict) or found.get("format") != _HEAD["format"] or not found.keys() >= _PARTS:
        raise UserError(f"{str(file)!r} is no test case; make one with `fanloom runs export RUN --as-test`")
    return found


def differences(test: Mapping[str, Any], run: LoggedRun) -> list[str]:
    """Return, a line each, what of a replayed run is not as its test expects; changed prompts first."""
    changed = [str(event.get("message")) for event in run.events if event.get("outcome") == "prompt_changed"]
    expected, found = test["expected"], {each["task_id"]: each for each in expected_outcomes(run.events)}
    known = {each["task_id"]: each for each in expected["outcomes"]}
    wrong = [task for task in sorted({*known, *found}) if known.get(task) != found.get(task)]
    tasks = [f"task {task}: {_told(found.get(task))}, expected {_told(known.get(task))}" for task in wrong]
    status = _one(run.events, "run.paused", "run.ended").get("status", "waiting")
    ends = [] if status == expected["status"] else [f"the run: {status}, expected {expected['status']}"]
    return [*dict.fromkeys(changed), *tasks, *ends]


def _told(outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "not planned"
    return " ".join(str(outcome[name]) for name in ("worker", "status", "error") if outcome.get(name))

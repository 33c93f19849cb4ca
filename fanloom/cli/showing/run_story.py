"""What happened in a run, line by line, as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fanloom.runlog.fanrun import LoggedRun
from fanloom.runlog.run_summary import RunSummary

_INDENT = {"node": "", "call": "  ", "attempt": "    ", "wait": "    "}


def story(run: LoggedRun, *, contents: bool = False) -> Iterator[str]:
    """Yield a line for each thing that happened, after the seconds since the run began; with `contents` texts too."""
    began = run.events[0]["mono"] if run.events else 0
    for event in run.events:
        if told := _told(event):
            indent = _INDENT.get(event["type"].partition(".")[0], "")
            yield f"{(event['mono'] - began) / 1_000_000:9.3f}  {indent}{told}"
            if contents:
                yield from _contents(event, run)
    summary = RunSummary.of(run.events)
    cost = "unknown" if summary.cost_usd is None else f"${summary.cost_usd:.4f}"
    yield f"{summary.status}: {summary.requests} requests, cost {cost}, of it lost ${summary.lost_usd:.4f}"


def _told(event: dict[str, Any]) -> str:
    kind, get = event["type"], event.get
    match kind:
        case "run.started":
            return f"{get('graph')} begins" + (f" in thread {get('thread')}" if get("thread") else "")
        case "run.ended":
            return f"ends: {get('status')}" + (f", {get('error')}" if get("error") else "")
        case "run.paused" | "run.resumed":
            return "waits for a person" if kind == "run.paused" else "goes on"
        case "node.started":
            return f"{get('node')}" + (f" [{get('task')}]" if get("task") else "")
        case "plan.made":
            return f"plan: {len(get('tasks', ()))} tasks" + (f", {get('cut')} cut off" if get("cut") else "")
        case "call.started":
            return f"{get('step')} ({get('role')})"
        case "attempt.started":
            return f"{get('why')} request to {get('gen_ai.request.model')}"
        case "attempt.ended":
            return _ended(event)
        case "wait.started":
            return f"waits: {get('reason')}" + (f" {get('on')}" if get("on") else "")
        case "task.refused":
            return f"{get('task_id')}: begun early, and not in the plan"
        case "outcome":
            why = get("error") or {}
            return f"{get('task_id')}: {get('status')}" + (f", {why.get('message') or why['kind']}" if why else "")
        case "question.asked" | "question.answered":
            return f"{kind.partition('.')[2]}: {get('value', get('answer'))}"
        case "limiter.cool_down" | "breaker.opened":
            return f"{kind} of {get('model')}" + (f" for {get('hint_s')} s" if get("hint_s") else "")
        case "effect":
            return f"effect {get('once')}: {get('key')}"
        case "log.gap":
            return f"{get('dropped')} events are missing here"
        case _:
            return ""


def _ended(event: dict[str, Any]) -> str:
    tokens = event.get("gen_ai.usage.input_tokens"), event.get("gen_ai.usage.output_tokens")
    used = f", {tokens[0]} tokens in, {tokens[1]} out" if tokens[0] is not None else ""
    said = f": {event['message']}" if event.get("message") else ""
    return f"{event.get('outcome')}{used}{said}"


def _contents(event: dict[str, Any], run: LoggedRun) -> Iterator[str]:
    named = [part.get("text") for part in event.get("prompt", ()) if isinstance(part, dict)]
    for name in [*named, *(event.get(field) for field in ("answer", "input", "result"))]:
        if isinstance(name, str) and name in run.contents:
            yield from (f"             | {line}" for line in run.contents[name].splitlines())

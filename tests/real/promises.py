"""What each graph promises, whatever its model says: each promise by its name, and whether a result keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from nodes.support_router import Intent

Given = Mapping[str, Any]
Kept = dict[str, bool]

_STATUSES = {"done", "failed", "timed_out", "skipped", "needs_input", "declined"}
_IDENTIFIER = re.compile(r"(?<![\w-])(?:[A-Z]{1,5}-[A-Z0-9]*\d[\w-]*|[A-Z]{2,5}\d{4,})(?![\w-])")
# What a worker has written into the desk's database.
_EFFECTS = re.compile(r"\b(?:RMA|CASE)-\w+")


def faq(given: Given, result: Given) -> Kept:
    """Return what a FAQ keeps: exactly so many, or each missing one is told of; no title that is not there."""
    titles = {source["title"] for source in given["sources"]}
    faqs, failures = result["faqs"], result["failures"]
    return {
        "exact n or a reported shortage": len(faqs) == given["n_questions"]
        or (len(faqs) < given["n_questions"] and bool(failures)),
        "no invented title": all(set(each["sources"]) <= titles for each in faqs),
        "no empty answer": all(each["question"].strip() and each["answer"].strip() for each in faqs),
        "typed errors": _typed(failures),
    }


def router(given: Given, result: Given) -> Kept:
    """Return what the router keeps: one of three intents, and a response."""
    return {"a known intent": result["intent"] in get_args(Intent), "no empty answer": bool(result["response"].strip())}


def desk(given: Given, result: Given) -> Kept:
    """Return what the desk keeps: a reply with the id of every effect, and with no identifier from nowhere."""
    response, outcomes = result["response"], result["outcomes"]
    done = json.dumps([each["result"] for each in outcomes if each["status"] == "done"])
    known = set(_IDENTIFIER.findall(f"{given['query']} {json.dumps(outcomes)}"))
    return {
        "no empty answer": bool(response.strip()),
        "every effect's id in the reply": all(effect in response for effect in set(_EFFECTS.findall(done))),
        "no invented identifier": set(_IDENTIFIER.findall(response)) <= known,
        "typed errors": _typed(outcomes),
    }


def orchestrator(given: Given, result: Given) -> Kept:
    """Return what the orchestrators keep: a final document, whatever became of the tasks."""
    written = all(each["result"].strip() for each in result["worker_results"])
    told = bool(result["worker_results"] or result["failures"])
    return {
        "no empty answer": bool(result["final"].strip()) and written,
        "no task disappears": told,
        "typed errors": _typed(result["failures"]),
    }


def refine(given: Given, result: Given) -> Kept:
    """Return what the loop keeps: no more rounds than allowed, and a result that is one of its drafts."""
    rounds = result["rounds"]
    return {
        "bounded rounds": 1 <= len(rounds) <= given["max_rounds"],
        "the result is a draft": result["result"] in [each["draft"] for each in rounds],
        "no empty answer": bool(result["result"].strip()),
    }


def _typed(outcomes: Any) -> bool:
    return all(
        each["status"] in _STATUSES and (each["status"] == "done" or each["error"]["kind"] not in ("", "error"))
        for each in outcomes
    )


Promise = Callable[[Given, Given], Kept]

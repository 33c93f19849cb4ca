"""What each graph promises, whatever its model says: each promise by its name, and whether a result keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from nodes.support_desk.points import points, template
from nodes.support_router import Intent

Given = Mapping[str, Any]
Kept = dict[str, bool]

_STATUSES = {"done", "failed", "timed_out", "skipped", "needs_input", "declined"}
_IDENTIFIER = re.compile(r"(?<![\w-])(?:[A-Z]{1,5}-[A-Z0-9]*\d[\w-]*|[A-Z]{2,5}\d{4,})(?![\w-])")
# What a worker has written into the desk's database.
_EFFECTS = re.compile(r"\b(?:RMA|CASE)-\w+")
# With these words something is said to have happened, to be so or to come; written without a look at the desk's lists.
_FALSE = re.compile(
    r"\d|\b(?:refund|paid|pay|sent|send|ship|deliver|cancel|approv|accept|declin|refus|credit|issu|replac|resolv|solv|fix|"
    r"clos|open|confirm|process|complet|arrang|schedul|escalat|investigat|receiv|arriv|free|cost|charge|discount|voucher|"
    r"promis|guarantee|tomorrow|today|soon|hours?\b|days?\b(?! ahead)|week|on us\b|our mistake|your fault)\w*",
    re.IGNORECASE,
)


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
    """Return what the desk keeps: a reply with the id of every effect, no identifier from nowhere, nothing false."""
    response, outcomes = result["response"], result["outcomes"]
    done = json.dumps([each["result"] for each in outcomes if each["status"] == "done"])
    known = set(_IDENTIFIER.findall(f"{given['query']} {json.dumps(outcomes)}"))
    return {
        "no empty answer": bool(response.strip()),
        "every effect's id in the reply": all(effect in response for effect in set(_EFFECTS.findall(done))),
        "no invented identifier": set(_IDENTIFIER.findall(response)) <= known,
        "nothing false in the reply": not _FALSE.search(_own_words(result)),
        "typed errors": _typed(outcomes),
    }


def desk_without_return(given: Given, result: Given) -> Kept:
    """Return what the desk keeps where nobody asks that anything goes back: what it always does, and no return."""
    returned = any(each["worker"] == "ProductReturn" and each["status"] == "done" for each in result["outcomes"])
    return {**desk(given, result), "no return that nobody asked for": not returned}


def _own_words(result: Given) -> str:
    """Return the reply without what code has written; nothing where the tasks are not known that it is about."""
    if "tasks" not in result:
        return ""
    left = " ".join(result["response"].split())
    for point in points(result["tasks"], result["outcomes"]):
        for told in (f"**{point['title']}**", point["happened"]):
            left = left.replace(" ".join(told.split()), " ")
    return left.replace(" ".join(template([])["greeting"].split()), " ")


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

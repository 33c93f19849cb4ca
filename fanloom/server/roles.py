"""What the holder of a key is to the server: a user with a context of their own, or staff, who answer for others."""

from __future__ import annotations

from typing import Any

from langgraph_sdk import Auth

from fanloom.server.aegra import aegra_handlers as aegra
from fanloom.server.keys import Owner, api_keys

_FOR_STAFF = (
    'there are keys with "role": "staff", so staff alone answer what a run asks, and write a thread\'s state; your key '
    "has no such role"
)


def user_of(owner: Owner) -> dict[str, Any]:
    """Return the user whom graphs find in `runtime.server_info`."""
    memory = {aegra.LABEL: label_of(owner.user)} if aegra.is_serving() else {}
    user = {"identity": owner.user, "is_authenticated": True, **memory}
    # Staff act for the customer whom a task was planned for, everybody else for nobody but themselves.
    return user if owner.role == "staff" else {**user, "customer_id": owner.customer_id}


def label_of(user: str) -> str:
    """Return the label of a namespace that stands for a user; a label has no full stop."""
    return user.replace("%", "%25").replace(".", "%2E")


def holder(user: str) -> Owner | None:
    """Return what the keys say of a user; None for one who has no key any more."""
    return next((owner for owner in api_keys().values() if owner.user == user), None)


def is_staff(user: str) -> bool:
    """Tell whether a user reads and resumes everybody's threads."""
    owner = holder(user)
    return owner is not None and owner.role == "staff"


def who_answers(user: str) -> dict[str, Any]:
    """Return in words who answers what a run asks, and whether this user `may`: where there are staff, they alone."""
    if any(each.role == "staff" for each in api_keys().values()):
        return {"who": "staff may answer", "may": is_staff(user)}
    return {"who": "whoever's thread it is may answer", "may": True}


def refuse_answer(user: str) -> None:
    """Raise 403 for those who may not answer a run's questions: where there are staff, everybody else."""
    if not who_answers(user)["may"]:
        raise Auth.exceptions.HTTPException(status_code=403, detail=_FOR_STAFF)


def run_as(owner: Owner, value: dict[str, Any]) -> None:
    """Let a run that is about to begin be its user's, with what the keys say about the user.

    A cron's run knows its user's name only, so that a graph could not tell which customer that is.
    """
    if aegra.is_serving():
        # It tells the graph itself which user calls.
        return aegra.fix_run(value, owner)
    run = value["kwargs"]
    if run.get("command"):
        refuse_answer(owner.user)
    configurable = run.setdefault("config", {}).setdefault("configurable", {})
    configurable["langgraph_auth_user"] = user_of(owner)
    run["context"] = {**(run.get("context") or {}), **owner.context}
    configurable.update(owner.context)
    return None

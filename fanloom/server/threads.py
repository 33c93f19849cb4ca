"""Whose threads and runs are: their user's, to see, run and change; staff see, run, stop and describe everybody's."""

from __future__ import annotations

from typing import Any

from langgraph_sdk import Auth

from fanloom.server.aegra import aegra_handlers as aegra
from fanloom.server.roles import holder, is_staff, refuse_answer, run_as
from fanloom.server.takeover import owner_of_thread

_NO_KEY_LEFT = "the user of this run has no key any more"
Value = dict[str, Any]


def owned(value: Value, user: str) -> dict[str, Any]:
    """Write into a value whose it is, and return the filter for what is theirs."""
    # In place: the server keeps a reference to the metadata that it shows here.
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        metadata = value["metadata"] = {}
    metadata["owner"] = user
    return {"owner": user}


async def may(action: str, user: str, value: Value) -> dict[str, Any] | None:
    """Return the filter for what a user may do to threads; None for everybody's. Raises 403 and 404."""
    match action:
        case "read" | "search":
            # Not even the owner who is asked for is changed: staff may search for somebody's threads.
            return None if is_staff(user) else owned(value, user)
        case "update":
            return _change(user, value)
        case "create":
            return await _make(user, value)
        case "create_run":
            return await _run(user, value)
    return owned(value, user)


def _change(user: str, value: Value) -> dict[str, Any] | None:
    # What is neither a description nor the end of a run is a state that is written.
    if not {"metadata", "action"} & value.keys():
        refuse_answer(user)
        return owned(value, user)
    if not is_staff(user):
        return owned(value, user)
    # No thread changes hands.
    (value.get("metadata") or {}).pop("owner", None)
    return None


async def _run(user: str, value: Value) -> dict[str, Any] | None:
    owner = holder(user)
    if owner is None:
        # A cron outlives its user's key.
        raise Auth.exceptions.HTTPException(status_code=403, detail=_NO_KEY_LEFT)
    run_as(owner, value)
    # Aegra keeps threads apart itself, and would take the filter for what the run says.
    return None if aegra.is_serving() else await _make(user, value)


async def _make(user: str, value: Value) -> dict[str, Any]:
    """Leave a thread to its owner, also one that the server has forgotten: the development server does at a SIGKILL.

    Raises 404 for an id whose checkpoints are another's.
    """
    thread = value.get("thread_id")
    made_by = await owner_of_thread(str(thread)) if thread else None
    if made_by in (None, user):
        return owned(value, user)
    if made_by and is_staff(user):
        return owned(value, made_by)
    raise Auth.exceptions.HTTPException(status_code=404, detail=f"Thread with ID {thread} not found")

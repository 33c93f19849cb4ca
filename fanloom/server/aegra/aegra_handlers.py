"""Aegra, which serves a langgraph.json too: what its handlers are shown, and what it cannot do for holders of keys."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from langgraph_sdk import Auth

from fanloom.errors import InvalidSettings
from fanloom.server.deletion import with_its_logs
from fanloom.server.keys import Owner
from fanloom.settings import settings

SCOPE, LABEL = "owner", "memory_label"
"""Below which namespace Aegra's long-term memory of a user begins, by which attribute: `store.scopes` of its file."""

_FIXED = (
    "your key sets fields of the context, which Aegra would not keep in a run that begins by a command; begin it by "
    "/threads/{thread_id}/runs instead"
)
_NOT_THEIRS = "config.metadata has an 'owner' who is not you; leave it out"
_NO_CRONS = "on Aegra a cron does not know its user's key, so that who has a key makes none; let your scheduler call"


def is_serving() -> bool:
    """Tell whether the server of this process is Aegra."""
    return "aegra_api.main" in sys.modules


def check_settings(keys: Iterable[Owner]) -> None:
    """Raise InvalidSettings for what Aegra would not do."""
    if staff := next((owner.user for owner in keys if owner.role == "staff"), None):
        raise InvalidSettings(
            f'FANLOOM_API_KEYS: {staff!r} has "role": "staff", and Aegra shows everybody their own threads only, so '
            "that nobody could answer for a customer; leave the role out, or serve with `fanloom dev` or LangGraph's "
            "own server"
        )
    if settings().webhooks:
        raise InvalidSettings("FANLOOM_WEBHOOKS: Aegra calls no webhooks; unset the variable")


def keep_logs_with_threads() -> None:
    """Let what is written down of a thread's runs go with the thread, once Aegra has its checkpointer."""
    from aegra_api.core.database import db_manager

    saver = db_manager.get_checkpointer()
    saver.adelete_thread = with_its_logs(saver.adelete_thread)


def said_of_run(value: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller says of a run: the whole value, or the parameters of a command."""
    # A run that has been read has no `method`; a command is shown as it came.
    said = value.get("params") if "method" in value else value
    return said if isinstance(said, dict) else {}


def fix_run(value: dict[str, Any], owner: Owner) -> None:
    """Set whose a run is, and the fields of the context that its user's key fixes, whatever the run says.

    Raises 403 for a command that says otherwise: of one, this is a copy.
    """
    if "method" in value:
        return _refuse_command(said_of_run(value), owner)
    config = as_object(value.get("config"))
    configurable = as_object(config.get("configurable"))
    # As Aegra does, which reads either the context or what is configurable.
    value["context"] = {**(value.get("context") or configurable), **owner.context}
    value["config"] = {
        **config,
        "configurable": {**configurable, **owner.context},
        "metadata": {**as_object(config.get("metadata")), "owner": owner.user},
    }
    return None


def _refuse_command(said: Mapping[str, Any], owner: Owner) -> None:
    metadata = as_object(as_object(said.get("config")).get("metadata"))
    if metadata.get("owner", owner.user) != owner.user:
        raise Auth.exceptions.HTTPException(status_code=403, detail=_NOT_THEIRS)
    if owner.context:
        raise Auth.exceptions.HTTPException(status_code=403, detail=_FIXED)


def as_object(given: Any) -> Mapping[str, Any]:
    """Return an object that a caller has sent; what is none is refused by the server itself."""
    return given if isinstance(given, Mapping) else {}


def refuse_cron(action: str) -> None:
    """Raise 403 for a cron of somebody with a key."""
    if action in ("create", "update"):
        raise Auth.exceptions.HTTPException(status_code=403, detail=_NO_CRONS)


def in_scope(value: Mapping[str, Any], label: str) -> dict[str, list[str]]:
    """Return the namespace of a user's memory, under the name that a request has it by."""
    name = next((name for name in ("namespace_prefix", "prefix") if name in value), "namespace")
    given, own = list(value.get(name) or ()), [SCOPE, label]
    # What the server returns has them in front already.
    return {name: given if given[:2] == own else [*own, *given]}

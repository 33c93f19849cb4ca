"""Who may come in: with FANLOOM_API_KEYS set the holders of keys, each to what is theirs; else this machine only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth

from fanloom.loops.background import in_thread
from fanloom.server.aegra import aegra_handlers as aegra
from fanloom.server.caller_keys import check_checkpoint, check_config
from fanloom.server.keys import api_keys, owner_of
from fanloom.server.roles import label_of, refuse_answer, user_of
from fanloom.server.threads import may, owned
from fanloom.server.visitor import refusal
from fanloom.server.webhooks import check_webhook

auth = Auth()

_NEEDS_KEY = "send your API key as 'x-api-key: KEY' or 'Authorization: Bearer KEY'"


@auth.authenticate
async def authenticate(headers: Mapping[Any, Any], scope: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Tell who is calling. Raises 401 for a key that is missing or unknown, 403 for a stranger where there are none.

    Headers are bytes, or text from Aegra, which gives no scope.
    """
    keys, given = await in_thread(api_keys), {_text(name).lower(): _text(value) for name, value in headers.items()}
    if not keys:
        if why := refusal(given, scope):
            raise Auth.exceptions.HTTPException(status_code=403, detail=why)
        return {"identity": "anybody", "is_authenticated": False}
    owner = owner_of(_key(given), keys)
    if owner is None:
        raise Auth.exceptions.HTTPException(status_code=401, detail=_NEEDS_KEY)
    return user_of(owner)


@auth.on
async def only_what_is_theirs(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, Any] | None:
    """Let users see and change what they have made."""
    return owned(value, ctx.user.identity) if ctx.user.is_authenticated else None


@auth.on.threads
async def threads(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, Any] | None:
    """Let users see, run and change their own threads, and staff see, run, stop and describe everybody's."""
    if ctx.action == "create_run":
        await _check(aegra.said_of_run(value) if aegra.is_serving() else value["kwargs"])
    return await may(ctx.action, ctx.user.identity, value) if ctx.user.is_authenticated else None


@auth.on.assistants
async def assistants(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, Any] | None:
    """Let users use the graphs' own assistants too, and pass none of theirs off as such."""
    await check_config(value.get("config"), value.get("context"))
    if not ctx.user.is_authenticated:
        return None
    if ctx.action in ("read", "search"):
        return {"$or": [{"owner": ctx.user.identity}, {"created_by": "system"}]}
    own = owned(value, ctx.user.identity)
    value["metadata"].pop("created_by", None)
    return own


@auth.on.crons
async def crons(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, Any] | None:
    """Let users see and change their own crons, which may say no more than their runs."""
    # Aegra has no part of its own for what is planned.
    planned = value.get("payload") or value
    await _check(planned)
    if not ctx.user.is_authenticated:
        return None
    if aegra.is_serving():
        aegra.refuse_cron(ctx.action)
    if planned.get("command"):
        refuse_answer(ctx.user.identity)
    return owned(value, ctx.user.identity)


@auth.on.store
async def store(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, Any] | None:
    """Put what users store below their own name."""
    if not ctx.user.is_authenticated:
        return None
    own = label_of(ctx.user.identity)
    if aegra.is_serving():
        return aegra.in_scope(value, own)
    given = tuple(value.get("namespace") or ())
    # What the server returns has the name in front already.
    value["namespace"] = given if given[:1] == (own,) else (own, *given)
    return None


async def _check(run: Mapping[str, Any]) -> None:
    """Raise 403 for what no caller may say of a run."""
    await check_config(run.get("config"), run.get("context"))
    check_checkpoint(run.get("checkpoint"))
    await check_webhook(run.get("webhook"))


def _text(given: str | bytes) -> str:
    return given if isinstance(given, str) else given.decode("latin-1")


def _key(given: Mapping[str, str]) -> str:
    scheme, _, token = given.get("authorization", "").partition(" ")
    return given.get("x-api-key") or (token.strip() if scheme.casefold() == "bearer" else "")

"""Who a server without keys answers: programs on this machine, and no web page that its owner happens to visit."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

_ELSEWHERE = "this server has no FANLOOM_API_KEYS, so it answers this machine only; set them to let others in"
_OTHER_NAME = (
    "this server has no FANLOOM_API_KEYS, so it answers to the name localhost and to addresses only; call it as "
    "http://127.0.0.1:PORT, or set FANLOOM_API_KEYS"
)
_OTHER_SITE = (
    "this server has no FANLOOM_API_KEYS, so it answers no page of another origin than those of http.cors in "
    "langgraph.json; add the origin there, or set FANLOOM_API_KEYS"
)
_NO_DOOR = (
    "this server does not tell where a call comes from, and has no FANLOOM_API_KEYS; set them, or name "
    '"fanloom.server.app:app" as "http": {"app": ...} in langgraph.json'
)
_scope: ContextVar[Mapping[str, Any] | None] = ContextVar("fanloom_caller", default=None)


@contextmanager
def at_door(scope: Mapping[str, Any]) -> Iterator[None]:
    """Remember where a call comes from, while a server that does not tell its handlers works on it."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def refusal(given: Mapping[str, str], scope: Mapping[str, Any] | None) -> str | None:
    """Return why a caller without a key is refused, and what to do about it; None if the caller may come in.

    A page of another site reaches this machine through its owner's browser. Nothing but the header `Origin` tells it
    (CORS hides only the answer, and a WebSocket's not even that), or `Host` if the site's name leads to 127.0.0.1.
    """
    place = scope if scope is not None else _scope.get()
    if place is None:
        return _NO_DOOR
    if not _is_here(place):
        return _ELSEWHERE
    if not _is_own_name(given.get("host", "")):
        return _OTHER_NAME
    if (origin := given.get("origin")) is not None and not _is_known(origin):
        return _OTHER_SITE
    return None


def _is_here(scope: Mapping[str, Any]) -> bool:
    # Without an address the call comes from the server's own process, or over a socket that is a file.
    address = (scope.get("client") or ("127.0.0.1",))[0]
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_own_name(host: str) -> bool:
    """Tell a name that no other site can have; HTTP/1.0 gives none."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.strip("[]").rstrip(".").casefold()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("", "localhost") or name.endswith(".localhost")
    return True


def _is_known(origin: str) -> bool:
    # How LangGraph's server gets `http` of langgraph.json, here as in an image.
    allowed = _cors(os.environ.get("LANGGRAPH_HTTP", ""))
    return allowed is None or allowed.is_allowed_origin(origin)


@lru_cache(maxsize=1)
def _cors(http: str) -> CORSMiddleware | None:
    """Return LangGraph's own check; None where `http.cors` is not set, and every page may read everything."""
    cors = (json.loads(http or "{}") or {}).get("cors")
    if not cors:
        return None
    names = ("allow_origins", "allow_origin_regex")
    return CORSMiddleware(Starlette(), **{name: cors[name] for name in names if cors.get(name)})

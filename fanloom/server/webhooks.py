"""Whom the server calls when a run ends: nobody, unless FANLOOM_WEBHOOKS is set, and then nobody inside a network."""

from __future__ import annotations

import ipaddress
import json
import os
import socket

import httpx
from langgraph_sdk import Auth

from fanloom.errors import InvalidSettings
from fanloom.loops.background import in_thread
from fanloom.settings import settings

_OFF = "webhooks are off on this server; who runs it can set FANLOOM_WEBHOOKS=true"
_INSIDE = "a webhook is an http or https address without a user, of a host whose addresses are all public"
# All other addresses of version 6 are somebody's own, or stand for one of version 4.
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")


async def check_webhook(url: str | None) -> None:
    """Raise 403 for a webhook where they are off, or one that leads into a network of the server's own."""
    if not url:
        return
    if not settings().webhooks:
        raise Auth.exceptions.HTTPException(status_code=403, detail=_OFF)
    if not await in_thread(lambda: _leads_outside(str(url))):
        raise Auth.exceptions.HTTPException(status_code=403, detail=_INSIDE)


def check_policy() -> None:
    """Raise InvalidSettings where webhooks are on, and LangGraph would follow a redirect into a network."""
    policy = (json.loads(os.environ.get("LANGGRAPH_WEBHOOKS") or "{}") or {}).get("url") or {}
    is_strict = policy.get("disable_private_ips") is True and policy.get("disable_loopback", True) is True
    if settings().webhooks and not is_strict:
        raise InvalidSettings(
            'FANLOOM_WEBHOOKS needs "webhooks": {"url": {"disable_private_ips": true}} in langgraph.json, without '
            '"disable_loopback": false: add it, or unset FANLOOM_WEBHOOKS'
        )


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the Internet, not to a machine, a network, a group or a form of another."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        # An address with a zone, as of a link, too.
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _PUBLIC_6 and ip.is_global and ip.sixtofour is None and ip.teredo is None
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _leads_outside(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            return False
        found = socket.getaddrinfo(parsed.host, parsed.port or parsed.scheme, type=socket.SOCK_STREAM)
    except (httpx.InvalidURL, OSError, ValueError):
        return False
    return all(is_public(str(place[0])) for *_, place in found)

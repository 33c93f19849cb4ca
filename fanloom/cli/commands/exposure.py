"""Whom a server lets in: nobody but this machine without keys, and no key that cannot be read."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.cli.here.project import Project

_OUR_AUTH = "fanloom.server.auth:auth"


def check_exposure(project: Project, host: str, given: Collection[str] = ()) -> None:
    """Say that only this machine is served, or check that others need a key. Raises UserError if they do not.

    `given` are the options beside the host, by name.
    """
    missing = _missing(project, given)
    if not missing:
        return
    if _is_here(host) and "--tunnel" not in given:
        click.echo("No API keys are set: the server listens on this machine only.", err=True)
        return
    where = "--tunnel" if "--tunnel" in given else f"--host {host}"
    raise UserError(
        f"{where} would let everybody who reaches this machine use the graphs and your providers' keys, since "
        f"{missing}. Set it first, or leave {where.split()[0]} out."
    )


def check_keys(project: Project) -> bool:
    """Tell whether callers need one of our keys.

    Raises InvalidSettings for keys that cannot be read, before a server ends with a traceback because of them.
    """
    from fanloom.server.keys import parsed

    keys = project.variable("FANLOOM_API_KEYS") if project.auth == _OUR_AUTH else ""
    return bool(keys and parsed(keys))


def _missing(project: Project, given: Collection[str]) -> str:
    """Return why nobody is asked for a key; nothing if everybody is."""
    if "--config" in given:
        return 'only the "auth" of langgraph.json is known here, and --config names another file'
    if not project.auth:
        return f'langgraph.json has no "auth" ("path": "{_OUR_AUTH}")'
    if project.auth == _OUR_AUTH and not project.variable("FANLOOM_API_KEYS"):
        return "FANLOOM_API_KEYS is not set"
    return ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

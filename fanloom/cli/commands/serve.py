"""`fanloom serve`: the project in hand on Aegra, from several processes."""

from __future__ import annotations

import json
import os
import socket
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from fanloom.cli.commands.exposure import check_exposure, check_keys
from fanloom.cli.here.project import CONFIG, read_config, read_project
from fanloom.errors import MissingPackage, UserError

if TYPE_CHECKING:
    from fanloom.cli.here.project import Project

_OLDEST = (3, 12)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=2026, show_default=True, help="The port to listen at.")
@click.option("--instances", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve.")
@click.pass_context
def serve(ctx: click.Context, host: str, port: int, instances: int) -> None:
    """Serve this project's graphs on Aegra, with PostgreSQL and Redis.

    Its processes share the address, the threads and the queue of runs, also with those of other machines: where one
    dies, another goes on with its runs. FANLOOM_CHECKPOINT_URL names the database, REDIS_URL the Redis server.

    Other machines are let in by keys only: for another --host the project needs "auth" in its langgraph.json, and
    FANLOOM_API_KEYS in the environment.
    """
    project = read_project(ctx.obj.project)
    _check_package()
    check_exposure(project, host)
    # As `fanloom dev` does, whose server finds a file of keys from here.
    os.chdir(project.root)
    has_keys = check_keys(project)
    # Aegra does not read them.
    os.environ.update(project.variables())
    _prepare(project, has_keys)
    from fanloom.server.aegra.instances import Instances

    with _listening(host, port) as listener:
        code = Instances(listener, instances, announce=click.echo).run()
    ctx.exit(code)


def _check_package() -> None:
    """Raise MissingPackage where Aegra is not installed, or cannot be."""
    if sys.version_info < _OLDEST:
        here = ".".join(map(str, sys.version_info[:2]))
        raise MissingPackage(f"`fanloom serve` needs Python 3.12 or newer, and this is {here}: use another one")
    if find_spec("aegra_api") is None:
        raise MissingPackage('Aegra is not installed; run: pip install "fanloom[aegra]"')


def _prepare(project: Project, has_keys: bool) -> None:
    """Set the variables that Aegra and our part of it read. Raises UserError and InvalidSettings for wrong ones."""
    from fanloom.cli.here.aegra_file import write_aegra_file
    from fanloom.cli.here.aegra_stores import check_stores, database_url, store_variables
    from fanloom.server.aegra.aegra_handlers import check_settings
    from fanloom.server.keys import api_keys

    stores = store_variables(database_url())
    check_stores(stores)
    if has_keys:
        check_settings(api_keys().values())
    config = read_config(project.root / CONFIG)
    os.environ.update(stores)
    os.environ.update(
        {
            "AEGRA_CONFIG": str(write_aegra_file(project)),
            # Its crons do not know their users' keys.
            "CRON_ENABLED": str(not has_keys).lower(),
            # As LangGraph's own server is told them.
            "LANGGRAPH_HTTP": json.dumps(config.get("http") or {}),
            "LANGGRAPH_WEBHOOKS": json.dumps(config.get("webhooks") or {}),
        }
    )


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UserError where it cannot."""
    name = host.strip("[]")
    try:
        family, *_, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise UserError(
            f"nothing can listen at {host}:{port} ({error.strerror or error}): choose another --port or --host."
        ) from None

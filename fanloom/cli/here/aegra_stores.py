"""The PostgreSQL database and the Redis server that Aegra works with: where they are, and that they answer."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fanloom.errors import UserError
from fanloom.redaction import show_url

_PATIENCE_S = 5
_REDIS = "redis://127.0.0.1:6379/0"


def database_url() -> str:
    """Return the database of FANLOOM_CHECKPOINT_URL, else of DATABASE_URL. Raises UserError where there is none."""
    name = "FANLOOM_CHECKPOINT_URL" if os.environ.get("FANLOOM_CHECKPOINT_URL") else "DATABASE_URL"
    scheme, separator, place = os.environ.get(name, "").partition("://")
    if separator and scheme.partition("+")[0] in ("postgresql", "postgres"):
        return f"postgresql://{place}"
    said = f"{name} is no PostgreSQL URL" if separator else "neither FANLOOM_CHECKPOINT_URL nor DATABASE_URL is set"
    raise UserError(
        f"{said}: Aegra keeps threads and runs in PostgreSQL. Set FANLOOM_CHECKPOINT_URL to a database of Fanloom's "
        "own, as in postgresql://USER:PASSWORD@HOST:5432/DATABASE."
    )


def store_variables(url: str) -> Mapping[str, str]:
    """Return the variables by which Aegra finds its stores, those that are set already as they are.

    Several projects may share a Redis server: its keys are named after the database, since a process that took a run
    of another database would lose it.
    """
    database = url.partition("?")[0].rpartition("/")[2]
    chosen = {
        "REDIS_URL": _REDIS,
        "REDIS_CHANNEL_PREFIX": f"fanloom:{database}:run:",
        "WORKER_QUEUE_KEY": f"fanloom:{database}:jobs",
    }
    ours = {"DATABASE_URL": url, "FANLOOM_CHECKPOINT_URL": url, "REDIS_BROKER_ENABLED": "true"}
    return {**chosen, **{name: os.environ[name] for name in chosen if os.environ.get(name)}, **ours}


def check_stores(variables: Mapping[str, str]) -> None:
    """Raise UserError, without a password, for a store that does not answer."""
    import psycopg
    import redis

    database, broker = variables["DATABASE_URL"], variables["REDIS_URL"]
    try:
        psycopg.connect(database, connect_timeout=_PATIENCE_S).close()
    except (psycopg.Error, ValueError) as error:
        raise _silent("PostgreSQL", database, error, "FANLOOM_CHECKPOINT_URL") from None
    try:
        with redis.Redis.from_url(broker, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise _silent("Redis", broker, error, "REDIS_URL") from None


def _silent(store: str, url: str, error: Exception, variable: str) -> UserError:
    cause = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return UserError(f"{store} at {show_url(url)} does not answer ({cause}): start it, or correct {variable}.")

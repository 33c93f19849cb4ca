"""Where processes keep a ledger that they share: a row of PostgreSQL or a key of Redis, swapped if unchanged."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from fanloom.errors import InvalidSettings, MissingPackage

T = TypeVar("T")

_WAIT_S = 2
_LISTENS_S = 5
# A job may go on after weeks.
_KEPT_S = 90 * 86_400
_LIMITS = "limits"
_NEWS = "fanloom_limits"
_TRIES = 50
# Any number, as long as every process that makes the table takes the same.
_SETUP_LOCK = 7_245_003


class Page(NamedTuple):
    """The ledger as it was read: its version, its text, and the time by the store's clock, in seconds."""

    version: Any
    text: str
    now: float


class LimitStore(Protocol):
    """A text that several processes read, and replace where nobody else has."""

    def read(self) -> Page:
        """Return the text, its version and the time."""
        ...

    def swap(self, page: Page, text: str, news: str = "") -> bool:
        """Replace what was read, and say whether it was still there; if it was, tell all who listen some news."""
        ...

    def heard(self) -> Iterator[str]:
        """Yield what others tell, for ever, on a connection of its own; first, and from time to time, nothing."""
        ...

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        ...


def limit_store(url: str, name: str = _LIMITS) -> LimitStore:
    """Return the store of a ledger of this name, at a URL that the settings have checked.

    Raises MissingPackage where its driver is missing.
    """
    return RedisLimits(url, name) if url.startswith("redis") else PostgresLimits(url, name)


def written(store: LimitStore, change: Callable[[Any, float], T], news: str = "") -> T:
    """Write what `change` makes of a ledger at a moment of the store's clock, and return what it returns.

    It is called again where another process was faster. Raises what the store raises, and TimeoutError.
    """
    for _ in range(_TRIES):
        page = store.read()
        ledger = json.loads(page.text)
        found = change(ledger, page.now)
        if store.swap(page, json.dumps(ledger, separators=(",", ":")), news):
            return found
        time.sleep(random.random() / 100)
    raise TimeoutError("too many processes write at once")


class PostgresLimits:
    """A ledger as a row of a table, which is made where it is not there."""

    def __init__(self, url: str, name: str = _LIMITS) -> None:
        try:
            import psycopg
        except ImportError:
            raise MissingPackage('PostgreSQL needs its driver; run: pip install "fanloom[postgres]"') from None
        try:
            port = str(psycopg.conninfo.conninfo_to_dict(url).get("port") or "")
        except psycopg.ProgrammingError:
            port = "none"
        # What libpq says of a URL that it does not understand may quote a part of the password.
        if not port.replace(",", "0").isdigit() and port:
            raise InvalidSettings("FANLOOM_LIMITS_URL: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
        self._connect, self._url, self._name = psycopg.connect, url, name
        self._connection: Any = None

    def read(self) -> Page:
        """Return the text, its version and the time."""
        self._connection = self._connection or self._opened()
        found = self._connection.execute(
            "SELECT version, ledger, extract(epoch FROM clock_timestamp())::float8 FROM fanloom_ledgers "
            "WHERE name = %s",
            [self._name],
        ).fetchone()
        return Page(*found)

    def swap(self, page: Page, text: str, news: str = "") -> bool:
        """Replace what was read, and say whether it was still there; if it was, tell all who listen some news."""
        done = self._connection.execute(
            "UPDATE fanloom_ledgers SET version = version + 1, ledger = %s WHERE name = %s AND version = %s "
            "RETURNING CASE WHEN %s <> '' THEN pg_notify(%s, %s) END",
            [text, self._name, page.version, news, _NEWS, news],
        )
        return bool(done.rowcount)

    def heard(self) -> Iterator[str]:
        """Yield what others tell, for ever, on a connection of its own; first, and from time to time, nothing."""
        # One whose other end is gone without a word is known as that after some seconds.
        alive: dict[str, Any] = {"keepalives_idle": _LISTENS_S, "keepalives_interval": 1, "keepalives_count": 3}
        with self._connect(self._url, autocommit=True, connect_timeout=_WAIT_S, **alive) as connection:
            connection.execute(f"LISTEN {_NEWS}")
            while True:
                yield ""
                yield from (news.payload for news in connection.notifies(timeout=_LISTENS_S))

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _opened(self) -> Any:
        patience: dict[str, Any] = {"connect_timeout": _WAIT_S, "tcp_user_timeout": _WAIT_S * 1000}
        connection = self._connect(self._url, autocommit=True, prepare_threshold=None, **patience)
        try:
            self._set_up(connection)
        except BaseException:
            # Also Ctrl-C: nobody else knows of the connection.
            connection.close()
            raise
        return connection

    def _set_up(self, connection: Any) -> None:
        connection.execute(f"SET statement_timeout = {_WAIT_S * 1000}")
        with connection.transaction():
            # Two that make a table at once: one of them would fail.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])
            connection.execute(
                "CREATE TABLE IF NOT EXISTS fanloom_ledgers (name text PRIMARY KEY, version bigint, ledger text)"
            )
            connection.execute("INSERT INTO fanloom_ledgers VALUES (%s, 0, '{}') ON CONFLICT DO NOTHING", [self._name])


class RedisLimits:
    """A ledger as a key of Redis."""

    _SWAP = (
        "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end "
        "redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) "
        "if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end return 1"
    )

    def __init__(self, url: str, name: str = _LIMITS) -> None:
        try:
            import redis
        except ImportError:
            raise MissingPackage('Redis needs its client; run: pip install "fanloom[redis]"') from None
        self._key = f"fanloom:{name}"
        patience: dict[str, Any] = {"socket_timeout": _WAIT_S, "socket_connect_timeout": _WAIT_S}
        try:
            self._client: Any = redis.Redis.from_url(url, decode_responses=True, **patience)
        except ValueError:
            raise InvalidSettings("FANLOOM_LIMITS_URL: write redis://USER:PASSWORD@HOST:PORT/NUMBER") from None

    def read(self) -> Page:
        """Return the text, its version and the time."""
        text, (seconds, micros) = self._client.pipeline(transaction=False).get(self._key).time().execute()
        return Page(text or "", text or "{}", seconds + micros / 1e6)

    def swap(self, page: Page, text: str, news: str = "") -> bool:
        """Replace what was read, and say whether it was still there; if it was, tell all who listen some news."""
        return bool(self._client.eval(self._SWAP, 1, self._key, page.version, text, _KEPT_S, _NEWS, news))

    def heard(self) -> Iterator[str]:
        """Yield what others tell, for ever, on a connection of its own; first, and from time to time, nothing."""
        with self._client.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(_NEWS)
            while True:
                yield ""
                heard = listener.get_message(timeout=_LISTENS_S)
                if heard:
                    yield heard["data"]
                else:
                    listener.ping()

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        self._client.close()

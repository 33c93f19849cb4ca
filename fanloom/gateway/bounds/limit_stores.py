"""Where processes keep the ledger that they share: a row of PostgreSQL or a key of Redis, swapped if unchanged."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from fanloom.errors import InvalidSettings, MissingPackage

_WAIT_S = 2
_KEPT_S = 86_400
_KEY = "fanloom:limits"
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

    def swap(self, page: Page, text: str) -> bool:
        """Replace what was read, and say whether it was still there."""
        ...

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        ...


def limit_store(url: str) -> LimitStore:
    """Return the store of a URL that the settings have checked. Raises MissingPackage where its driver is missing."""
    return RedisLimits(url) if url.startswith("redis") else PostgresLimits(url)


class PostgresLimits:
    """The ledger as a row of a table, which is made where it is not there."""

    def __init__(self, url: str) -> None:
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
        self._connect, self._url = psycopg.connect, url
        self._connection: Any = None

    def read(self) -> Page:
        """Return the text, its version and the time."""
        self._connection = self._connection or self._opened()
        found = self._connection.execute(
            "SELECT version, ledger, extract(epoch FROM clock_timestamp())::float8 FROM fanloom_limits WHERE id = 1"
        ).fetchone()
        return Page(*found)

    def swap(self, page: Page, text: str) -> bool:
        """Replace what was read, and say whether it was still there."""
        done = self._connection.execute(
            "UPDATE fanloom_limits SET version = version + 1, ledger = %s WHERE id = 1 AND version = %s",
            [text, page.version],
        )
        return bool(done.rowcount)

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _opened(self) -> Any:
        patience: dict[str, Any] = {"connect_timeout": _WAIT_S, "tcp_user_timeout": _WAIT_S * 1000}
        connection = self._connect(self._url, autocommit=True, prepare_threshold=None, **patience)
        connection.execute(f"SET statement_timeout = {_WAIT_S * 1000}")
        with connection.transaction():
            # Two that make a table at once: one of them would fail.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])
            connection.execute(
                "CREATE TABLE IF NOT EXISTS fanloom_limits (id int PRIMARY KEY, version bigint, ledger text)"
            )
            connection.execute("INSERT INTO fanloom_limits VALUES (1, 0, '{}') ON CONFLICT DO NOTHING")
        return connection


class RedisLimits:
    """The ledger as a key of Redis."""

    _SWAP = (
        "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end "
        "redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1"
    )

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError:
            raise MissingPackage('Redis needs its client; run: pip install "fanloom[redis]"') from None
        patience: dict[str, Any] = {"socket_timeout": _WAIT_S, "socket_connect_timeout": _WAIT_S}
        try:
            self._client: Any = redis.Redis.from_url(url, decode_responses=True, **patience)
        except ValueError:
            raise InvalidSettings("FANLOOM_LIMITS_URL: write redis://USER:PASSWORD@HOST:PORT/NUMBER") from None

    def read(self) -> Page:
        """Return the text, its version and the time."""
        text, (seconds, micros) = self._client.pipeline(transaction=False).get(_KEY).time().execute()
        return Page(text or "", text or "{}", seconds + micros / 1e6)

    def swap(self, page: Page, text: str) -> bool:
        """Replace what was read, and say whether it was still there."""
        return bool(self._client.eval(self._SWAP, 1, _KEY, page.version, text, _KEPT_S))

    def close(self) -> None:
        """Close the connection; the next read opens another one."""
        self._client.close()

"""A PostgreSQL database of its own for each test that asks for `postgres_url`; without a server the test is skipped."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

# Read at import, since every test begins with an environment that has no FANLOOM_ variable.
SERVER = os.environ.get("FANLOOM_TEST_POSTGRES_URL") or "postgresql://127.0.0.1:5432/postgres"
REQUIRED = bool(os.environ.get("FANLOOM_REQUIRE_POSTGRES"))


@pytest.fixture(scope="session")
def empty_databases() -> Iterator[list[str]]:
    """Keep the databases that tests have left, emptied: that takes a tenth of the time of making one."""
    names: list[str] = []
    yield names
    for name in names:
        _drop(name)


@pytest.fixture
def postgres_url(empty_databases: list[str]) -> Iterator[str]:
    """Yield the URL of a database in which nothing is, by a name that no test has had."""
    name = _new_name()
    if not (empty_databases and _renamed(empty_databases.pop(), name)):
        _administer("CREATE DATABASE {}", name)
    yield _url(name)
    try:
        _empty(name)
    except psycopg.Error:
        # Somebody has not let go of it.
        _drop(name)
    else:
        empty_databases.append(name)


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database, and drop it afterwards."""
    name = _new_name()
    _administer("CREATE DATABASE {}", name)
    try:
        yield _url(name)
    finally:
        _drop(name)


def _new_name() -> str:
    return f"fanloom_test_{uuid.uuid4().hex}"


def _url(name: str) -> str:
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


def _empty(name: str) -> None:
    _administer("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
    with psycopg.connect(_url(name), autocommit=True) as connection:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid != %s"
        connection.execute(others, [name, connection.info.backend_pid])
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _renamed(name: str, other: str) -> bool:
    """Give a database another name; where somebody has come back to it, drop it and say so."""
    try:
        _administer("ALTER DATABASE {} RENAME TO {}", name, other)
    except psycopg.errors.ObjectInUse:
        _drop(name)
        return False
    return True


def _drop(name: str) -> None:
    _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, *names: str) -> None:
    try:
        connection = psycopg.connect(SERVER, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no PostgreSQL answers; set FANLOOM_TEST_POSTGRES_URL ({str(error).splitlines()[0]})")
    with connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

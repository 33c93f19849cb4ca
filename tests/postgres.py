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


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Yield the URL of a new database, which is dropped afterwards."""
    with new_database() as url:
        yield url


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database, and drop it afterwards."""
    name = f"fanloom_test_{uuid.uuid4().hex}"
    _administer("CREATE DATABASE {}", name)
    try:
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, name: str) -> None:
    try:
        connection = psycopg.connect(SERVER, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no PostgreSQL answers; set FANLOOM_TEST_POSTGRES_URL ({str(error).splitlines()[0]})")
    with connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

"""The connection to a LangGraph server, and what its failures say to a person."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import (
    APIStatusError,
    AuthenticationError,
    PermissionDeniedError,
    UnprocessableEntityError,
)

from fanloom.cli.exits import Refused, RunFailed
from fanloom.errors import InvalidSettings, UserError
from fanloom.redaction import show_url
from fanloom.settings import settings

# A stream shows a sign of life every few seconds, also where nothing happens.
_CONNECT_S, _SILENT_S = 5, 60
_KEY = "FANLOOM_API_KEY"


def connect(url: str) -> SyncLangGraphClient:
    """Return the client of a server, with FANLOOM_API_KEY as its key; nothing is sent yet.

    Each request has a time-out, and a stream that breaks is taken up again five times, in about 20 s.

    Raises UserError for what is no URL, and InvalidSettings for a key that cannot be sent.
    """
    key = settings().api_key
    if key is not None and not re.fullmatch("[!-~]+", key):
        raise InvalidSettings(f"{_KEY} cannot be a key: it has characters other than printable ASCII ones. Correct it.")
    return SyncLangGraphClient(
        httpx.Client(
            base_url=check_url(url),
            timeout=httpx.Timeout(_SILENT_S, connect=_CONNECT_S),
            headers={} if key is None else {"x-api-key": key},
        )
    )


def check_url(url: str) -> str:
    """Return the address of a server. Raises UserError for what is none."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UserError(f"--url takes the address of a server, as in http://127.0.0.1:2024, not {show_url(url)!r}.")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise UserError(f"--url takes an address without a user, a query or a fragment; a key belongs in {_KEY}.")
    return url.rstrip("/")


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what goes wrong between here and a server into Refused or RunFailed, with what to do."""
    try:
        yield
    except (AuthenticationError, PermissionDeniedError) as error:
        raise Refused(f"the server at {url} refuses you: {error.message}. {_about_key(error)}") from error
    except APIStatusError as error:
        raise RunFailed(f"the server at {url} answers {error.status_code}: {error.message}") from error
    except json.JSONDecodeError as error:
        raise no_server(url) from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if _is_about_tls(error):
            raise RunFailed(
                f"no safe connection to {url} ({_cause(error)}): correct http or https in --url; "
                "for a certificate of your own authority, set SSL_CERT_FILE."
            ) from error
        raise RunFailed(
            f"no server answers at {url}: start one with `fanloom dev`, or correct --url or FANLOOM_URL."
        ) from error
    except httpx.TimeoutException as error:
        raise RunFailed(
            f"the server at {url} has not answered for {_SILENT_S} s: look at its log, then try again."
        ) from error
    except httpx.HTTPError as error:
        raise RunFailed(
            f"the connection to {url} was lost ({_cause(error)}): see whether the server runs, then try again."
        ) from error


def search_threads(client: SyncLangGraphClient, fields: list[Any], **how: Any) -> list[Any]:
    """Return the threads that a search finds, with some fields at least."""
    try:
        return list(client.threads.search(**how, select=fields))
    except UnprocessableEntityError:
        # Aegra selects nothing, and gives no states either.
        return list(client.threads.search(**how))


def check_sendable(given: Any) -> None:
    """Raise UserError for values that JSON has no form of."""
    try:
        json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise UserError(
            f"the input or the context cannot be sent: {error}. Give UTF-8 text and finite numbers."
        ) from None


def no_server(url: str) -> RunFailed:
    """Return the error for an address where something else answers."""
    return RunFailed(f"what answers at {url} is no LangGraph server: correct --url.")


def _about_key(error: APIStatusError) -> str:
    if settings().api_key is None:
        return f"Set {_KEY} to a key that it knows."
    if isinstance(error, PermissionDeniedError):
        return f"The key in {_KEY} may not do this."
    return f"Correct {_KEY}: the server does not accept this key."


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _cause(error: httpx.HTTPError) -> str:
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__

"""URLs without their secrets: a password that was not encoded may hold any of '@/?#:', and so hide where it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

_HIDDEN = "***"
_SCHEME = re.compile(r"((?:[A-Za-z][\w+.-]*:)*//)?(.*)", re.DOTALL)
_BEGINS = re.compile(r"(?:[A-Za-z][\w+.-]*:)+//")
_END = re.compile(r"[/?#;]")
_QUERY = re.compile(r"[?;].*=", re.DOTALL)
# A name or an address, several where a database has them.
_HOST = r"(?:\[[\w:.%]*\]|[\w.-]*)(?::\d{0,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
_FILES = ("sqlite", "file", "duckdb", "memory")
# What names a database to libpq: host=db password='it''s secret'.
_FIELD = re.compile(r"\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)", re.DOTALL)
_FIELDS = re.compile(rf"(?:{_FIELD.pattern})+\s*", re.DOTALL)
_LIBPQ = re.compile(r"(?:^|\s)(?:host|hostaddr|port|dbname|user|password|service)\s*=")
_TOLD = ("host", "hostaddr", "port", "dbname")

# A URL in a text ends before a space; its first part may end before a quotation mark.
_IN_TEXT = re.compile(r"(?<=\w)://(\S{1,2000})")
_QUOTED = re.compile(r"[\"'<>`]")
_WEB = re.compile(r"(?:https?|wss?)\Z", re.IGNORECASE)
_SITE = re.compile(r"(?:[\w-]+\.)+\w{2,}(?::\d{1,5})?|localhost(?::\d{1,5})?|\[[\w:.%]+\](?::\d{1,5})?")


def without_secrets(url: str) -> str:
    """Return a URL's scheme, hosts and path; of what may be a password, whichever way it is read, nothing."""
    if not _BEGINS.match(url) and _LIBPQ.search(url):
        return _fields(url)
    scheme, rest = _SCHEME.fullmatch(url).groups("")  # type: ignore[union-attr]
    if scheme.lower().startswith(_FILES):
        return scheme + _cut(rest, "[?#]")
    user, at, place = rest.rpartition("@")
    first = _cut(rest, _END.pattern)
    host = first.rpartition("@")[2]
    if not at or len(user) < len(first):
        return scheme + _place(place)
    # The last '@' stands in the path, or all before it is the user: what is true both ways may be seen.
    is_path = _HOSTS.fullmatch(host) is not None
    is_user = _HOSTS.fullmatch(_cut(place, _END.pattern)) is not None and not _QUERY.search(user)
    if is_user and not is_path:
        return scheme + _place(place)
    return scheme + (host if is_path and not is_user and not _QUERY.search(user) else _HIDDEN)


def is_clear(url: str) -> bool:
    """Tell whether a URL has one reading, so that no library takes a part of the password for the host and tells it."""
    user = _SCHEME.fullmatch(url).groups("")[1].rpartition("@")[0]  # type: ignore[union-attr]
    return "@" not in user and _HIDDEN not in without_secrets(url)


def password_of(url: str) -> Iterator[str]:
    """Give the password of a URL, as it stands there and decoded; none where there is no user."""
    scheme, rest = _SCHEME.fullmatch(url).groups("")  # type: ignore[union-attr]
    if not scheme or scheme.lower().startswith(_FILES):
        return
    for user in {rest.rpartition("@")[0], _cut(rest, "[/?#]").rpartition("@")[0]}:
        if password := user.partition(":")[2]:
            yield from (password, unquote(password))


def mask_urls(text: str) -> str:
    """Mask the users in the URLs of a text."""
    if "://" not in text:
        return text
    return _IN_TEXT.sub(
        lambda found: "://" + _without_user(text[max(0, found.start() - 6) : found.start()], found[1]), text
    )


def _without_user(scheme: str, rest: str) -> str:
    quoted = _QUOTED.split(rest, maxsplit=1)[0]
    first = _cut(quoted, _END.pattern)
    # Also a file's path, which may have an '@'.
    if quoted.startswith("/") or ("@" not in quoted and _HOSTS.fullmatch(first.rstrip(".,:)]}"))):
        return rest
    # A quotation mark stands in the password, or after the URL.
    within = quoted if "@" in quoted else rest
    user, at, place = within.rpartition("@")
    if at and len(user) >= len(first) and _WEB.search(scheme) and _SITE.fullmatch(first.rpartition("@")[2]):
        # The '@' of a page's path.
        user, at, place = first.rpartition("@")
        place += within[len(first) :]
    if not at:
        return rest
    return ("***" if _QUERY.search(user) else f"***@{place}") + rest[len(within) :]


def _place(place: str) -> str:
    """Return the hosts and the path of what stands after the user."""
    hosts = _cut(place, _END.pattern)
    return _cut(place, "[?#;]") if _HOSTS.fullmatch(hosts) else _HIDDEN


def _fields(given: str) -> str:
    if not _FIELDS.fullmatch(given):
        return _HIDDEN
    return " ".join(f"{name}={value}" for name, value in _FIELD.findall(given) if name in _TOLD)


def _cut(text: str, end: str) -> str:
    return re.split(end, text, maxsplit=1)[0]

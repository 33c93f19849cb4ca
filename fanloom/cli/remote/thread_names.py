"""The threads of a server by the names that their users gave them: two users may both have a `monday`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import APIStatusError, ConflictError, NotFoundError

from fanloom.cli.exits import Refused
from fanloom.cli.remote.connection import search_threads
from fanloom.cli.thread import thread_id
from fanloom.errors import UserError
from fanloom.settings import settings

NAME = "fanloom_thread"
_MANY = 100


class ThreadNames:
    """Which thread a user means by a name.

    The first user of a name gets the thread whose id is made of the name, another one that whose id is made of the user
    and the name: both are found again where a server has forgotten its list. Where somebody took both ids, the name
    that is kept with a thread finds it.
    """

    def __init__(self, client: SyncLangGraphClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    @cached_property
    def user(self) -> str:
        """Whom our server takes us for; nobody without a key, and on other servers."""
        if settings().api_key is None:
            return ""
        try:
            told: Any = self._client.http.get("/whoami")
        except (APIStatusError, ValueError):
            # No server of ours, or the key is refused, which every other call says as well.
            return ""
        return str(told.get("user") or "") if isinstance(told, dict) else ""

    def of(self, row: Mapping[str, Any]) -> str:
        """Return the name of a thread for this user: of another's, the id."""
        name = (row.get("metadata") or {}).get(NAME)
        return str(name if name and self._is_own(row) else row["thread_id"])

    def find(self, name: str) -> str:
        """Return the id of the thread of a name: the user's own, else the only one of that name that staff see.

        Raises UserError where several users have one.
        """
        if name not in self._known:
            found = self._own(name) or self._another(name)
            if found is None:
                return thread_id(name)
            self._known[name] = found
        return self._known[name]

    def make(self, name: str, graph: str) -> str:
        """Make the user's thread of a name, unless there is one, and return its id. Raises Refused for another's."""
        own = self._own(name) if self.user else None
        for where in [own] if own else [*self.ids(name), *([None] if self.user else [])]:
            row = self.create(name, graph, where)
            if row and self._is_own(row):
                self._known[name] = str(row["thread_id"])
                return self._known[name]
        raise Refused(f"thread {name!r} of this server is not yours; take another name.")

    def ids(self, name: str) -> list[str]:
        """Return the ids that a thread of this user and name may have."""
        return list(dict.fromkeys([thread_id(name), thread_id(name, self.user)]))

    def create(self, name: str, graph: str, where: str | None) -> Mapping[str, Any] | None:
        """Make a thread of an id, unless there is one, and return it; None where it is another's."""
        named = {} if thread_id(name) == name.lower() else {NAME: name}
        try:
            row: Any = self._client.threads.create(
                thread_id=where, graph_id=graph, metadata=named, if_exists="do_nothing"
            )
        except (ConflictError, NotFoundError):
            return None
        return cast("Mapping[str, Any]", row)

    def _own(self, name: str) -> str | None:
        ids = self.ids(name)
        if not self.user or thread_id(name) == name.lower():
            return ids[0]
        named = (str(row["thread_id"]) for row in self._named(name) if self._is_own(row))
        return next((where for where in ids if self._is_there(where)), None) or next(named, None)

    def _another(self, name: str) -> str | None:
        found = self._named(name)
        if len(found) > 1:
            several = ", ".join(f"{row['thread_id']} of {_owner(row)}" for row in found)
            raise UserError(f"several users have a thread {name!r}; give the id of one: {several}.")
        return str(found[0]["thread_id"]) if found else None

    def _is_there(self, where: str) -> bool:
        try:
            row: Any = self._client.threads.get(where)
        except NotFoundError:
            return False
        return self._is_own(row)

    def _is_own(self, row: Mapping[str, Any]) -> bool:
        return not self.user or _owner(row) in (None, self.user)

    def _named(self, name: str) -> list[Any]:
        """Return the threads of a name that the user may see, the newest first."""
        named = {"metadata": {NAME: name}, "limit": _MANY, "sort_by": "updated_at", "sort_order": "desc"}
        return search_threads(self._client, ["thread_id", "metadata"], **named)


def _owner(row: Mapping[str, Any]) -> Any:
    return (row.get("metadata") or {}).get("owner")

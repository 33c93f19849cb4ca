"""A thread that renews this process's leases every other second, and one that hears what others have met."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
import weakref
from typing import Protocol

from fanloom.gateway.bounds.lease_rule import RENEWED_AFTER_S, Ask, Grant, Ledger, drop_unused, renew
from fanloom.gateway.bounds.limit_stores import LimitStore, limit_store, written
from fanloom.redaction import redact, show_url

DEAF_S = 0.7
"""How often leases are renewed while the store tells no news: so that a pause still reaches all within a second."""
_BREATH_S = 0.1
_logger = logging.getLogger(__name__)


class Member(Protocol):
    """The bounds of a model, as far as they are shared."""

    def ask(self) -> tuple[Ask, float]:
        """Return what is asked for, and the moment of it on its own clock."""
        ...

    def answered(self, grant: Grant, asked_at: float) -> None:
        """Take what was granted."""
        ...

    def unanswered(self, ask: Ask) -> None:
        """Note that no answer came."""
        ...


class Sharer:
    """Renews the leases of all models of this process at one store."""

    def __init__(self, store: LimitStore, place: str) -> None:
        self.holder = uuid.uuid4().hex[:12]
        self._store, self._place = store, place
        self._members: weakref.WeakKeyDictionary[Member, str] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._is_away = self._hears = self._is_stopped = False

    def start(self) -> None:
        """Begin to renew and to listen, until the process ends or it is stopped."""
        threading.Thread(target=self._renew_for_ever, name="fanloom-limits", daemon=True).start()
        threading.Thread(target=self._listen_for_ever, name="fanloom-limits-news", daemon=True).start()

    def stop(self) -> None:
        """End with what is under way, and close the connections."""
        self._is_stopped = True
        self.wake()

    def add(self, name: str, member: Member) -> None:
        """Share the bounds of a model of this name."""
        with self._lock:
            self._members[member] = name
        self.wake()

    def wake(self) -> None:
        """Renew now, since something has happened that others should know, or a call waits for the first lease."""
        self._woken.set()

    def _renew_for_ever(self) -> None:
        while not self._is_stopped:
            self._woken.wait(RENEWED_AFTER_S if self._hears else DEAF_S)
            self._woken.clear()
            self.renew()
            # However much there is to tell.
            time.sleep(_BREATH_S)
        self._close()

    def _listen_for_ever(self) -> None:
        while not self._is_stopped:
            try:
                self.listen()
            except Exception:  # noqa: BLE001 - whatever a driver raises; the thread that renews says so
                _logger.debug("the news of the limits at %s cannot be heard", self._place)
            self._hears = False
            time.sleep(DEAF_S)

    def listen(self) -> None:
        """Renew whenever another process has met something, as long as the store can be heard."""
        for news in self._store.heard():
            self._hears = True
            if self._is_stopped:
                return
            if news and news != self.holder:
                self.wake()

    def renew(self) -> None:
        """Renew all leases once."""
        with self._lock:
            members = list(self._members.items())
        asked = [(member, name, *member.ask()) for member, name in members]
        for _, _, ask, _ in asked:
            ask.holder = self.holder
        grants = self._answers([(name, ask) for _, name, ask, _ in asked]) if asked else []
        for number, (member, _, ask, asked_at) in enumerate(asked):
            if grants is None:
                member.unanswered(ask)
            else:
                member.answered(grants[number], asked_at)

    def _answers(self, asks: list[tuple[str, Ask]]) -> list[Grant] | None:
        try:
            grants = self._exchange(asks)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: a thread that ended would renew nothing more
            self._note_away(error)
            return None
        if self._is_away:
            _logger.warning("the limits at %s are shared again", self._place)
            self._is_away = False
        return grants

    def _exchange(self, asks: list[tuple[str, Ask]]) -> list[Grant]:
        def renewed(ledgers: dict[str, Ledger], now: float) -> list[Grant]:
            grants = [renew(ledgers.setdefault(name, {}), ask, now) for name, ask in asks]
            drop_unused(ledgers, now)
            return grants

        return written(self._store, renewed, self.holder if any(ask.has_news for _, ask in asks) else "")

    def _note_away(self, error: Exception) -> None:
        self._close()
        if not self._is_away:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            _logger.warning(
                "the limits at %s cannot be shared (%s); until they can, this process keeps its last lease and then "
                "its static share, FANLOOM_LIMITS_SHARE or what it had last",
                self._place,
                redact(why),
            )
        self._is_away = True

    def _close(self) -> None:
        try:
            self._store.close()
        except Exception:  # noqa: BLE001 - it may be away
            _logger.debug("a connection could not be closed")


_sharers: dict[tuple[int, str | None], Sharer] = {}
_lock = threading.Lock()


def sharer_of(url: str | None) -> Sharer | None:
    """Return what renews the leases of this process at a URL; without one, at the store of `share_through`, if any.

    Raises MissingPackage where the driver of the URL is missing.
    """
    # A thread does not survive a fork.
    key = (os.getpid(), url)
    with _lock:
        if url is not None and key not in _sharers:
            _sharers[key] = _started(limit_store(url), show_url(url))
        return _sharers.get(key)


def share_through(store: LimitStore, place: str) -> None:
    """Share the limits of this process at a store where FANLOOM_LIMITS_URL names none."""
    with _lock:
        _sharers[os.getpid(), None] = _started(store, place)


def _started(store: LimitStore, place: str) -> Sharer:
    sharer = Sharer(store, place)
    sharer.start()
    return sharer

"""What one process may use of a limit that several share: its lease, and a static share while the store is away."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from fanloom.gateway.bounds.lease_rule import RENEWED_AFTER_S, Ask, Corrections, Grant

AWAY_S = 4.0
"""After how long without an answer a store counts as away."""
UNKNOWN_SHARE = 0.1
"""The share of a process that has never met the store, where FANLOOM_LIMITS_SHARE says nothing."""
_RESERVE = 20
_QUIET = 4
# A lease is for some calls more than there were, so that it does not end before it is renewed.
_MORE = 1.25
_LEAST_S = 1.0


class Charge(NamedTuple):
    """What a call was begun with: the name of a lease, none for the static share, and the tokens taken from it."""

    lease: str
    tokens: int


class Lease:
    """A share of the requests and tokens a minute; as long as it lasts calls begin without asking anybody."""

    def __init__(self, rpm: int | None, tpm: int | None, share: float | None, now: float) -> None:
        self.rpm, self.tpm = rpm, tpm
        self.said_share, self.share = share, share or UNKNOWN_SHARE
        self._may_have_more = True
        self._name, self._calls, self._tokens = "", 0, 0
        self._until = float("-inf")
        self._heard = now
        self._begun = self._begun_tokens = 0
        self._asked = now
        self._processes, self._quiet = 1, _QUIET
        self._corrections: Corrections = {}

    @property
    def is_bound(self) -> bool:
        """Whether there is anything to share."""
        return bool(self.rpm or self.tpm)

    def is_away(self, now: float) -> bool:
        """Say whether the store has not answered for so long that the static share holds."""
        return now >= max(self._until, self._heard + AWAY_S)

    def bounds(self, now: float) -> tuple[int | None, int | None]:
        """Return the requests and tokens that this process may begin a minute at most."""
        if not self.is_away(now):
            return self.rpm, self.tpm
        return _part(self.rpm, self.share), _part(self.tpm, self.share)

    def wait_s(self, tokens: int, now: float) -> float:
        """Return how long a call has to wait, unless the lease is renewed before."""
        if not self.is_bound or self.is_away(now) or self.lacks(tokens, now) == "":
            return 0.0
        return max(self._until, self._heard + AWAY_S) - now

    def lacks(self, tokens: int, now: float) -> str:
        """Return what a call of so many tokens lacks, `rpm` or `tpm`; empty if nothing."""
        is_over = now >= self._until
        if self.rpm is not None and (is_over or not self._calls):
            return "rpm"
        return "tpm" if self.tpm is not None and (is_over or self._tokens < min(tokens, self.tpm)) else ""

    def is_short(self, tokens: int, now: float) -> bool:
        """Say whether a call should not wait until it is renewed: it lacks something, and there may be more."""
        return self.is_bound and self._may_have_more and self.lacks(tokens, now) != ""

    def begin(self, tokens: int, now: float) -> Charge:
        """Take what a call needs."""
        # One that is larger than the limit gets the whole of it.
        tokens = min(tokens, self.tpm) if self.tpm is not None else tokens
        self._begun += 1
        self._begun_tokens += tokens
        if now >= self._until:
            self._correct("", 1, tokens)
            return Charge("", tokens)
        self._calls -= 1
        self._tokens -= tokens
        return Charge(self._name, tokens)

    def settle(self, charge: Charge, tokens: int) -> None:
        """Note what a call has really used."""
        self._correct(charge.lease, 0, tokens - charge.tokens)

    def ask(self, waiting: int, first_tokens: int, width: int, now: float) -> Ask:
        """Return what to ask for: what waits, and what will come until the next time if it comes as it has come."""
        begun, used = self._begun, self._begun_tokens
        self._quiet = 0 if waiting or begun else self._quiet + 1
        # After a very short time nobody knows how many come in a longer one.
        coming = ceil(begun * _MORE * RENEWED_AFTER_S / max(_LEAST_S, now - self._asked))
        calls = min(waiting, width + 2 * coming) + coming
        calls = max(calls, self._reserve(self.rpm))
        calls = calls if self.rpm is None else min(self.rpm, calls)
        each = max(first_tokens, used // begun if begun else 0)
        tokens = min(self.tpm or 0, max(calls * each, self._reserve(self.tpm)))
        corrections, self._corrections = self._corrections, {}
        self._begun = self._begun_tokens = 0
        self._asked = now
        calls = max(calls, bool(tokens)) if self.is_bound else 0
        least = min(first_tokens, self.tpm or 0)
        return Ask(rpm=self.rpm, tpm=self.tpm, calls=calls, tokens=tokens, least_tokens=least, corrections=corrections)

    def _reserve(self, limit: int | None) -> int:
        """Return what is held for calls that are still to come, unless none has come for a while."""
        return 0 if self._quiet > _QUIET else (limit or 0) // (_RESERVE * self._processes)

    def renewed(self, grant: Grant, asked_at: float, now: float) -> None:
        """Go over to a new lease, which holds from when it was asked for; what is left of the old one is given back."""
        if self._name:
            self._correct(self._name, -self._calls, -self._tokens if self.tpm is not None else 0)
        self._name, self._calls, self._tokens = grant.lease, grant.calls, grant.tokens
        self._until, self._heard = asked_at + grant.lease_s, now
        self._may_have_more = grant.has_all
        self._processes = grant.processes
        self.share = self.said_share or 1 / grant.processes

    def unanswered(self, ask: Ask) -> None:
        """Note that an answer did not come: what was told may have been heard, so only what is owed is told again."""
        self._may_have_more = False
        for name, (calls, tokens) in ask.corrections.items():
            self._correct(name, max(0, calls), max(0, tokens))

    def _correct(self, name: str, calls: int, tokens: int) -> None:
        before = self._corrections.get(name, (0, 0))
        self._corrections[name] = (before[0] + calls, before[1] + tokens)


def _part(limit: int | None, share: float) -> int | None:
    return None if limit is None else max(1, int(limit * share))

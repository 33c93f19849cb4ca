"""How processes share a minute's allowance: the rule, on a ledger and a clock that are given from outside.

What is granted may be used until the lease ends, and counts until a minute after that. So in no window of a minute more
begins than is allowed, however many processes there are. What a process has not used it gives back; what it used beyond
its estimate is taken off what is granted next. Where all is had that was asked for, a lease is long: there is enough.
Where it is not, a lease is short, since it is used at once, and what is used early counts no longer than it must.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MINUTE_S = 60.0
RENEWED_AFTER_S = 2.0
"""How often a lease is renewed: with a statement to read and one to write, about one statement a second."""
LEASE_S = 6.0
"""How long a lease may be used: some renewals, so that none that is late stops a process."""
SHORT_LEASE_S = 2.25
_BUCKETS_A_SECOND = 4
_SEEN_S = 6.0
_MODEL_KEPT_S = 600.0

Ledger = dict[str, Any]
"""What the store knows of one model; it is JSON."""
Corrections = dict[str, tuple[int, int]]
"""By the name of a lease, the calls and tokens that were used beyond it, or, below zero, that are given back."""


@dataclass
class Ask:
    """What a process asks for one model, and what it has to tell."""

    holder: str = ""
    rpm: int | None = None
    tpm: int | None = None
    calls: int = 0
    tokens: int = 0
    least_tokens: int = 0
    """The tokens of the call whose turn it is: less is of no use."""
    corrections: Corrections = field(default_factory=dict)
    pause_s: float = 0.0
    breaker: tuple[str, float] | None = None
    """What has happened to its breaker: why it has opened, and for how long; without a reason it has closed."""

    @property
    def has_news(self) -> bool:
        """Whether the others should hear of it at once."""
        return bool(self.pause_s or self.breaker)


@dataclass
class Grant:
    """What a process may use from when it asked, and what the others have met."""

    lease: str = ""
    """Its name: when it ends, in quarters of a second of the store's clock."""
    lease_s: float = LEASE_S
    calls: int = 0
    tokens: int = 0
    has_all: bool = True
    """Whether that is all that was asked for."""
    processes: int = 1
    pause_s: float = 0.0
    breaker: tuple[str, float] = ("", 0.0)
    mark: int = 0
    """Which event of a breaker that is: each is to be heeded once, and not by who has told it."""
    is_own: bool = False


def renew(ledger: Ledger, ask: Ask, now: float) -> Grant:
    """Write into a ledger what a process asks and tells at a moment of the store's clock; return what it gets."""
    used = ledger.setdefault("used", {})
    _forget(used, now)
    for name, (calls, tokens) in ask.corrections.items():
        _add(used, name or _bucket(now), calls, tokens, only_known=bool(name))
    wanting, processes = _note_seen(ledger, ask, now)
    calls, tokens = _share(used, ask, wanting, _saved_by_others(ledger, ask, now))
    has_all = calls == ask.calls and tokens >= ask.tokens
    lease_s = LEASE_S if has_all else SHORT_LEASE_S
    grant = Grant(_bucket(now + lease_s), lease_s, calls, tokens, has_all, processes)
    _save(ledger, ask, grant, now)
    _add(used, grant.lease, grant.calls, grant.tokens)
    _pass_on(ledger, ask, grant, now)
    return grant


def drop_unused(ledgers: dict[str, Ledger], now: float) -> None:
    """Forget the models that nobody has used for a while, and of which nothing is to be told."""
    for name, ledger in list(ledgers.items()):
        latest = max([seen for seen, _ in ledger["seen"].values()], default=0.0)
        if now > max(latest + _MODEL_KEPT_S, ledger["pause"], ledger.get("breaker", ["", 0.0])[1]):
            del ledgers[name]


def _bucket(at: float) -> str:
    return str(int(at * _BUCKETS_A_SECOND))


def _forget(used: dict[str, list[int]], now: float) -> None:
    latest = _bucket(now + LEASE_S)
    for name in list(used):
        # The last moment of it is a minute ago.
        if (int(name) + 1) / _BUCKETS_A_SECOND + MINUTE_S <= now:
            del used[name]
        elif int(name) > int(latest):
            # The store's clock has been set back.
            _add(used, latest, *used.pop(name))


def _add(used: dict[str, list[int]], name: str, calls: int, tokens: int, *, only_known: bool = False) -> None:
    if name in used or not only_known:
        before = used.get(name, [0, 0])
        used[name] = [max(0, before[0] + calls), max(0, before[1] + tokens)]


def _note_seen(ledger: Ledger, ask: Ask, now: float) -> tuple[int, int]:
    """Note that a process was here; return how many want something, this one too, and how many there are."""
    seen = {name: each for name, each in ledger.get("seen", {}).items() if now - _SEEN_S < each[0] <= now}
    seen[ask.holder] = [now, ask.calls > 0]
    ledger["seen"] = seen
    return max(1, sum(wants for _, wants in seen.values())), len(seen)


def _share(used: dict[str, list[int]], ask: Ask, wanting: int, saved: int) -> tuple[int, int]:
    """Return the calls and tokens that a process gets: what is free is divided among those that want something."""
    if not ask.calls:
        return 0, 0
    calls, tokens = ask.calls, ask.tokens
    if ask.rpm is not None:
        free = ask.rpm - sum(each[0] for each in used.values())
        calls = max(0, min(calls, -(-free // wanting)))
    if ask.tpm is not None:
        free = ask.tpm - sum(each[1] for each in used.values()) - saved
        tokens = min(free, max(ask.least_tokens, min(tokens, -(-free // wanting))))
        # A lease that no call could begin with keeps tokens from others.
        tokens = tokens if calls and tokens >= ask.least_tokens else 0
    return (calls, tokens) if tokens or ask.tpm is None else (0, 0)


def _saved_by_others(ledger: Ledger, ask: Ask, now: float) -> int:
    """Return the tokens that are kept free for another process, whose next call needs more than there are."""
    holder, tokens, at = ledger.get("saving", ["", 0, 0.0])
    return int(tokens) if holder != ask.holder and now - _SEEN_S < at <= now else 0


def _save(ledger: Ledger, ask: Ask, grant: Grant, now: float) -> None:
    """Save for one process at a time, else small calls of others would keep a large one waiting for ever."""
    holder, _, at = ledger.get("saving", ["", 0, 0.0])
    if holder not in ("", ask.holder) and now - _SEEN_S < at <= now:
        return
    needs = ask.tpm is not None and ask.calls > 0 and grant.tokens < ask.least_tokens
    ledger["saving"] = [ask.holder, ask.least_tokens, now] if needs else ["", 0, 0.0]


def _pass_on(ledger: Ledger, ask: Ask, grant: Grant, now: float) -> None:
    """Tell the others what this process has met, and this one what they have."""
    ledger["pause"] = max(ledger.get("pause", 0.0), now + ask.pause_s)
    if ask.breaker:
        why, seconds = ask.breaker
        grant.is_own = True
        ledger["breaker"] = [why, now + seconds, ledger.get("breaker", ["", 0, 0])[2] + 1]
    why, until, mark = ledger.get("breaker", ["", 0.0, 0])
    grant.pause_s = ledger["pause"] - now
    grant.breaker, grant.mark = (why if until > now else "", max(0.0, until - now)), mark

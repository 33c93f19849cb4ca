"""Limits that several processes share: the rule on simulated time, and real processes over PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from psycopg import OperationalError
from psycopg.errors import ReadOnlySqlTransaction

from fanloom.errors import InvalidSettings
from fanloom.gateway.bounds.circuit_breaker import Breaker
from fanloom.gateway.bounds.lease import AWAY_S, Lease
from fanloom.gateway.bounds.lease_rule import LEASE_S, MINUTE_S, RENEWED_AFTER_S, Ask, Grant, drop_unused, renew
from fanloom.gateway.bounds.limit_stores import LimitStore, Page, limit_store, written
from fanloom.gateway.bounds.process_limits import ModelLimits, limits_of
from fanloom.gateway.bounds.rate_rules import Limiter, Ticket
from fanloom.gateway.bounds.shared_limits import Sharer
from fanloom.redaction import show_url
from fanloom.settings import settings
from tests.postgres import SERVER

ROOT = Path(__file__).parents[2]
STEP_S = 0.125


class MemoryStore:
    """A store on a clock that is given; it can be away."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.page, self.clock, self.is_away = Page(0, "{}", 0.0), clock, False
        self.told: list[str] = []

    def read(self) -> Page:
        if self.is_away:
            raise ConnectionError("password=hunter2 refused")
        return self.page._replace(now=self.clock())

    def swap(self, page: Page, text: str, news: str = "") -> bool:
        is_unchanged = page.version == self.page.version
        if is_unchanged:
            self.page = Page(page.version + 1, text, 0.0)
            self.told += [news] if news else []
        return is_unchanged

    def heard(self) -> Iterator[str]:
        return iter(self.told)

    def close(self) -> None:
        pass


Exchange = Callable[[Ask, float], Grant | None]


class Process:
    """A limiter with its lease, calls of random lengths, and a clock that began at another moment."""

    def __init__(self, number: int, rpm: int | None, tpm: int | None, load: float, rng: random.Random) -> None:
        self.shift, self.load, self.rng = 1000.0 * number, load, rng
        self.limiter = Limiter(64, rpm, tpm, None, Lease(rpm, tpm, None, self.shift))
        self.name = str(number)
        self.flying: list[tuple[float, Ticket, int]] = []
        self.begun: list[tuple[float, int]] = []
        self.renew_at, self.earliest = rng.random(), 0.0
        self.renewals = 0

    def step(self, now: float, exchange: Exchange) -> None:
        mine = now + self.shift
        for end, ticket, used in list(self.flying):
            if end <= now:
                self.flying.remove((end, ticket, used))
                self.limiter.leave(ticket, used, True, mine)
        while self.limiter.waiting < 100 and self.rng.random() < self.load:
            self._come(now)
        self.limiter.grant(mine)
        first = self.limiter.first_waiting
        is_short = first and self.limiter.lease.is_short(first.tokens, mine)
        if now >= (self.earliest if is_short else self.renew_at):
            self.renew_at, self.earliest = now + RENEWED_AFTER_S + 0.3 * self.rng.random(), now + 0.1
            self._renew(now, exchange)
        self.limiter.grant(mine)

    def _come(self, now: float) -> None:
        ticket = Ticket("run", self.rng.randint(1, 20), lambda: self._begin(ticket))
        self.limiter.enter(ticket)

    def _begin(self, ticket: Ticket) -> bool:
        begun, used = ticket.begun - self.shift, self.rng.randint(1, ticket.tokens)
        self.begun.append((begun, used))
        self.flying.append((begun + self.rng.random() * 2, ticket, used))
        return True

    def _renew(self, now: float, exchange: Exchange) -> None:
        self.renewals += 1
        lease, first = self.limiter.lease, self.limiter.first_waiting
        ask = lease.ask(self.limiter.waiting, first.tokens if first else 0, 64, now + self.shift)
        ask.holder = self.name
        if (grant := exchange(ask, now + 5e8)) is None:
            lease.unanswered(ask)
        else:
            lease.renewed(grant, now + self.shift, now + self.shift)


def processes_of(rng: random.Random, rpm: int | None, tpm: int | None, loads: list[float]) -> list[Process]:
    return [Process(number, rpm, tpm, load, rng) for number, load in enumerate(loads)]


def live(processes: list[Process], exchange: Exchange, seconds: float, since: float = 0.0) -> list[tuple[float, int]]:
    """Let time pass, and return when which calls began, and with how many tokens."""
    for step in range(int(since / STEP_S), int(seconds / STEP_S)):
        for each in processes:
            each.step(step * STEP_S, exchange)
    return sorted(begun for each in processes for begun in each.begun)


def simulated(rng: random.Random, rpm: int | None, tpm: int | None, loads: list[float], seconds: float):
    kept = ["{}"]

    def exchange(ask: Ask, now: float) -> Grant:
        ledger = json.loads(kept[0])
        granted = renew(ledger, ask, now)
        kept[0] = json.dumps(ledger)
        return granted

    return live(processes_of(rng, rpm, tpm, loads), exchange, seconds)


def most_in_a_minute(begun: list[float]) -> int:
    return max((number + 1 - bisect_left(begun, at - MINUTE_S + 1e-9) for number, at in enumerate(begun)), default=0)


@given(st.integers(0, 2**32), st.integers(1, 300), st.lists(st.floats(0, 0.95), min_size=1, max_size=5))
@examples(max_examples=25)
def test_in_no_minute_more_begins_than_is_allowed(seed: int, rpm: int, loads: list[float]) -> None:
    begun = [at for at, _ in simulated(random.Random(seed), rpm, None, loads, 150)]
    assert most_in_a_minute(begun) <= rpm


@pytest.mark.parametrize(("rpm", "count"), [(600, 3), (60, 3), (7, 3), (600, 1), (600, 12)])
def test_under_load_nine_tenths_are_used(rpm: int, count: int) -> None:
    begun = [at for at, _ in simulated(random.Random(1), rpm, None, [0.95] * count, 600)]
    assert most_in_a_minute(begun) <= rpm
    assert len(begun) >= 0.9 * rpm * 10


@given(st.integers(0, 2**32), st.integers(20, 3000), st.lists(st.floats(0, 0.95), min_size=1, max_size=4))
@examples(max_examples=15)
def test_in_no_minute_more_tokens_are_used_than_are_allowed(seed: int, tpm: int, loads: list[float]) -> None:
    begun = simulated(random.Random(seed), None, tpm, loads, 150)
    assert most_in_a_minute([at for at, tokens in begun for _ in range(tokens)]) <= tpm


@pytest.mark.parametrize("count", [1, 3])
def test_tokens_are_settled_with_what_was_used(count: int) -> None:
    begun = simulated(random.Random(2), None, 2000, [0.95] * count, 600)
    assert sum(tokens for _, tokens in begun) >= 0.9 * 2000 * 10


def test_one_that_is_alone_gets_all_and_others_their_parts() -> None:
    assert renew({}, Ask("a", rpm=90, calls=90), 100).calls == 90
    ledger: dict = {}
    for name in "abc":
        renew(ledger, Ask(name, rpm=90), 100)
    assert renew(ledger, Ask("a", rpm=90, calls=90), 100).calls == 90
    ledger = {}
    renew(ledger, Ask("b", rpm=90, calls=1), 100)
    granted = renew(ledger, Ask("a", rpm=90, calls=90), 100)
    assert (granted.calls, granted.processes) == (45, 2)


def test_a_large_call_is_saved_for() -> None:
    ledger: dict = {}
    renew(ledger, Ask("small", tpm=100, calls=1, tokens=50, least_tokens=10), 100)
    assert renew(ledger, Ask("large", tpm=100, calls=1, tokens=100, least_tokens=100), 101).tokens == 0
    assert renew(ledger, Ask("small", tpm=100, calls=1, tokens=50, least_tokens=10), 102).tokens == 0
    for now in range(103, 168):
        granted = renew(ledger, Ask("large", tpm=100, calls=1, tokens=100, least_tokens=100), now)
    assert granted.tokens == 100


def test_without_the_store_a_static_share_holds_and_never_nothing() -> None:
    lease = Lease(90, None, None, 0.0)
    ask = lease.ask(10, 1, 64, 0.0)
    lease.renewed(renew({"seen": {"b": [100, True], "c": [100, True]}}, ask, 100), 0.0, 0.0)
    assert lease.bounds(LEASE_S - 0.1) == (90, None)
    assert lease.bounds(LEASE_S) == (30, None)
    limiter, begun = Limiter(1000, 90, None, None, lease), []
    for number in range(200):
        ticket = Ticket(number, 1, lambda: begun.append(1) is None)
        limiter.enter(ticket)
    limiter.grant(LEASE_S)
    assert len(begun) == 30
    assert Lease(90, None, 0.5, 0.0).bounds(AWAY_S) == (45, None)
    assert Lease(90, None, None, 0.0).bounds(AWAY_S) == (9, None)
    # What was begun meanwhile is told to the others.
    assert lease.ask(0, 0, 64, LEASE_S).corrections[""][0] == 30


def test_a_store_that_goes_away_is_said_once_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    now, store = [0.0], MemoryStore()
    sharer = Sharer(store, "redis://127.0.0.1")
    limits = ModelLimits(Limiter(64, 60, None, None, Lease(60, None, 1 / 3, 0.0)), lambda: now[0])
    sharer.add("m", limits)
    sharer.renew()
    store.is_away = True
    for _ in range(7):
        now[0] += 1
        sharer.renew()
    assert limits.limiter.lease.bounds(now[0]) == (20, None)
    store.is_away = False
    sharer.renew()
    assert limits.limiter.lease.bounds(now[0]) == (60, None)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "cannot be shared" in said[0]
    assert "shared again" in said[1]
    assert "hunter2" not in caplog.text


def test_a_pause_and_a_spent_quota_reach_the_others() -> None:
    store = MemoryStore()
    pairs = []
    for _ in range(2):
        sharer, limits = Sharer(store, "x"), ModelLimits(Limiter(64, None, None, None, Lease(None, None, None, 0.0)))
        limits.share(sharer.wake)
        sharer.add("m", limits)
        pairs.append((sharer, limits))
    (one, first), (two, second) = pairs
    first.cool_down(30)
    first.breaker.spent(100)
    one.renew()
    two.renew()
    assert second.limiter.paused_until == pytest.approx(first.limiter.paused_until, abs=1)
    assert second.breaker.is_open()
    assert second.breaker.kind == "quota"
    second.breaker.succeeded()
    two.renew()
    one.renew()
    two.renew()
    assert not first.breaker.is_open()
    assert not second.breaker.is_open()


def test_a_breaker_tells_only_what_it_has_met_itself() -> None:
    breaker = Breaker()
    breaker.hear("quota", 10)
    assert breaker.is_open()
    assert breaker.take_news() is None
    breaker.succeeded()
    assert breaker.take_news() == ("", 0.0)


@pytest.mark.parametrize("url", ["mysql://me:hunter2@host/db", "nonsense", "redis:hunter2"])
def test_an_unknown_store_is_refused_with_what_to_write(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_LIMITS_URL", url)
    with pytest.raises(InvalidSettings, match=r"FANLOOM_LIMITS_URL.*postgresql://.*redis://") as refused:
        settings()
    assert "me:hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://me@host:hunter2/db", "redis://host:hunter2/0"])
def test_a_url_that_its_driver_does_not_understand_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis" if url.startswith("redis") else "psycopg")
    monkeypatch.setenv("FANLOOM_LIMITS_URL", url)
    with pytest.raises(InvalidSettings, match="FANLOOM_LIMITS_URL") as refused:
        limits_of("m")
    assert "hunter2" not in str(refused.value)


def test_models_that_nobody_uses_are_forgotten() -> None:
    ledgers: dict = {"old": {}, "spent": {}, "new": {}}
    renew(ledgers["old"], Ask("a", rpm=1), 100)
    renew(ledgers["spent"], Ask("a", breaker=("quota", 5000)), 100)
    renew(ledgers["new"], Ask("a", rpm=1), 900)
    drop_unused(ledgers, 1000)
    assert set(ledgers) == {"spent", "new"}


def test_a_share_is_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_LIMITS_SHARE", "1/3")
    assert settings().limits_share == pytest.approx(1 / 3)
    for wrong in ("3", "0", "a third", "1/0"):
        monkeypatch.setenv("FANLOOM_LIMITS_SHARE", wrong)
        with pytest.raises(InvalidSettings, match="FANLOOM_LIMITS_SHARE"):
            settings()


def test_without_a_store_nothing_is_shared() -> None:
    assert limits_of("nobody shares this").limiter.lease is None


WORKER = """
import asyncio, sys, time
from fanloom.gateway.bounds.process_limits import limits_of

noted = []

async def call(limits, until):
    while time.time() < until:
        try:
            ticket = await asyncio.wait_for(limits.acquire("run", 1), until - time.time())
        except TimeoutError:
            return
        noted.append(("begun", time.time()))
        await asyncio.sleep(0.01)
        limits.release(ticket, 1, succeeded=True)

async def watch(limits, until):
    while time.time() < until:
        if limits.limiter.paused_until > time.monotonic():
            noted.append(("paused", time.time()))
            return
        await asyncio.sleep(0.01)

async def main(seconds, pauses_at):
    limits, until = limits_of("m"), time.time() + seconds
    work = [call(limits, until) for _ in range(20)] + [watch(limits, until)]
    if pauses_at:
        asyncio.get_running_loop().call_later(pauses_at, limits.cool_down, 60)
    await asyncio.gather(*work)

# At the end: nobody reads a pipe meanwhile, and a full one stops who writes.
asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
for kind, at in noted:
    print(kind, at)
"""


def processes(url: str, seconds: float, pauses_at: float = 0.0, rpm: int = 120) -> list[dict[str, list[float]]]:
    env = {**os.environ, "FANLOOM_LIMITS_URL": url, "FANLOOM_RPM": str(rpm)}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    orders = [[sys.executable, "-c", WORKER, str(seconds), str(0.0 if number else pauses_at)] for number in range(3)]
    began = [subprocess.Popen(each, env=env, text=True, stdout=subprocess.PIPE) for each in orders]
    found = []
    for each in began:
        out, _ = each.communicate(timeout=seconds + 60)
        assert each.returncode == 0
        lines = [line.split() for line in out.splitlines()]
        found.append({kind: [float(at) for noted, at in lines if noted == kind] for kind in ("begun", "paused")})
    return found


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Yield the URL of a database that nothing else uses, or skip."""
    redis = pytest.importorskip("redis")
    url = os.environ.get("FANLOOM_TEST_REDIS_URL") or "redis://127.0.0.1:6379/11"
    client = redis.Redis.from_url(url)
    try:
        client.delete("fanloom:limits")
    except redis.RedisError:
        pytest.skip("no Redis answers; set FANLOOM_TEST_REDIS_URL")
    yield url
    client.delete("fanloom:limits")
    client.close()


@pytest.fixture(params=["postgres_url", "redis_url"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of each kind of store in turn."""
    return str(request.getfixturevalue(request.param))


def exchanging(store: LimitStore) -> Exchange:
    """Write into a real store, on a clock that is given; without one, as a process whose store is away."""

    def exchange(ask: Ask, now: float) -> Grant | None:
        try:
            return written(store, lambda ledgers, _: renew(ledgers.setdefault("m", {}), ask, now))
        except OperationalError:
            store.close()
            return None

    return exchange


def test_processes_share_a_limit_in_a_store(url: str) -> None:
    sharing, store = processes_of(random.Random(1), 120, None, [0.95] * 3), limit_store(url)
    begun = [at for at, _ in live(sharing, exchanging(store), 180)]
    store.close()
    assert most_in_a_minute(begun) <= 120
    assert len(begun) >= 0.9 * 120 * 3
    # Two statements each, one to read and one to write.
    assert max(each.renewals for each in sharing) * 2 <= 1.1 * 180


def test_a_store_that_goes_away_in_mid_run_leaves_a_bound_and_no_standstill(postgres_url: str) -> None:
    sharing, store = processes_of(random.Random(1), 120, None, [0.95] * 3), limit_store(postgres_url)
    exchange = exchanging(store)
    live(sharing, exchange, 12)
    cut_off(postgres_url.rpartition("/")[2])
    live(sharing, exchange, 50, since=12)
    store.close()
    begun = [len(each.begun) for each in sharing]
    # What was leased together, and who had less than its part comes up to it.
    assert all(each >= 40 for each in begun)
    assert 120 <= sum(begun) <= 120 + 2 * 40


def test_a_store_whose_table_cannot_be_made_leaves_no_connection_open(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, opened = psycopg.connect, list[Any]()
    monkeypatch.setattr(psycopg, "connect", lambda *given, **how: opened.append(connect(*given, **how)) or opened[-1])
    store = limit_store(f"{postgres_url}?options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(ReadOnlySqlTransaction):
        store.read()
    assert [each.closed for each in opened] == [True]


@pytest.mark.parametrize("load", [0.02, 0.2, 0.5])
def test_whoever_needs_less_than_there_is_waits_for_nothing_and_asks_seldom(load: float) -> None:
    alone, kept = processes_of(random.Random(3), 6000, None, [load]), {}
    live(alone, lambda ask, now: renew(kept, ask, now), 120)
    # Calls that come one by one begin at once or within a breath.
    assert alone[0].limiter.waiting <= 1
    assert len(alone[0].begun) > 10
    assert alone[0].renewals * 2 <= 1.2 * 120


def test_a_pause_of_one_reaches_the_others_within_a_second(url: str) -> None:
    sharers = [Sharer(limit_store(url), "x") for _ in range(2)]
    first, second = (ModelLimits(Limiter(64, None, None, None, Lease(None, None, None, 0.0))) for _ in sharers)
    for sharer, limits in zip(sharers, (first, second), strict=True):
        limits.share(sharer.wake)
        sharer.add("m", limits)
        sharer.start()
    assert within(10, lambda: all(sharer._hears for sharer in sharers))
    first.cool_down(30)
    assert within(1, lambda: second.limiter.paused_until > time.monotonic() + 20)
    for sharer in sharers:
        sharer.stop()


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.005)
    return is_so()


def test_news_wake_the_others_and_not_who_tells_them() -> None:
    store = MemoryStore()
    teller, hearer = Sharer(store, "x"), Sharer(store, "x")
    limits = ModelLimits(Limiter(64, None, None, None, Lease(None, None, None, 0.0)))
    limits.share(teller.wake)
    teller.add("m", limits)
    teller.renew()
    assert store.told == []
    limits.cool_down(30)
    teller.renew()
    assert store.told == [teller.holder]
    for sharer in (teller, hearer):
        sharer._woken.clear()
        sharer.listen()
    assert hearer._woken.is_set()
    assert not teller._woken.is_set()


def test_a_store_that_is_nowhere_leaves_a_static_share(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://me:hunter2@127.0.0.1:{nobody.getsockname()[1]}/{uuid.uuid4().hex}"
        sharer, now = Sharer(limit_store(url), show_url(url)), [0.0]
        limits = ModelLimits(Limiter(64, 120, None, None, Lease(120, None, 1 / 3, 0.0)), lambda: now[0])
        sharer.add("m", limits)
        for now[0] in (0.0, 1.0, AWAY_S):
            sharer.renew()
    assert limits.limiter.lease.bounds(now[0]) == (40, None)
    assert caplog.text.count("cannot be shared") == 1
    assert "hunter2" not in caplog.text


def test_real_processes_share_a_limit(url: str) -> None:
    begun = [at for each in processes(url, 2.5) for at in each["begun"]]
    assert 0.9 * 120 <= len(begun) <= 120


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_three_processes_for_three_minutes(url: str) -> None:
    found = processes(url, 190, pauses_at=185, rpm=600)
    begun = sorted(at for each in found for at in each["begun"])
    first = min(at for each in found for at in each["paused"])
    used = sum(at <= begun[0] + 180 for at in begun)
    assert most_in_a_minute(begun) <= 600
    assert used >= 0.9 * 600 * 3
    assert all(each["paused"] for each in found)
    assert max(at for each in found for at in [*each["paused"], *each["begun"]]) - first <= 1.0
    print(f"{used} of 1800 used; at most {most_in_a_minute(begun)} in a minute")


def cut_off(name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

"""A handoff: one waits, any thread gives, and between giving and giving up one wins."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fanloom.loops.promise import Promise


def test_what_is_there_is_not_waited_for() -> None:
    handoff: Promise[int] = Promise()
    assert handoff.give(5)
    with pytest.raises(StopIteration, match="5"):
        handoff.wait().send(None)


async def test_a_waiter_gets_the_value_from_its_own_loop_and_from_any_thread() -> None:
    async with asyncio.timeout(20):
        for give in (Promise.give, lambda handoff, value: asyncio.to_thread(handoff.give, value)):
            handoff: Promise[int] = Promise()
            waits = asyncio.create_task(handoff.wait())
            await asyncio.sleep(0)
            given = give(handoff, 7)
            assert await given if asyncio.iscoroutine(given) else given
            assert await waits == 7


async def test_who_is_cancelled_learns_whether_the_value_had_come() -> None:
    for comes in (False, True):
        handoff: Promise[int] = Promise()
        waits = asyncio.create_task(handoff.wait())
        await asyncio.sleep(0)
        assert not comes or handoff.give(7)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert handoff.cancel() == (not comes)
        assert handoff.give(8) == comes


def test_a_loop_that_was_closed_wants_nothing() -> None:
    handoff: Promise[int] = Promise()
    loop = asyncio.new_event_loop()
    waits = loop.create_task(handoff.wait())
    loop.run_until_complete(asyncio.sleep(0))
    waits.cancel()
    loop.run_until_complete(asyncio.gather(waits, return_exceptions=True))
    loop.close()
    assert not handoff.give(7)


def test_giving_and_giving_up_never_both_win() -> None:
    def race(handoff: Promise[int], start: threading.Barrier) -> list[bool]:
        with ThreadPoolExecutor(2) as pool:
            ends = [
                pool.submit(lambda act=act: (start.wait(), act())[1])
                for act in (handoff.cancel, lambda: handoff.give(1))
            ]
            return [end.result(20) for end in ends]

    for _ in range(200):
        assert sum(race(Promise(), threading.Barrier(2))) == 1

"""The demo of the studio shows what it promises."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.browser.demo import demo, run_of


@pytest.mark.slow
def test_the_demo_has_retries_a_failure_a_cool_down_and_an_approval() -> None:
    with demo() as (server, thread):
        run = run_of(server, thread)
        told = httpx.get(f"{server.url}/studio/api/runs/{run}/events").text
        events: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    kinds = Counter(event["type"] for event in events)
    assert kinds["limiter.cool_down"] == kinds["question.asked"] == 1
    assert Counter(event["why"] for event in events if event["type"] == "attempt.started")["retry"] >= 2
    assert Counter(event["status"] for event in events if event["type"] == "outcome") == {"done": 2, "failed": 1}

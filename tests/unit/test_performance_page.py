"""The figures of the page on performance are those that were measured, and hold what is promised where noise cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import markdown

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
TABLES = {
    "adaptive_width": {
        "provider": "adaptive_width",
        "takes": "it takes",
        "calls": "calls",
        "used": "used",
        "ratio": "refused",
    },
    "batch": {
        "way": "batch",
        "items": "items",
        "lost": "lost",
        "cpu_ms_per_item": "CPU, ms an item",
        "ratio": "over the loop",
        "growth_mb": "memory from 1,000 to 20,000, MB",
    },
    "finish_first": {
        "calls": "finish_first: calls a task",
        "order": "order",
        "first_ratio": "first result",
        "median_ratio": "median",
        "wall_ratio": "all",
        "held": "held",
        "again": "again",
        "ratio": "of all calls",
    },
    "peers": {
        "framework": "peers",
        "ratio": "over the critical path",
        "cpu_ms_per_item": "CPU, ms an item",
        "mb": "memory, MB",
        "cut": "cut off",
        "blocked": "blocked",
        "down": "an error each time",
    },
}


def measured(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((ROOT / "benchmarks" / "measured" / f"{name}.json").read_text())["rows"]
    return rows


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_what_was_measured(name: str) -> None:
    assert markdown(measured(name), TABLES[name]) in PAGE


def test_a_job_costs_hardly_more_than_a_loop_and_loses_nothing() -> None:
    loop, job = measured("batch")
    assert job["items"] == loop["items"] == 20_000
    assert job["ratio"] <= job["ratio_allowed"] == 1.15
    assert job["growth_mb"] < job["growth_allowed_mb"] == 40
    assert job["lost"] == 0


def test_finish_first_loses_little_at_a_kill() -> None:
    by_order = {(row["calls"], row["order"]): row for row in measured("finish_first")}
    for calls in (2, 6):
        breadth, finish = by_order[calls, "breadth"], by_order[calls, "finish"]
        assert finish["first_ratio"] <= 0.25
        assert finish["median_ratio"] <= 0.7
        assert finish["held"] <= 9 < breadth["held"] == 64
        assert finish["ratio"] <= 0.1 < breadth["ratio"]


def test_only_ours_tells_every_failure() -> None:
    ours, *others = measured("peers")
    assert {ours[fault] for fault in ("cut", "blocked", "down")} == {"told"}
    assert all("told" not in row.values() for row in others)

"""The benchmarks run, and report what they promise; how fast is for a person to judge."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.report import table

COLUMNS = {
    "adaptive_width": {"provider", "takes", "used", "used_at_least", "ratio", "ratio_allowed"},
    "batch": {"way", "items", "lost", "cpu_ms_per_item", "growth_mb", "ratio", "ratio_allowed", "growth_allowed_mb"},
    "eager": {"provider", "plan", "first_s", "median_s", "wall_s", "ratio"},
    "fan_out": {"saver", "items", "us_per_item", "peak_mb", "growth_mb", "bytes_per_item", "ratio", "cpu_ratio"},
    "finish_first": {"calls", "order", "first_ratio", "median_ratio", "ratio", "held", "again"},
    "peers": {"framework", "wall_s", "ratio", "cpu_ms_per_item", "mb", "cut", "blocked", "down"},
    "gateway": {"provider", "kind", "world", "bare_us", "gateway_us", "overhead_us", "least_us", "ratio"},
    "run_log": {"mode", "cpu_ms_a_call", "least_cpu_ms", "writer_ms", "cpu_allowed", "ratio", "ratio_allowed"},
}
CASES = {
    "adaptive_width": {(provider, "20 in flight") for provider in ("gemini", "bedrock")},
    "batch": {("bare", 40), ("batch", 40)},
    "finish_first": {(2, "breadth"), (2, "finish")},
    "run_log": {("facts",), ("all",)},
    "fan_out": {(saver, items) for saver in ("none", "sqlite") for items in (10, 100)},
    "eager": {(provider, plan) for provider in ("gemini", "bedrock") for plan in ("waits", "eager")},
    "gateway": {
        (provider, kind, world)
        for provider in ("gemini", "bedrock", "openai", "instant")
        for kind in ("plain", "structured")
        for world in ("sync", "async")
        if (provider, kind) != ("instant", "structured")
    },
}

KEYS = {
    "adaptive_width": ("provider", "takes"),
    "batch": ("way", "items"),
    "eager": ("provider", "plan"),
    "fan_out": ("saver", "items"),
    "finish_first": ("calls", "order"),
    "gateway": ("provider", "kind", "world"),
    "run_log": ("mode",),
}


MARKS = {
    **dict.fromkeys(["batch", "fan_out", "gateway"], pytest.mark.slow),
    **dict.fromkeys(["finish_first", "peers"], pytest.mark.soak),
}


# What google-genai does to aiohttp is not ours to mend.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in COLUMNS])
def test_a_quick_run_reports_every_case_with_ratios(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(os.environ)
    main(["--quick", "--out", str(tmp_path), name])
    assert dict(os.environ) == before
    report = json.loads((tmp_path / f"{name}.json").read_text())
    assert set(report) == {"benchmark", "python", "cores", "rows"}
    rows = report["rows"]
    assert all(COLUMNS[name] <= set(row) for row in rows)
    # What a provider refuses may be nothing.
    least = 0 if name == "adaptive_width" else math.ulp(0)
    assert all(math.isfinite(row["ratio"]) and row["ratio"] >= least for row in rows)
    assert table(rows) in capsys.readouterr().out
    if name in CASES:
        assert {tuple(row[key] for key in KEYS[name]) for row in rows} == CASES[name]
    ALSO[name](rows)


def _nothing_is_lost(rows: list[dict[str, Any]]) -> None:
    assert all(row["lost"] == 0 for row in rows)


def _only_a_saver_stores(rows: list[dict[str, Any]]) -> None:
    assert all((row["bytes_per_item"] > 0) == (row["saver"] == "sqlite") for row in rows)


def _what_is_begun_is_finished(rows: list[dict[str, Any]]) -> None:
    breadth, finish = rows
    assert breadth["held"] == 64
    assert finish["held"] <= 16
    assert finish["again"] < breadth["again"]


def _ours_tells_what_is_bad(rows: list[dict[str, Any]]) -> None:
    ours, *_ = rows
    assert {ours[fault] for fault in ("cut", "blocked", "down")} == {"told"}


ALSO: defaultdict[str, Callable[[list[dict[str, Any]]], None]] = defaultdict(
    lambda: lambda rows: None,
    batch=_nothing_is_lost,
    fan_out=_only_a_saver_stores,
    finish_first=_what_is_begun_is_finished,
    peers=_ours_tells_what_is_bad,
)


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fan_in"])
    assert f"no such benchmark: fan_in; there are {', '.join(BENCHMARKS)}" in capsys.readouterr().err

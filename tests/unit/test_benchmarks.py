"""The benchmarks run, and report what they promise; how fast is for a person to judge."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.report import table

COLUMNS = {
    "eager": {"provider", "plan", "first_s", "median_s", "wall_s", "ratio"},
    "fan_out": {"saver", "items", "us_per_item", "peak_mb", "growth_mb", "bytes_per_item", "ratio", "cpu_ratio"},
    "gateway": {"provider", "kind", "world", "bare_us", "gateway_us", "overhead_us", "least_us", "ratio"},
}
CASES = {
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


# What google-genai does to aiohttp is not ours to mend.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
def test_quick_runs_report_every_case_with_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    main(["--quick", "--out", str(tmp_path), "fan_out", "gateway", "eager"])
    assert dict(os.environ) == before
    printed = capsys.readouterr().out
    for name, columns in COLUMNS.items():
        report = json.loads((tmp_path / f"{name}.json").read_text())
        assert set(report) == {"benchmark", "python", "cores", "rows"}
        assert {tuple(row[key] for key in _keys(name)) for row in report["rows"]} == CASES[name]
        assert all(columns <= set(row) for row in report["rows"])
        assert all(math.isfinite(row["ratio"]) and row["ratio"] > 0 for row in report["rows"])
        assert table(report["rows"]) in printed
    assert all((row["bytes_per_item"] > 0) == (row["saver"] == "sqlite") for row in _rows(tmp_path, "fan_out"))


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fan_in"])
    known = "gateway, width, faq, fan_out, tails, run_log, eager"
    assert f"no such benchmark: fan_in; there are {known}" in capsys.readouterr().err


def _keys(name: str) -> tuple[str, ...]:
    return {"fan_out": ("saver", "items"), "gateway": ("provider", "kind", "world"), "eager": ("provider", "plan")}[
        name
    ]


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / f"{name}.json").read_text())["rows"]
    return rows

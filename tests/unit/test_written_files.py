"""Files that earlier versions have written open in this one, with the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fanloom.runlog.fanrun import read_fanrun
from fanloom.runlog.run_summary import RunSummary
from fanloom.studio.report_file import evaluation_page, read_evaluation, read_report, report_page

WRITTEN = Path(__file__).parents[1] / "data" / "written"


@pytest.mark.parametrize("file", sorted(WRITTEN.glob("*.fanrun")), ids=lambda file: file.stem)
def test_a_run_of_earlier_opens(file: Path, tmp_path: Path) -> None:
    run = read_fanrun(file)
    summary = RunSummary.of(run.events)
    told = (summary.graph, summary.status, summary.planned, summary.outcomes, summary.requests)
    assert told == ("support_desk", "done", 9, {"done": 7, "failed": 1, "skipped": 1}, 16)
    assert (round(summary.cost_usd or 0, 5), round(summary.lost_usd, 5)) == (0.02064, 0.0036)
    assert "Hello, nine things at once" in run.contents[run.events[0]["input"]]
    (tmp_path / "a.html").write_text(report_page(run), encoding="utf-8")
    assert read_report(tmp_path / "a.html") == run


@pytest.mark.parametrize("file", sorted(WRITTEN.glob("*.json")), ids=lambda file: file.stem)
def test_an_evaluation_of_earlier_opens(file: Path, tmp_path: Path) -> None:
    found = read_evaluation(file)
    assert [each["name"] for each in found["candidates"]] == ["support_router", "voting", "with_nova"]
    (tmp_path / "a.html").write_text(evaluation_page(found), encoding="utf-8")
    assert read_evaluation(tmp_path / "a.html") == json.loads(file.read_text(encoding="utf-8"))

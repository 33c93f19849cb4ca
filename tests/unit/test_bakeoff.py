"""What `make bakeoff` has found is what docs/patterns.md tells of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bakeoff import CONTESTS, PATTERNS, main
from benchmarks.bakeoff_table import markdown, speeds

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "patterns.md").read_text(encoding="utf-8")


def found(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DOCS / "data" / f"bakeoff_{name}.json").read_text(encoding="utf-8"))
    return data


@pytest.mark.parametrize("name", CONTESTS)
def test_what_is_told_was_found_on_the_data_set_that_is_there(name: str) -> None:
    data, contest = found(name), CONTESTS[name]
    lines = contest.dataset.read_text(encoding="utf-8").splitlines()
    assert (data["dataset"], data["items"]) == (contest.dataset.stem, len(lines))
    assert {one["graph"] for one in data["candidates"]} == set(PATTERNS.split(","))
    assert [one["runs"] for one in data["candidates"]] == [data["items"] * data["rounds"]] * 3
    assert {model for one in data["candidates"] for model in one["models"]} == {contest.model}


def test_the_page_has_the_figures_of_the_real_model() -> None:
    data = found("real")
    assert [line for line in markdown(data) if line not in PAGE] == []
    # Verdicts are told as they were printed.
    assert [said for said in data["verdicts"] if not said.startswith(" ") and said not in PAGE] == []


@pytest.mark.parametrize("name", ["wire", "even"])
def test_the_page_has_the_speeds_at_known_latencies(name: str) -> None:
    (said,) = [line for line in speeds(found(name)) if line.startswith("`faq_parallel`")]
    assert said in PAGE


def test_a_contest_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["unreal"])
    assert "no such contest: unreal; there are real, wire, even" in capsys.readouterr().err

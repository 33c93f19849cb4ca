"""An evaluation in a real browser: as a file, dropped on the studio, and kept in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fanloom.runlog.run_store import RunStore
from fanloom.server.app import app
from fanloom.studio.kept_evaluations import KeptEvaluations
from tests.browser.conftest import Opens, Page
from tests.browser.payloads import MADE_BY_PAYLOADS, PAYLOADS, as_shown
from tests.made_evaluations import made_evaluation
from tests.made_logs import MadeLog
from tests.served_logs import store as store
from tests.served_logs import write
from tests.slow import slow


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptEvaluations]:
    app.state.evaluations = KeptEvaluations(tmp_path / "evals")
    yield app.state.evaluations
    del app.state.evaluations


def test_the_page_says_what_is_shown_and_draws_it(open_report: Opens) -> None:
    evaluation = made_evaluation()
    opened = open_report(evaluation)
    page = opened.page
    text = page.locator("#studio").inner_text()
    for line in evaluation["verdicts"]:
        assert line.strip() in text
    first, second, _ = evaluation["candidates"]
    accuracy = second["figures"]["accuracy"]
    told = [f"{100 * accuracy[name]:.1f} %" for name in ("value", "low", "high")]
    # Without SciPy there are fewer intervals.
    interval = f"{told[1]} to {told[2]}" if accuracy["method"] != "none" else "no interval"
    assert f"{told[0]}\t{interval}" in text
    assert f"\u00d7 {second['times']['seconds']['value']:.2f}" in text
    assert "not told apart" in text
    assert "refund: 40 items, each run 3 times" in text
    for measure in first["figures"]:
        assert page.locator(".measures tbody").filter(has_text=measure).count() >= 1, measure
    for title in ("accuracy against cost, US$", "accuracy against seconds"):
        words = page.get_by_role("img", name=title).get_attribute("aria-label")
        for each in (first, second):
            assert f"{each['name']}: {100 * each['figures']['accuracy']['value']:.1f} % at " in words
    assert page.locator("figure .shape").count() == 6
    assert opened.wrong == []
    assert len(opened.requests) == 1


def test_an_item_is_opened_by_keyboard_alone(open_report: Opens) -> None:
    evaluation = made_evaluation()
    page = open_report(evaluation).page
    line = next(each["line"] for each in evaluation["candidates"][0]["results"] if each["notes"])
    page.get_by_label("Quality is").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("img", name="refund against seconds").wait_for()
    page.keyboard.press("ArrowUp")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text() == f"line {line}":
            break
    page.keyboard.press("Enter")
    page.get_by_text("refund is wrong").first.wait_for()
    assert '"intent": "refund"' in page.locator("pre").first.inner_text()
    page.keyboard.press("Enter")
    assert page.locator("pre").count() == 0
    page.get_by_label("Show").select_option("failed")
    rounds = [results for one in evaluation["candidates"] for results in (one["results"], *one["again"])]
    failed = {each["line"] for results in rounds for each in results if each["error"]}
    assert page.locator("tbody tr", has=page.get_by_role("button")).count() == len(failed)


def test_an_evaluation_without_prices_or_comparison_is_shown_too(open_report: Opens) -> None:
    evaluation = made_evaluation(rounds=1)
    (one,) = evaluation["candidates"] = evaluation["candidates"][:1]
    del one["figures"]["cost, US$"]
    one["differences"], evaluation["verdicts"] = {}, []
    opened = open_report(evaluation)
    assert "Nobody knows what these runs cost" in opened.page.locator("#studio").inner_text()
    assert opened.wrong == []


ODD: list[Any] = [
    {},
    None,
    [[]],
    {"name": 1, "figures": [], "results": {"a": 1}, "again": [None]},
    {"figures": {"x": {"value": "1", "low": None}, "y": None}, "results": [None, {"line": -1}]},
    {"figures": {"x": {"value": 1e308, "low": -1e308, "high": 1e308, "n": 1}, "seconds": {"value": 1e-300, "high": 1}}},
]


@pytest.mark.parametrize("odd", ODD)
def test_whatever_stands_in_it_the_page_takes_it(open_report: Opens, odd: Any) -> None:
    opened = open_report({"candidates": [odd, odd], "verdicts": odd})
    opened.page.get_by_role("heading", name="Items", exact=True).wait_for()
    assert opened.wrong == []


@pytest.mark.parametrize("scheme", ["light", slow("dark")])
@pytest.mark.parametrize("rounds", [1, 3])
def test_axe_finds_nothing(open_report: Opens, axe: str, scheme: str, rounds: int) -> None:
    page = open_report(made_evaluation(rounds=rounds), bypass_csp=True, color_scheme=scheme).page
    page.get_by_role("button", name="line 1", exact=True).click()
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((found) => ({ passes: found.passes.length, bad: found.violations }))")
    assert found["passes"] > 15
    assert [(each["id"], node["html"][:160]) for each in found["bad"] for node in each["nodes"]] == []


def test_forty_payloads_in_every_field_are_text(open_report: Opens) -> None:
    # One page shows them all, one after the other: to make a page takes longer than to show something in it.
    opened = None
    for payload in PAYLOADS:
        opened = open_report(made_evaluation(3, 2, payload), instead_of=opened)
        page = opened.page
        page.get_by_role("button", name="line 1", exact=True).click()
        said = page.locator("#studio").inner_text()
        assert said.count(as_shown(payload)) > 10, payload
        assert opened.wrong == [], payload
        assert len(opened.requests) == 1
        assert page.locator(f"#studio :is({MADE_BY_PAYLOADS})").count() == 0


@pytest.mark.parametrize("where", ["evaluation.json", "evaluation.html"])
def test_a_dropped_evaluation_is_shown_and_nothing_is_sent(
    page: Page, address: str, store: RunStore, tmp_path: Path, where: str
) -> None:
    from fanloom.studio.report_file import evaluation_page

    evaluation, file = made_evaluation(), tmp_path / where
    file.write_text(evaluation_page(evaluation) if where.endswith("html") else json.dumps(evaluation), encoding="utf-8")
    page.page.goto(f"{address}/studio/file")
    before = len(page.requests)
    page.page.locator("input[type=file]").set_input_files(file)
    page.page.get_by_role("heading", name="refund: 40 items").wait_for()
    assert page.requests[before:] == []
    assert page.wrong == []


def test_kept_evaluations_are_listed_and_a_cell_leads_to_its_run(
    page: Page, address: str, store: RunStore, kept: KeptEvaluations
) -> None:
    evaluation = made_evaluation(5, 1)
    evaluation["candidates"][0]["results"][0]["thread"] = "of-line-1"
    evaluation["candidates"][1]["results"][0]["thread"] = "nowhere"
    kept.keep(evaluation)
    log = MadeLog("r1", thread="of-line-1")
    log.add(1, "run.ended", status="done")
    write(store, log.run())
    page.page.goto(f"{address}/studio")
    page.page.get_by_role("link", name="Evaluations").click()
    page.page.get_by_role("link", name="refund").click()
    page.page.get_by_role("button", name="line 1", exact=True).click()
    seen = page.page.get_by_role("button", name="See its run")
    seen.nth(1).click()
    page.page.get_by_text("this run is not logged").wait_for()
    seen.first.click()
    page.page.wait_for_url("**/studio/runs/r1")
    assert [wrong for wrong in page.wrong if "404" not in wrong] == []


def test_payloads_in_kept_evaluations_are_text(
    page: Page, address: str, store: RunStore, kept: KeptEvaluations
) -> None:
    for payload in PAYLOADS:
        kept.keep(made_evaluation(2, 1, payload))
    page.page.goto(f"{address}/studio/evals")
    page.page.get_by_role("heading", name="Evaluations").wait_for()
    page.page.locator("tbody tr").nth(39).wait_for()
    said = page.page.locator("#studio").inner_text()
    assert [each for each in PAYLOADS if as_shown(each) not in said] == []
    links = page.page.locator("tbody a")
    assert all(re.fullmatch(r"/studio/evals/[\w-]+", links.nth(n).get_attribute("href")) for n in range(40))
    assert [wrong for wrong in page.wrong if "404" not in wrong] == []

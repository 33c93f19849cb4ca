"""The report in a real browser: it shows a run, by keyboard alone too, and nothing in a log can act on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fanloom.runlog.fanrun import LoggedRun, read_fanrun
from tests.browser.conftest import Opens
from tests.browser.payloads import MADE_BY_PAYLOADS, PAYLOADS, as_shown
from tests.made_logs import SCHEMA, MadeLog, support_run, wide_run

MOST_ELEMENTS = 1500


def row(page: Any, task: str) -> Any:
    return page.locator(f'[role=row][aria-label^="{task},"]')


def test_the_first_screen_says_what_was_not_done_what_it_cost_and_where_the_time_went(open_report: Opens) -> None:
    opened = open_report(support_run())
    text = opened.page.locator("#studio").inner_text()
    for said in (
        "finished, 2 tasks not done",
        "7 done, 1 skipped, 1 failed",
        "2 h 14 min",
        "16 (6 again)",
        "$0.00360 (17 %)",
        "it needs the result of t5, which was not done",
        "each amount must be a number of EUR",
        "waiting out the provider's pause",
        "by sue after 2 h 14 min",
        "Hello, nine things at once",
    ):
        assert said in text, said
    assert re.search(r"made-other\s+2\s+2,960\s+188\s+\$0.00309\s+\$0.00153", text)
    assert "billing \u2713" in opened.page.locator(".box.failed text").text_content()
    assert opened.wrong == []
    assert len(opened.requests) == 1


def test_each_row_says_its_state_in_words_and_draws_what_happened(open_report: Opens) -> None:
    page = open_report(support_run()).page
    grid = page.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "14"
    bars = row(page, "t8").locator(".bar")
    assert [bar.get_attribute("class").split() for bar in bars.all()] == [
        ["bar", "bad"],
        ["bar", "bad", "retry"],
        ["bar", "good", "fallback"],
    ]
    assert row(page, "t8").locator(".wait.dots").count() == 2
    assert row(page, "t6").locator(".wait.dashes").count() == 1
    assert "approve after 2 h 14 min" in row(page, "t4").inner_text()
    assert page.locator(".bands .pause").count() == page.locator(".bands .cut").count() == 1
    # Two hours and a quarter take fourteen pixels.
    assert page.locator(".bands .cut").bounding_box()["width"] == pytest.approx(14, abs=1)


def test_the_failure_is_found_and_explained_by_keyboard_alone(open_report: Opens) -> None:
    page = open_report(support_run()).page
    page.keyboard.press("f")
    panel = page.get_by_role("complementary")
    said = panel.inner_text()
    assert "Why it is failed: field 'amounts': each amount must be a number of EUR" in said
    assert "attempt 2 (repair, made-fast) ended in wrong shape" in said
    assert "The same task can succeed later" in said
    assert "<task>Split INV-7820 by cost centre</task> try 3" in said
    assert '{"answer": "t5 3 billing"}' in said
    # What the attempts before had too is folded.
    assert panel.locator("details:not([open])").count() == 2
    assert panel.locator("details.changed").count() == 1
    assert page.url.endswith("#sel=task%3At5")
    page.keyboard.press("f")
    assert "t6 Send the split" in panel.inner_text()
    page.keyboard.press("Escape")
    assert "What did it cost" in panel.inner_text()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert "t5 Split" in panel.inner_text()
    page.keyboard.press("/")
    page.keyboard.type("delayed")
    assert page.locator("[role=row]:not(.group)").count() == 1


def test_single_keys_can_be_switched_off(open_report: Opens) -> None:
    page = open_report(support_run()).page
    page.get_by_label("Keys").uncheck()
    page.keyboard.press("f")
    assert "Why it is failed" not in page.get_by_role("complementary").inner_text()


def test_a_link_leads_to_a_task_at_a_time(open_report: Opens) -> None:
    run = support_run()
    at = run.events[0]["t"] + 5000
    page = open_report(run, link=f"#sel=t8&at={at}").page
    assert row(page, "t8").get_attribute("aria-selected") == "true"
    assert row(page, "t8").locator(".bar.open").count() == 1
    assert row(page, "t5").locator(".bar").count() == 1
    page.keyboard.press("]")
    assert re.search(r"at=\d+", page.url)
    page.keyboard.press("Escape")
    assert row(page, "t8").locator(".bar.open").count() == 0


def test_rows_are_filtered_and_shown_as_a_table(open_report: Opens) -> None:
    page = open_report(support_run()).page
    page.get_by_label("Show").select_option("not done")
    assert page.locator("[role=row]:not(.group)").count() == 2
    page.get_by_label("Table").check()
    assert page.locator(".as-table tbody tr").count() == 2
    assert "skipped" in page.locator(".as-table").inner_text()


def test_a_waiting_run_shows_its_question_first_and_says_how_to_answer(open_report: Opens) -> None:
    page = open_report(support_run(answered=False)).page
    said = page.get_by_role("complementary").inner_text()
    assert said.startswith("? May C-1001 return the espresso machine (249.00 EUR)?")
    assert "it leaks <script>alert(2)</script>" in said
    assert "fanloom resume return-17" in said


def test_the_run_can_be_saved_and_opened_again(open_report: Opens, tmp_path: Path) -> None:
    page = open_report(support_run()).page
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save .fanrun").click()
    assert saved.value.suggested_filename == "01a2249b.fanrun"
    saved.value.save_as(tmp_path / "a.fanrun")
    assert read_fanrun(tmp_path / "a.fanrun") == support_run()


@pytest.mark.parametrize("width", [12, 1000, 5000])
def test_a_wide_run_is_drawn_at_once_and_keeps_the_document_small(
    open_report: Opens, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    opened = open_report(wide_run(width))
    paint = opened.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    ready = opened.page.evaluate("Number(document.getElementById('studio').dataset.ready)")
    most = opened.page.locator("*").count()
    rows = opened.page.locator(".rows")
    for share in (0.3, 0.7, 1):
        rows.evaluate("(element, share) => { element.scrollTop = element.scrollHeight * share; }", share)
        opened.page.wait_for_timeout(50)
        most = max(most, opened.page.locator("*").count())
    with capsys.disabled():
        print(f"\n{width} tasks: first paint {paint:.0f} ms, usable {ready:.0f} ms, {most} elements of {MOST_ELEMENTS}")
    assert most <= MOST_ELEMENTS
    assert row(opened.page, f"t{width}").count() == 1
    assert opened.page.get_by_role("grid").get_attribute("aria-rowcount") == str(width + 3)
    assert opened.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["finished", "waiting", "failure"])
def test_axe_finds_nothing(open_report: Opens, axe: str, scheme: str, state: str) -> None:
    run = support_run(answered=state != "waiting")
    page = open_report(run, bypass_csp=True, color_scheme=scheme, link="#sel=t5" if state == "failure" else "").page
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((found) => ({ passes: found.passes.length, bad: found.violations }))")
    assert found["passes"] > 20
    told = [
        (each["id"], node["html"][:160], node["failureSummary"][:200])
        for each in found["bad"]
        for node in each["nodes"]
    ]
    assert told == []


def hostile_run(payload: str) -> LoggedRun:
    """Return a run that has a text in every field of every event that a page could show."""
    log = MadeLog(
        **dict.fromkeys(("run", "graph", "thread", "owner", "fanloom", "pattern"), payload),
        nodes=[{"name": payload, "x": 0, "y": 0}, {"name": f"{payload} 2", "x": 1, "y": 0}],
        edges=[{"source": payload, "target": f"{payload} 2", "conditional": True}],
        context={payload: payload, "max_concurrency": payload},
    )
    log.events[0]["input"] = log.text(payload)
    task = {"task_id": payload, "worker": payload, "title": payload, "depends_on": [payload]}
    log.add(1, "plan.made", over=payload, tasks=[task], cut=0)
    log.wait(payload, 2, 3, payload)
    log.call(
        payload, payload, (4, 5, payload, payload, payload, 0.1), (6, 7, "repair", payload, payload, 0.1), title=payload
    )
    log.call("", payload, (4, 5, "first", payload, payload, 0.1), title=payload, records=payload)
    for event in log.events:
        if event["type"].startswith("attempt."):
            event |= {"message": payload, "after": payload, "gen_ai.response.finish_reasons": [payload]}
        if event["type"] == "attempt.started":
            event["prompt"] = [{"role": payload, "text": log.text(payload)}]
        if event["type"] == "attempt.ended":
            event["answer"] = log.text(payload)
        if event["type"] == "node.ended":
            event["error"] = payload
    value = {"question": payload, payload: payload, "facts": {payload: payload}}
    schema: Any = json.loads(json.dumps(SCHEMA))
    schema["properties"]["decision"] |= {"enum": [payload, "no"], "title": payload, "description": payload}
    for key in ("open", "told"):
        log.add(8, "question.asked", id=f"{key}{payload}", task=payload, value=value, response_schema=schema)
    log.add(9, "question.answered", id=f"told{payload}", by=payload, answer={payload: payload})
    log.add(9, "effect", task=payload, name=payload, key=payload, once=payload)
    log.add(9, "limiter.cool_down", model=payload, hint_s=1)
    log.add(9, "breaker.opened", model=payload)
    log.add(10, payload, **{payload: payload})
    log.outcome(10, payload, payload, "failed", payload)
    log.add(11, "run.ended", status=payload, error=payload, result=log.text(payload))
    return log.run()


def test_forty_payloads_in_every_field_are_text(open_report: Opens) -> None:
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 40
    # One page shows them all, one after the other: to make a page takes longer than to show something in it.
    opened = None
    for payload in PAYLOADS:
        opened = open_report(hostile_run(payload), instead_of=opened)
        page = opened.page
        shown = as_shown(payload)
        for key in ("Escape", "f", "t"):
            page.get_by_label("Table").set_checked(key == "t")
            page.keyboard.press(key)
            page.wait_for_timeout(20)
            said = page.locator("#studio").inner_text()
            assert shown in said, payload
            page.locator("[role=row], summary, th, td").last.hover()
        assert opened.wrong == [], payload
        assert len(opened.requests) == 1, opened.requests
        assert page.locator(f"#studio :is({MADE_BY_PAYLOADS})").count() == 0


def test_the_page_itself_could_not_make_html_or_call_anybody(open_report: Opens) -> None:
    page = open_report(support_run()).page
    tried = page.evaluate(
        """async () => {
            const told = [];
            try { document.body.innerHTML = "<p>x"; told.push("html"); } catch { told.push("no html"); }
            try { await fetch("data:text/plain,x"); told.push("fetched"); } catch { told.push("no fetch"); }
            return told;
        }"""
    )
    assert tried == ["no html", "no fetch"]


def test_a_megabyte_as_a_name_is_cut(open_report: Opens) -> None:
    opened = open_report(hostile_run("x" * 1_000_000))
    assert len(opened.page.locator("#studio").inner_text()) < 60_000
    assert opened.wrong == []

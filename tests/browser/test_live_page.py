"""The studio's pages in a real browser: a run as it goes on, the list, two runs compared, a file."""

# ruff: noqa: E501

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from fanloom.runlog.fanrun import LoggedRun, write_fanrun
from fanloom.runlog.run_store import RunStore
from tests.browser.conftest import Page
from tests.made_logs import support_run, wide_run
from tests.served_logs import KEYS, small_run, write
from tests.served_logs import store as store
from tests.slow import slow
from tests.unit.test_written_files import WRITTEN


def later(run: LoggedRun, by: int) -> LoggedRun:
    return LoggedRun([{**event, "t": event["t"] + by} for event in run.events], run.contents)


def badge(page: Page, word: str) -> None:
    page.page.locator(".badge", has_text=word).wait_for(timeout=60_000)


def test_a_run_is_drawn_as_it_goes_on(page: Page, address: str, store: RunStore) -> None:
    run = support_run(answered=False)
    write(store, run, run.events[:4])
    page.page.goto(f"{address}/studio/runs/01a2249b")
    badge(page, "running")
    assert page.page.locator(".bar.open").count() > 0
    before = page.page.locator(".bar.good").count()
    write(store, run, run.events[4:])
    badge(page, "waiting for a person")
    assert page.page.locator(".bar.good").count() > before
    # A log alone has no API by which a run could go on.
    assert "fanloom resume return-17" in page.page.get_by_role("complementary").inner_text()
    page.page.get_by_role("button", name="t5 Split").click()
    page.page.get_by_text("<task>Split INV-7820 by cost centre</task> try 3").wait_for()
    assert [wrong for wrong in page.wrong if "404" not in wrong] == []


@pytest.mark.slow
def test_an_event_becomes_a_pixel_soon(
    page: Page, address: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = wide_run(60)
    write(store, run, run.events[:3])
    page.page.goto(f"{address}/studio/runs/wide60")
    badge(page, "running")
    page.page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
            const found = document.querySelector(".fact:nth-child(4) dd").textContent;
            if (found !== window.last) { window.last = found; window.seen.push([found, Date.now()]); }
        }).observe(document.body, { subtree: true, childList: true, characterData: true }); }"""
    )
    sent: dict[str, float] = {}
    requests = 0
    for first in range(3, 240, 12):
        batch = run.events[first : first + 12]
        requests += sum(event["type"] == "attempt.started" for event in batch)
        write(store, run, batch)
        sent.setdefault(str(requests), time.time() * 1000)
        page.page.wait_for_timeout(250)
    seen = {word.split()[0]: at for word, at in page.page.evaluate("window.seen")}
    took = [seen[number] - at for number, at in sent.items() if number in seen]
    assert len(took) > 12
    p95 = quantiles(took, n=20)[-1]
    with capsys.disabled():
        print(
            f"\nfrom the event in the store to the pixel: median {sorted(took)[len(took) // 2]:.0f} ms, p95 {p95:.0f} of 300"
        )


WATCH_FRAMES = """() => { window.frames_at = []; const next = (at) => { window.frames_at.push(at); requestAnimationFrame(next); };
    requestAnimationFrame(next); window.long = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) window.long += each.duration; }).observe({ type: "longtask" }); }"""


def frames(page: Page) -> tuple[float, float]:
    """Return the 95th percentile of the milliseconds between frames, and how long tasks took that held the page up."""
    frames_at, long = page.page.evaluate("[window.frames_at, window.long]")
    return quantiles([b - a for a, b in pairwise(frames_at)], n=20)[-1], long


@pytest.mark.slow
def test_a_thousand_events_a_second_are_kept_up_with(
    page: Page, address: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = wide_run(5000)
    write(store, run, run.events[:3])
    page.page.goto(f"{address}/studio/runs/wide5000")
    badge(page, "running")
    page.page.evaluate(WATCH_FRAMES)
    first, began = 3, time.monotonic()
    while time.monotonic() - began < 6:
        due = 3 + int((time.monotonic() - began) * 1000)
        if due > first:
            write(store, run, run.events[first:due])
            first = due
        page.page.wait_for_timeout(50)
    slowest, long = frames(page)
    write(store, run, run.events[first:])
    badge(page, "finished, 51 tasks not done")
    with capsys.disabled():
        print(
            f"\n1,000 events/s: frame p95 {slowest:.0f} ms of 50, long tasks {long / 60:.0f} %; a burst of {len(run.events) - first:,} read"
        )
    assert "4,949 done, 51 failed" in page.page.locator(".facts").inner_text()
    assert page.page.locator("*").count() <= 1500


def test_a_burst_loses_nothing(page: Page, address: str, store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    run = wide_run(1200)
    write(store, run, run.events[:50])
    page.page.goto(f"{address}/studio/runs/wide1200")
    badge(page, "running")
    page.page.evaluate(WATCH_FRAMES)
    for first in range(50, len(run.events), 500):
        write(store, run, run.events[first : first + 500])
    badge(page, "finished, 12 tasks not done")
    assert "1,188 done, 12 failed" in page.page.locator(".facts").inner_text()
    with capsys.disabled():
        print(f"\na burst of {len(run.events) - 50:,} events: frame p95 {frames(page)[0]:.0f} ms of 100")


def test_a_key_is_asked_for_kept_in_memory_and_sent(
    page: Page, address: str, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_API_KEYS", json.dumps(KEYS))
    write(store, small_run("of-anna", "anna"))
    write(store, small_run("of-berta", "berta"))
    page.page.goto(f"{address}/studio")
    page.page.get_by_label("API key").fill(next(iter(KEYS)))
    page.page.keyboard.press("Enter")
    page.page.get_by_role("link", name="support_desk").wait_for()
    assert page.page.locator("tbody tr").count() == 1
    assert page.page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    page.page.goto(f"{address}/studio/runs/of-berta")
    page.page.get_by_label("API key").fill(next(iter(KEYS)))
    page.page.get_by_label("keep it for this tab").check()
    page.page.keyboard.press("Enter")
    page.page.get_by_text("no run 'of-berta'").wait_for()
    page.page.goto(f"{address}/studio/runs/of-anna")
    badge(page, "finished")


def test_the_list_shows_what_waits_first_and_leads_to_runs_and_to_two_compared(
    page: Page, address: str, store: RunStore
) -> None:
    write(store, support_run(answered=False))
    write(store, later(wide_run(30), 10_000_000))
    write(store, later(wide_run(40), 20_000_000))
    page.page.goto(f"{address}/studio")
    headings = page.page.get_by_role("heading")
    headings.get_by_text("Waiting for a person").wait_for()
    assert page.page.locator("table").first.locator("tbody tr").count() == 1
    assert "? waiting (1)" in page.page.locator("table").first.inner_text()
    page.page.get_by_label("compare support_desk wide30").check()
    page.page.get_by_label("compare support_desk wide40").check()
    page.page.get_by_role("link", name="Compare the two").click()
    page.page.get_by_role("heading", name="Two runs").wait_for()
    assert "not in this run" in page.page.locator("table").last.inner_text()
    assert page.page.locator("table").last.locator("tbody tr").count() == 41
    page.page.get_by_role("button", name="t11 Task 11 of many").click()
    page.page.get_by_text('{"answer": "t11 2 returns"}').first.wait_for()
    assert [wrong for wrong in page.wrong if "404" not in wrong] == []


@pytest.mark.parametrize("kind", ["fanrun", "html"])
def test_a_file_is_read_in_the_browser_and_nothing_is_sent(page: Page, address: str, tmp_path: Path, kind: str) -> None:
    from fanloom.studio.report_file import report_page

    file = tmp_path / f"a.{kind}"
    if kind == "html":
        file.write_text(report_page(support_run()), encoding="utf-8")
    else:
        write_fanrun(support_run(), file)
    page.page.goto(f"{address}/studio/file")
    before = len(page.requests)
    page.page.locator("input[type=file]").set_input_files(file)
    badge(page, "finished, 2 tasks not done")
    page.page.keyboard.press("f")
    page.page.get_by_text("<task>Split INV-7820 by cost centre</task> try 3").wait_for()
    assert page.requests[before + 1 :] == []


def test_a_file_of_an_earlier_version_shows_the_same_numbers(page: Page, address: str) -> None:
    page.page.goto(f"{address}/studio/file")
    page.page.locator("input[type=file]").set_input_files(WRITTEN / "run_v1.fanrun")
    badge(page, "finished, 2 tasks not done")
    figures = page.page.locator(".facts").inner_text()
    assert [
        said for said in ("7 done, 1 skipped, 1 failed", "16 (6 again)", "$0.0206", "$0.00360") if said not in figures
    ] == []
    page.page.goto(f"{address}/studio/file")
    page.page.locator("input[type=file]").set_input_files(WRITTEN / "evaluation_v1.json")
    page.page.get_by_role("heading", name="refund: 6 items, each run 2 times").wait_for()
    assert page.page.locator(".measures tbody tr").count() == 21


@pytest.mark.parametrize("body", [b"PK\x03\x04 no zip", b"<p>no report", b"", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_none_is_said(page: Page, address: str, tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "a.fanrun"
    file.write_bytes(body)
    page.page.goto(f"{address}/studio/file")
    page.page.locator("input[type=file]").set_input_files(file)
    page.page.get_by_text("This cannot be read").wait_for()
    assert page.wrong == [] or all("404" in wrong for wrong in page.wrong)


@pytest.mark.parametrize("where", ["", "/file", "/evals", "/compare?a=wide30&b=wide30"])
@pytest.mark.parametrize("scheme", ["light", slow("dark")])
def test_axe_finds_nothing_on_the_pages(
    browser: Any, address: str, store: RunStore, axe: str, where: str, scheme: str
) -> None:
    write(store, wide_run(30))
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/studio{where}")
    page.locator("label, h1").first.wait_for()
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((found) => found.violations)")
    assert [
        (each["id"], node["html"][:160], node["failureSummary"][:200]) for each in found for node in each["nodes"]
    ] == []
    context.close()

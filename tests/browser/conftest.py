"""A browser for the tests: Debian's chromium through Playwright; where there is none, they are skipped and say so."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from fanloom.runlog.fanrun import LoggedRun
from fanloom.runlog.run_store import RunStore
from fanloom.server.app import app
from fanloom.studio.report_file import evaluation_page, report_page
from tests.ports import free_port

AXE = Path(__file__).parents[2] / "studio" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium")
# The same engine without a window: a page in it takes a third of the time.
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
# In a window, Chromium makes its own pages ready beside each of ours.
ARGUMENTS = ["--no-sandbox", "--disable-features=PreloadTopChromeWebUI"]
Opens = Callable[..., Any]


def leave_out(why: str) -> None:
    """Skip a test, or fail it where nothing may be left out."""
    # CI installs a browser, and must not pass without it.
    if os.environ.get("NEEDS_BROWSER"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if HEADLESS is None:
        leave_out("no chromium is installed: apt-get install chromium")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=HEADLESS, args=ARGUMENTS)
        yield found
        found.close()


class Page:
    """A page, and what went wrong on it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.requests: list[str] = []
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.wrong.append(f"error {error}"))
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def open_report(browser: Any, tmp_path: Path) -> Iterator[Opens]:
    contexts: list[Any] = []
    numbers = count()

    def new(**how: Any) -> Page:
        contexts.append(browser.new_context(offline=True, viewport={"width": 1400, "height": 850}, **how))
        return Page(contexts[-1].new_page())

    def opened(run: LoggedRun | dict[str, Any], *, link: str = "", instead_of: Page | None = None, **how: Any) -> Page:
        file = tmp_path / f"{next(numbers)}.html"
        file.write_text(report_page(run) if isinstance(run, LoggedRun) else evaluation_page(run), encoding="utf-8")
        page = instead_of or new(**how)
        page.requests.clear()
        page.page.goto(f"{file.as_uri()}{link}")
        page.page.locator("#studio[data-ready]").wait_for(timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def axe() -> str:
    if not AXE.is_file():
        leave_out("axe-core is not installed: make studio")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def address(store: RunStore) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    yield Page(context.new_page())
    context.close()

"""`make studio-demo`: the studio over a run with retries, a failure, a cool-down and an approval, with no key.

The server is `fanloom dev`, and the models are those of a provider on loopback.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from langgraph_sdk import get_sync_client

from tests.desk_writer import Writer, back, bill, plan, where
from tests.wire.provider import FakeProvider, Request, blocked, status
from tests.wire.server.harness import DevServer

QUERY = (
    "Invoice INV-7890 is higher than I expected, INV-7891 was paid twice, and where is my order A-12345? "
    "I would also like to return the SuperWidget 5000, because it is not compatible with my system."
)
_LATENCY_S = 0.7
_CONTEXT = {
    "model": "google_genai:gemini-2.5-flash",
    "customer_id": "C-1001",
    "approve_returns_over": 10,
    "max_concurrency": 2,
    "max_attempts": 3,
}


@contextmanager
def demo() -> Iterator[tuple[DevServer, str]]:
    """Give a server, and the thread in which a run of the support desk waits for a person."""
    with (
        TemporaryDirectory(prefix="fanloom-demo-", ignore_cleanup_errors=True) as folder,
        FakeProvider(reply=_reply(), latency=_LATENCY_S) as provider,
        DevServer(Path(folder), **provider.environment()) as server,
    ):
        yield server, _run(server)


def _run(server: DevServer) -> str:
    with get_sync_client(url=server.url) as client:
        thread: str = client.threads.create()["thread_id"]
        client.runs.wait(thread, "support_desk", input={"query": QUERY}, context=_CONTEXT)
    return thread


def _reply() -> Any:
    """Return a provider that is busy and down at first, and never answers about one of the invoices."""
    writer = Writer(plan=plan(bill("INV-7890"), bill("INV-7891"), where("A-12345"), back("SuperWidget 5000")))
    faults = iter([status(503), status(429, hint_seconds=2)])
    lock = threading.Lock()

    def reply(request: Request) -> Any:
        if "concern about this invoice?" not in request.text:
            return writer(request.text)
        if "<invoice_number>INV-7891" in request.text:
            return blocked()
        with lock:
            return next(faults, None) or writer(request.text)

    return reply


def picture(server: DevServer, thread: str, file: Path) -> None:
    """Write a picture of the page that shows the run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1480, "height": 860})
        page.goto(f"{server.url}/studio/runs/{run_of(server, thread)}")
        page.get_by_role("grid").wait_for()
        page.screenshot(path=file)
        browser.close()


def run_of(server: DevServer, thread: str) -> str:
    """Return the logged run of a thread, once it is written that it waits."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = httpx.get(f"{server.url}/studio/api/runs", params={"thread": thread, "status": "waiting"}).json()
        if found:
            return str(found[0]["run"])
        time.sleep(0.05)
    raise AssertionError(server.log[-3000:])


def main() -> None:
    """Show the demo until Ctrl-C, or write its picture to the file that is named."""
    with demo() as (server, thread):
        if file := next(iter(sys.argv[1:]), None):
            picture(server, thread, Path(file))
            return
        print(f"The studio is at {server.url}/studio; a question waits there. Ctrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()

"""What Lighthouse says of the pages: accessibility and best practices, of 100 each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fanloom.studio.report_file import evaluation_page, report_page
from tests.browser.conftest import CHROMIUM, leave_out
from tests.made_evaluations import made_evaluation
from tests.made_logs import support_run

VERSION = "12.2.3"
CHROME = "--headless=new --no-sandbox"
CATEGORIES = {"accessibility": 1, "best-practices": 0.95}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "run.html").write_text(report_page(support_run()), encoding="utf-8")
    (tmp_path / "evaluation.html").write_text(evaluation_page(made_evaluation()), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.soak
@pytest.mark.parametrize("page", ["run.html", "evaluation.html"])
def test_lighthouse_finds_nothing(address: str, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = shutil.which("lighthouse")
    if program is None or CHROMIUM is None:
        leave_out(f"lighthouse is not installed: npm install --global lighthouse@{VERSION}")
    command = [str(program), f"{address}/{page}", "--quiet", "--output=json", f"--chrome-flags={CHROME}"]
    chosen = f"--only-categories={','.join(CATEGORIES)}"
    chrome = {**os.environ, "CHROME_PATH": str(CHROMIUM)}
    ran = subprocess.run([*command, chosen], env=chrome, capture_output=True, timeout=200, check=True)
    found = {name: each["score"] for name, each in json.loads(ran.stdout)["categories"].items()}
    told = ", ".join(f"{name} {100 * score:.0f}" for name, score in found.items())
    with capsys.disabled():
        print(f"\nlighthouse {VERSION} of {page}: {told}")
    assert {name: score for name, score in found.items() if score < CATEGORIES[name]} == {}

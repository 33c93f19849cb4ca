"""The report: one file that holds a run, gives it back, and says no more than it was asked to."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fanloom import UserError
from fanloom.cli import cli
from fanloom.runlog.contents import packed
from fanloom.runlog.fanrun import LoggedRun, write_fanrun
from fanloom.runlog.log_writer import Batch
from fanloom.runlog.run_store import RunStore
from fanloom.studio.hiding import HIDDEN, HiddenPart, without
from fanloom.studio.kept_logs import open_store
from fanloom.studio.report_file import STATIC, read_report, report_page
from tests.made_logs import MadeLog, support_run, wide_run

CANARY = "canary.bird@cage.example"


def kept(store: RunStore, run: LoggedRun) -> None:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in run.events)
    bodies = {name: packed(text) for name, text in run.contents.items()}
    store.write([Batch(run.events[0]["run"], 1, len(run.events), lines, run.events, bodies)])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    store = open_store()
    kept(store, support_run())
    store.close()
    return tmp_path


@pytest.mark.parametrize("named", ["return-17", "01a2249b"])
def test_a_thread_and_a_run_become_a_file_that_holds_all_of_it(project: Path, named: str) -> None:
    ran = CliRunner().invoke(cli, ["report", named, "-o", "out.html"])
    assert ran.exit_code == 0, ran.output
    assert read_report(project / "out.html") == support_run()


def test_a_report_and_a_fanrun_file_can_be_opened_again(tmp_path: Path) -> None:
    run = support_run()
    write_fanrun(run, tmp_path / "a.fanrun")
    for source, made in (("a.fanrun", "b.html"), ("b.html", "c.html")):
        ran = CliRunner().invoke(cli, ["report", str(tmp_path / source), "-o", str(tmp_path / made)])
        assert ran.exit_code == 0, ran.output
    assert read_report(tmp_path / "c.html") == run


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("nobody", "no run and no thread 'nobody'"),
        ("gone.fanrun", "there is no file"),
        ("gone.html", "there is no file"),
        ("page.html", "is no report"),
        ("bomb.html", "unpacks to more than"),
        ("cut.html", "cannot be read"),
    ],
)
def test_what_cannot_be_shown_is_said(project: Path, named: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.studio.report_file._MOST_BYTES", 100_000)
    form = '<script type="application/octet-stream" id="run">%s</script>'
    Path("page.html").write_text("<p>no run</p>")
    Path("bomb.html").write_text(form % b64encode(zlib.compress(bytes(200_000))).decode())
    Path("cut.html").write_text(form % b64encode(b"no such thing").decode())
    ran = CliRunner().invoke(cli, ["report", named])
    assert ran.exit_code == 2
    assert says in ran.output


class Scripts(HTMLParser):
    """Finds what a page runs and looks like, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self.fetched: list[str] = []
        self.policy = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [str(given[name]) for name in ("src", "href") if name in given]
        self.policy = given.get("content") or "" if given.get("http-equiv") else self.policy
        self._inside = tag if "type" not in given else ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.found:
            self.found[self._inside].append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def test_a_report_runs_its_one_script_and_fetches_nothing() -> None:
    page = Scripts()
    page.feed(report_page(support_run()))
    assert page.fetched == []
    assert "connect-src" not in page.policy
    assert "default-src 'none'" in page.policy
    assert "require-trusted-types-for 'script'" in page.policy
    for tag, texts in page.found.items():
        assert len(texts) == 1
        assert f"'sha256-{b64encode(sha256(texts[0].encode()).digest()).decode()}'" in page.policy, tag


def test_the_bundle_is_small_names_no_address_and_makes_no_html_of_data(capsys: pytest.CaptureFixture[str]) -> None:
    files = [STATIC / name for name in ("studio.js", "studio.css")]
    size = len(zlib.compress(b"".join(file.read_bytes() for file in files), 9))
    with capsys.disabled():
        print(f"\nbundle, gzip: {size / 1000:.1f} KB of 60")
    assert size <= 60_000
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert {found for found in re.findall(r"https?://[^\s\"'`]*", text) if "www.w3.org" not in found} == set()
    source = "".join(file.read_text(encoding="utf-8") for file in (STATIC.parents[2] / "studio" / "src").iterdir())
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert way not in source


def test_the_wheel_grows_by_little(capsys: pytest.CaptureFixture[str]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in (each for room in ("studio", "runlog") for each in (STATIC.parents[1] / room).rglob("*.*")):
            if file.suffix in (".py", ".js", ".css"):
                wheel.write(file)
    with capsys.disabled():
        print(f"\nthe studio and the log in the wheel: {len(made.getvalue()) / 1000:.0f} KB of 250")
    assert len(made.getvalue()) <= 250_000


def test_the_bundle_is_what_the_source_gives(tmp_path: Path) -> None:
    folder = STATIC.parents[2] / "studio"
    if not (folder / "node_modules").is_dir():
        pytest.skip("the page's tools are not installed: make studio")
    subprocess.run(["node", "build.mjs", str(tmp_path)], cwd=folder, check=True, timeout=60)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(file.name for file in STATIC.iterdir())
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (STATIC / file.name).read_bytes(), f"{file.name}: make studio"


def test_what_is_installed_is_pinned_by_its_hash_and_from_no_address() -> None:
    text = (STATIC.parents[2] / "studio" / "npm-shrinkwrap.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    assert "://" not in text
    assert all(each["integrity"].startswith("sha512-") for name, each in packages.items() if name)


def test_the_source_is_small_enough_to_be_read() -> None:
    lines = [
        line.strip()
        for file in (STATIC.parents[2] / "studio" / "src").glob("*.ts*")
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    # Blank lines and comments cost no reader anything.
    assert len([line for line in lines if line and not line.startswith("//")]) <= 2000


def test_a_report_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    document = "".join(f"paragraph {n} of a document that all prompts have\n" for n in range(1800))
    few, many = len(report_page(support_run())), len(report_page(wide_run(1000, calls=2, document=document)))
    with capsys.disabled():
        print(
            f"\nreport of 9 tasks: {few / 1000:.0f} KB of 100; of 1,000 with 2 calls each: {many / 1000:.0f} of 2,000"
        )
    assert few <= 100_000
    assert many <= 2_000_000


# Where the canary may stand in no report of a mode: fields of events, and contents.
FIELDS = ("title", "message", "question", "fact", "answered", "effect", "error", "context", "unheard")


def canary_run() -> LoggedRun:
    log = MadeLog(context={"note": f"context {CANARY}"}, input="")
    log.events[0]["input"] = log.text(f"input {CANARY}")
    title = {"task_id": "t1", "worker": "orders", "title": f"title {CANARY}", "depends_on": []}
    log.add(1, "plan.made", tasks=[title])
    log.call("t1", "orders", (2, 3, "first", "wrong_shape", "made", 0.1), title=f"prompt {CANARY}")
    for event in log.events:
        if event["type"] == "attempt.ended":
            event |= {"message": f"message {CANARY}", "answer": log.text(f"answer {CANARY}")}
    value = {"question": f"question {CANARY}", "facts": {"who": f"fact {CANARY}"}}
    log.add(4, "question.asked", id="q", task="t1", value=value, response_schema={"enum": [f"fact {CANARY}"]})
    log.add(5, "question.answered", id="q", by="sue", answer={"why": f"answered {CANARY}"})
    log.add(6, "effect", task="t1", name="mail", key=f"effect {CANARY}", once="new")
    log.outcome(7, "t1", "orders", "failed", f"error {CANARY}")
    log.add(8, "news.of_tomorrow", unheard=[{"deep": f"unheard {CANARY}"}])
    log.add(9, "run.ended", status="failed", error=f"error {CANARY}", result=log.text(f"result {CANARY}"))
    return log.run()


def held(page: str) -> bytes:
    """Return all that a report holds, unpacked."""
    found = re.search(r'id="run">([^<]*)<', page)
    assert found
    return zlib.decompress(b64decode(found[1])) + re.sub(r'id="run">[^<]*<', "", page).encode()


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("pii", ()),
        ("inputs", (*FIELDS, "input", "prompt")),
        ("outputs", (*FIELDS, "answer", "result")),
        ("all", (*FIELDS, "input", "prompt", "answer", "result")),
    ],
)
def test_what_is_left_out_is_nowhere_in_the_report(part: HiddenPart, gone: tuple[str, ...]) -> None:
    run = canary_run()
    before, after = held(report_page(run)), held(report_page(without(run, part)))
    assert before.count(CANARY.encode()) > 12
    assert CANARY.encode() not in after
    for name in gone:
        assert f"{name} canary".encode() in before
        assert f"{name} ***".encode() not in after
    left = without(run, part)
    assert [event["type"] for event in left.events] == [event["type"] for event in run.events]
    assert set(left.contents) <= set(run.contents)


def test_what_the_work_was_like_is_left() -> None:
    run, left = support_run(), without(support_run(), "all")
    facts = (
        "t",
        "mono",
        "task_id",
        "worker",
        "status",
        "outcome",
        "cost_usd",
        "reason",
        "gen_ai.request.model",
        "nodes",
    )
    for before, after in zip(run.events, left.events, strict=True):
        assert {name: before[name] for name in facts if name in before} == {n: after[n] for n in facts if n in after}
    planned = next(event for event in left.events if event["type"] == "plan.made")
    assert {task["title"] for task in planned["tasks"]} == {HIDDEN}
    assert not left.contents


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**12) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.fixed_dictionaries({"type": st.text(max_size=9), "x": json_values}, optional={"prompt": json_values})),
    st.dictionaries(st.from_regex(r"[0-9a-f]{8}", fullmatch=True), st.text(st.characters(codec="utf-8")), max_size=4),
)
def test_any_run_comes_back_from_its_report(tmp_path_factory: Any, events: list[Any], contents: dict[str, str]) -> None:
    run = LoggedRun([{"seq": n, "t": n, **event} for n, event in enumerate(events)], contents)
    file = tmp_path_factory.getbasetemp() / "any.html"
    file.write_text(report_page(run), encoding="utf-8")
    assert read_report(file) == run
    for part in ("pii", "all"):
        report_page(without(run, part))


def test_a_file_that_cannot_be_written_is_said(project: Path) -> None:
    ran = CliRunner().invoke(cli, ["report", "return-17", "-o", "no/such/folder.html"])
    assert ran.exit_code == 2
    assert "cannot be written" in ran.output


def test_read_report_wants_a_report(tmp_path: Path) -> None:
    made = io.BytesIO()
    write_fanrun(support_run(), made)
    file = tmp_path / "no.html"
    file.write_bytes(made.getvalue())
    with pytest.raises(UserError, match="is no report"):
        read_report(file)

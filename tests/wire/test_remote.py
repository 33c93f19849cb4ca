"""`fanloom run`, `threads` and `resume` with --url, against a real server that asks for keys."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from langgraph_sdk import get_sync_client
from langgraph_sdk._sync.threads import SyncThreadsClient

from fanloom.cli import cli
from fanloom.cli.remote.watched_run import WatchedRun
from fanloom.cli.thread import thread_id
from tests.ports import free_port
from tests.unit.test_cli_process import environment, in_terminal
from tests.wire.server.aegra import AegraServer
from tests.wire.server.conftest import ALICE, BOB, KEYS
from tests.wire.server.harness import CONFIG, DevServer

FLOW = '''
"""Work on names; on carol only when the file `hold` is gone."""

import asyncio
import operator
from pathlib import Path
from typing import Annotated

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send
from pydantic import BaseModel
from typing_extensions import TypedDict

HERE = Path(__file__).parent


class Context(BaseModel):
    greeting: str = "Hello"


class In(TypedDict):
    names: list[str]


class Out(TypedDict):
    done: Annotated[list[str], operator.add]


class State(In, Out):
    pass


def note(name):
    with (HERE / "calls").open("a") as calls:
        calls.write(f"{name}\\n")


async def greet(task, runtime):
    await asyncio.to_thread(note, task["name"])
    while task["name"].startswith("carol") and await asyncio.to_thread((HERE / "hold").exists):
        await asyncio.sleep(0.02)
    if task["name"] == "bob" and await asyncio.to_thread((HERE / "broken").exists):
        raise ValueError("bob is not at home")
    return {"done": [f"{runtime.context.greeting} {task['name']}"]}


flow = StateGraph(State, input_schema=In, output_schema=Out, context_schema=Context)
flow.add_node("begin", lambda state: {})
flow.add_node("greet", greet)
flow.add_edge(START, "begin")
flow.add_conditional_edges("begin", lambda state: [Send("greet", {"name": n}) for n in state["names"]], ["greet"])

kept_nowhere = StateGraph(In).add_node("end", lambda state: {}).add_edge(START, "end").compile(checkpointer=False)
nested = StateGraph(State, output_schema=Out)
nested.add_node("inner", kept_nowhere)
nested.add_edge(START, "inner")
talk = StateGraph(MessagesState).add_node("end", lambda state: {}).add_edge(START, "end")
'''
RETURN = "I would like to return the 'SuperWidget 5000' because it is not compatible with my system."
Run = Callable[..., Result]


SHIPPED = json.loads(CONFIG)
GRAPHS = {
    "faq_parallel": SHIPPED["graphs"]["faq_parallel"],
    "support_desk": SHIPPED["graphs"]["support_desk"],
    "flow": {"path": "./flow.py:flow", "description": "Greets everybody"},
    "nested": "./flow.py:nested",
    "talk": "./flow.py:talk",
}


class Server(DevServer):
    config = json.dumps({**SHIPPED, "graphs": GRAPHS})


class OnAegra(AegraServer):
    config = Server.config


KINDS: Any = [pytest.param(Server, id="dev"), pytest.param(OnAegra, id="aegra", marks=pytest.mark.aegra)]


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    folder = tmp_path_factory.mktemp("remote")
    (folder / "flow.py").write_text(FLOW)
    with request.param(folder, FANLOOM_API_KEYS=KEYS) as running:
        yield running


@pytest.fixture
def folder(server: Server) -> Path:
    """Return the server's folder, where nothing is held back, broken or noted by the test before."""
    for name in ("hold", "broken", "calls"):
        (server.folder / name).unlink(missing_ok=True)
    return server.folder


@pytest.fixture
def run(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line as Alice, in a folder that is no project."""
    monkeypatch.setenv("FANLOOM_API_KEY", ALICE)
    monkeypatch.chdir(tmp_path)
    return lambda *args, url=None: CliRunner().invoke(cli, [*args, "--url", url or server.url])


@contextmanager
def process(server: Server, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command line as Alice, as a process of its own."""
    command = [sys.executable, "-m", "fanloom", *args]
    variables = environment(FANLOOM_API_KEY=ALICE, FANLOOM_URL=server.url)
    started = subprocess.Popen(
        command, cwd="/", env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def calls(folder: Path, those: str = "") -> list[str]:
    """Return the names that were worked on and hold `those` letters."""
    noted = folder / "calls"
    return sorted(name for name in noted.read_text().split() if those in name) if noted.exists() else []


def stored(server: Server, thread: str) -> int:
    """Count the tasks of a thread that have ended and are stored."""
    with get_sync_client(url=server.url, api_key=ALICE) as client:
        state: Any = client.threads.get_state(thread_id(thread))
    return sum(task["result"] is not None for task in state["tasks"])


def test_a_run_makes_its_options_and_its_documents_as_a_run_here_does(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tides.md").write_text("# Tides\n\nA tide is the rise of the sea. Tides are caused by the moon.\n")
    done = run("run", "faq_parallel", "--sources", "tides.md", "--n-questions", "2", "--json")
    assert done.exit_code == 0, done.stderr
    output = json.loads(done.stdout)
    assert list(output) == ["faqs", "failures", "usage"]
    assert {title for faq in output["faqs"] for title in faq["sources"]} == {"Tides"}
    assert done.stderr == ""
    shown = run("run", "faq_parallel", "--sources", "tides.md", "--n-questions", "2", "--model", "offline")
    assert "What is a tide?\n" in shown.stdout
    helped = run("run", "faq_parallel", "--help").stdout
    assert "--sources FILE" in helped
    assert "max_model_calls" in helped
    assert "Greets everybody" in run("run", "--help").stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["faq_paralel"], "Did you mean 'faq_parallel'?"),
        (["faq_parallel", "--sources", "[]"], "Error: input field 'sources': needs at least 1, has 0.\n"),
        (["faq_parallel", "--sources", '{"title": "a", "content": "b c"}', "--set", "max_tasks=0"], "'max_tasks'"),
        (
            ["faq_parallel", "--sources", '{"title": "a", "content": "b c"}', "--set", "max_taks=1"],
            "Did you mean 'max_tasks'?",
        ),
        (["flow"], "Missing --names"),
        (["flow", "--names", "ann", "--set", "greeting=[1]", "--set", "greeting=null"], "valid string"),
        (["flow", "--thread", " x", "--names", "ann"], "is no name for a thread"),
        (["flow", "--names", "ann\udcff"], "cannot be sent: 'utf-8' codec can't encode"),
    ],
)
def test_what_the_caller_can_mend_is_told(run: Run, args: list[str], said: str) -> None:
    refused = run("run", *args)
    assert refused.exit_code == 2
    assert said in refused.stderr


def test_progress_is_shown_on_a_terminal(server: Server, folder: Path) -> None:
    args = ("run", "flow", "--url", server.url, "--names", "ann", "--names", "bob")
    code, shown = in_terminal(*args, cwd=folder, FANLOOM_API_KEY=ALICE)
    assert code == 0
    assert "greet 2/2 done" in shown


def test_a_person_is_asked_and_the_thread_goes_on(run: Run, server: DevServer) -> None:
    desk = ("run", "support_desk", "--query", RETURN, "--set", "approve_returns_over=100", "--thread", "a return")
    asked = run(*desk)
    assert asked.exit_code == 3
    assert "May C-1001 return SuperWidget 5000" in asked.stderr
    assert "fanloom resume 'a return' --url http://127.0.0.1:" in asked.stderr
    assert "fanloom resume 'a return'" in run(*desk).stderr
    (listed,) = [row for row in json.loads(run("threads", "--json").stdout) if row["thread"] == "a return"]
    assert (listed["graph"], listed["state"]) == ("support_desk", "waiting")
    assert "Did you mean 'a return'?" in run("resume", "a retrun").stderr
    # Of the form of an answer Aegra tells nothing, so that the run asks again.
    refusal = "May C-1001 return" if isinstance(server, AegraServer) else "'decision'"
    assert refusal in run("resume", "a return", "--answer", "{}").stderr
    answered = run("resume", "a return", "--answer", '{"decision": "approve"}', "--json")
    assert answered.exit_code == 0, answered.stderr
    (outcome,) = json.loads(answered.stdout)["outcomes"]
    assert outcome["result"]["rma_number"].startswith("RMA-")
    assert run("resume", "a return", "--json").stdout == answered.stdout
    assert run("resume", thread_id("a return"), "--json").stdout == answered.stdout


def test_a_failed_thread_says_why_and_goes_on_with_its_context(run: Run, folder: Path) -> None:
    (folder / "broken").touch()
    failed = run("run", "flow", "--names", "ann", "--names", "bob", "--thread", "f", "--set", "greeting=Good day")
    assert failed.exit_code == 1
    assert "ValueError: bob is not at home\nIt happened in step 'greet'." in failed.stderr
    assert "fanloom resume f --url" in failed.stderr
    listed = run("threads", "--limit", "1")
    assert re.search(r"^f +flow +failed .* ValueError: bob is not at home$", listed.stdout, re.M)
    (folder / "broken").unlink()
    assert json.loads(run("resume", "f", "--json").stdout) == {"done": ["Good day ann", "Good day bob"]}
    other = run("run", "nested", "--names", "ann", "--thread", "f")
    assert "belongs to graph 'flow'" in other.stderr


def test_what_was_not_done_runs_again_on_the_server_and_a_fork_runs_only_what_is_new(
    run: Run, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "r.md").write_text("A product may be returned within 30 days. The refund takes 5 days.")
    given = ("--sources", str(tmp_path / "r.md"), "--n-questions", "2", "--thread", "again")
    assert run("run", "faq_parallel", *given, "--set", "max_model_calls=1").exit_code == 3
    result = run("resume", "again", "--task", "q1", "--task", "q2", "--set", "max_model_calls=20", "--json")
    output = json.loads(result.stdout)
    assert (result.exit_code, len(output["faqs"]), output["usage"]["model_calls"]) == (0, 2, 5)
    assert "q9" in run("resume", "again", "--task", "q9").stderr
    assert "in the project on the server" in run("resume", "again", "--rename", "a=b").stderr
    with get_sync_client(url=server.url, api_key=ALICE) as client:
        where = thread_id("again")
        history = client.threads.get_history(where, limit=50)
        plan = next(state for state in history if "answer_question" in state["next"])
        edited = {"questions": plan["values"]["questions"][:1]}
        fork = client.threads.update_state(where, edited, checkpoint=plan["checkpoint"], as_node="generate_questions")
        forked: Any = client.runs.wait(where, "faq_parallel", input=None, checkpoint=fork["checkpoint"])
    # Nothing is new: what the one question had used is in its own branch.
    assert (len(forked["faqs"]), forked["usage"]["model_calls"]) == (1, 3)


def test_a_thread_keeps_a_graph_with_an_inner_one_that_keeps_nothing(run: Run) -> None:
    kept = run("run", "nested", "--names", "ann", "--thread", "nested")
    assert kept.exit_code == 0, kept.stderr


def test_ctrl_c_stops_the_run_on_the_server(run: Run, server: Server, folder: Path) -> None:
    (folder / "hold").touch()
    with process(server, "run", "flow", "--names", "carol", "--thread", "c") as started:
        until(lambda: calls(folder) == ["carol"])
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "The run is stopped on the server." in said
    assert "Go on with: fanloom resume c" in said
    assert "interrupted" in run("threads", "--limit", "1").stdout
    (folder / "hold").unlink()
    assert json.loads(run("resume", "c", "--json").stdout) == {"done": ["Hello carol"]}


def test_ctrl_c_before_the_server_has_told_which_run_it_is_stops_it(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "hold").touch()

    def begin(self: WatchedRun, _how: object) -> Any:
        self._client.runs.create(self._where, "flow", input={"names": ["carol"]})
        raise KeyboardInterrupt

    monkeypatch.setattr(WatchedRun, "_stream", begin)
    stopped = run("run", "flow", "--names", "carol", "--thread", "early")
    assert stopped.exit_code == 130
    assert "The run is stopped on the server." in stopped.stderr


def test_a_run_that_another_client_cancels_has_failed(run: Run, server: Server, folder: Path) -> None:
    (folder / "hold").touch()
    with process(server, "run", "flow", "--names", "carol", "--thread", "x") as started:
        until(lambda: calls(folder) == ["carol"])
        with get_sync_client(url=server.url, api_key=ALICE) as client:
            (under_way,) = client.runs.list(thread_id("x"))
            client.runs.cancel(thread_id("x"), under_way["run_id"])
        out, said = started.communicate(timeout=60)
    assert (started.returncode, out) == (1, "")
    assert "the run was stopped before its end" in said
    assert "Go on with: fanloom resume x" in said
    (folder / "hold").unlink()
    assert json.loads(run("resume", "x", "--json").stdout) == {"done": ["Hello carol"]}


def test_a_run_deletes_no_thread_that_another_may_have_begun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(SyncThreadsClient, "delete", lambda _client, thread: deleted.append(thread))
    assert run("run", "flow", "--names", "ann", "--thread", "first").exit_code == 0
    assert deleted == []


def test_many_threads_and_one_that_cannot_be_read_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = run("run", "talk", "--thread", "odd", "--messages", '{"role": "nobody", "content": "x"}')
    assert failed.exit_code == 1
    at_once = json.loads(run("threads", "--json", "--limit", "10000").stdout)
    assert (at_once[0]["thread"], at_once[0]["state"]) == ("odd", "failed")
    assert "its state cannot be read" in at_once[0]["error"]
    monkeypatch.setattr("fanloom.cli.remote.remote_threads._PAGE", 1)
    assert json.loads(run("threads", "--json", "--limit", "3").stdout) == at_once[:3]


def test_a_thread_in_which_nothing_ran_is_not_proposed_for_itself(run: Run, server: Server) -> None:
    with get_sync_client(url=server.url, api_key=ALICE) as client:
        empty = client.threads.create()["thread_id"]
    refused = run("resume", empty)
    assert refused.exit_code == 2
    assert f"Did you mean '{empty}'" not in refused.stderr


def test_a_run_under_way_is_watched_and_not_run_again(
    run: Run, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "hold").touch()
    with process(server, "run", "flow", "--names", "carol", "--thread", "w", "--json") as started:
        until(lambda: calls(folder) == ["carol"])
        assert "is not finished (running)" in run("run", "flow", "--names", "ann", "--thread", "w").stderr
        join = WatchedRun._join
        monkeypatch.setattr(WatchedRun, "_join", lambda self: (folder / "hold").unlink() or join(self))
        watched = run("resume", "w", "--json")
        assert started.communicate(timeout=60)[0] == watched.stdout == '{"done": ["Hello carol"]}\n'
    assert calls(folder) == ["carol"]


@pytest.mark.slow
def test_a_server_that_is_killed_loses_nothing_that_is_finished(run: Run, server: Server, folder: Path) -> None:
    (folder / "hold").touch()
    # Names of its own: a restarted server may run again what it had noted down of other tests' runs.
    with process(server, "run", "flow", "--names", "ann-k", "--names", "carol-k", "--thread", "k") as started:
        until(lambda: calls(folder, "-k") == ["ann-k", "carol-k"] and stored(server, "k") == 1)
        server.kill()
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
    assert "The server could not be told to stop" in said
    (folder / "hold").unlink()
    server.start()
    other = run("run", "nested", "--names", "ann", "--thread", "k")
    assert "thread 'k' belongs to graph 'flow'" in other.stderr
    resumed = run("resume", "k", "--json")
    assert json.loads(resumed.stdout) == {"done": ["Hello ann-k", "Hello carol-k"]}, resumed.stderr
    assert calls(folder, "-k") == ["ann-k", "carol-k", "carol-k"]
    assert run("resume", "never was").exit_code == 2
    (listed,) = [row for row in json.loads(run("threads", "--json").stdout) if row["thread"] == "k"]
    assert (listed["graph"], listed["state"]) == ("flow", "done")


def test_others_have_their_own_threads_and_strangers_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("run", "flow", "--names", "ann", "--thread", "mine").exit_code == 0
    monkeypatch.setenv("FANLOOM_API_KEY", BOB)
    assert "mine" not in run("threads").stdout
    assert "there is no thread 'mine'" in run("resume", "mine").stderr
    assert run("run", "flow", "--names", "bert", "--thread", "mine", "--json").exit_code == 0
    assert "take another name" in run("run", "support_desk", "--query", "Hello?", "--thread", "mine").stderr
    for key, name in {BOB: "bert", ALICE: "ann"}.items():
        monkeypatch.setenv("FANLOOM_API_KEY", key)
        assert [row["thread"] for row in json.loads(run("threads", "--json").stdout)].count("mine") == 1
        assert json.loads(run("resume", "mine", "--json").stdout) == {"done": [f"Hello {name}"]}
    monkeypatch.setenv("FANLOOM_API_KEY", "a-wrong-key-0123456789")
    refused = run("run", "flow", "--names", "ann")
    assert refused.exit_code == 2
    assert "Correct FANLOOM_API_KEY" in refused.stderr
    assert "a-wrong-key" not in refused.output
    monkeypatch.delenv("FANLOOM_API_KEY")
    assert "Set FANLOOM_API_KEY" in run("threads").stderr


PLACE = "/threads/t/runs/r"


class Stranger(BaseHTTPRequestHandler):
    """Something else: a page, no page, or a server of LangGraph's that dies or is stopped in the middle of a run."""

    def do_POST(self) -> None:
        if self.path.startswith("/page"):
            self._send(b"<html>", "text/html")
        elif re.fullmatch(r"/\w+/assistants/search", self.path):
            self._send(json.dumps([{"graph_id": "flow", "assistant_id": "1"}]).encode())
        elif self.path == "/stopped/runs/stream":
            self._send(b'event: tasks\ndata: {"id": "1", "name": "greet", "input": 1}\n\n', "text/event-stream")
        elif self.path == "/silent/runs/stream":
            self._send(b"event: metadata\ndata: {}\n\n", "text/event-stream")
        elif self.path == "/saying/runs/stream":
            self._send(b'event: error\ndata: "no more"\n\n', "text/event-stream")
        elif found := re.fullmatch(r"/aegra_(\w+)/runs/stream", self.path):
            self._send(f'event: end\ndata: {{"status": "{found[1]}"}}\n\n'.encode(), "text/event-stream", place=PLACE)
        elif self.path == "/dying/runs/stream":
            self._send(b"event: metadata\ndata: {}\n\n", "text/event-stream", "/dying/runs/1/stream", longer=True)
        else:
            self.send_error(404)

    def do_DELETE(self) -> None:
        self._send(b"{}")

    def do_GET(self) -> None:
        if re.fullmatch(r"/aegra_\w+/info", self.path):
            self._send(b'{"name": "Aegra"}')
        elif re.fullmatch(rf"/aegra_\w+{PLACE}", self.path):
            self._send(b'{"output": {"done": ["all of it"]}, "error_message": "no more of it"}')
        elif self.path == "/odd/assistants/1/schemas":
            self._send(b"null")
        elif self.path.endswith("/assistants/1/schemas"):
            self._send(b'{"input_schema": {"type": "object", "properties": {"names": {"type": "string"}}}}')
        else:
            # Nothing comes: the connection is closed.
            self.close_connection = True

    def _send(
        self, body: bytes, kind: str = "application/json", location: str = "", longer: bool = False, place: str = ""
    ) -> None:
        self.send_response(200)
        if place:
            self.send_header("Content-Location", place)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + longer))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as strange:
        threading.Thread(target=strange.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{strange.server_port}"
        strange.shutdown()


def test_how_a_run_on_aegra_has_ended_is_told_where_its_events_are_lost(
    stranger: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ends = {
        end: CliRunner().invoke(cli, ["run", "flow", "--names", "ann", "--json", "--url", f"{stranger}/aegra_{end}"])
        for end in ("success", "error", "interrupted")
    }
    assert json.loads(ends["success"].stdout) == {"done": ["all of it"]}
    assert (ends["error"].exit_code, "no more of it" in ends["error"].stderr) == (1, True)
    assert "was stopped before its end" in ends["interrupted"].stderr


@pytest.fixture
def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("{nobody}", 1, "no server answers at http://127.0.0.1:"),
        ("{stranger}", 1, "is no LangGraph server"),
        ("{stranger}/page", 1, "is no LangGraph server"),
        ("{stranger}/dying", 1, "was lost"),
        ("{stranger}/stopped", 1, "was stopped before its end"),
        ("{stranger}/silent", 1, "Start it again; with --thread NAME it can go on instead."),
        ("{stranger}/saying", 1, "Error: no more"),
        ("{stranger}/odd", 1, "is no LangGraph server"),
        ("https{stranger}", 1, "correct http or https in --url"),
        ("127.0.0.1:2024", 2, "as in http://127.0.0.1:2024"),
        ("http://ann:hidden@localhost", 2, "without a user"),
    ],
)
def test_what_is_no_server_is_told(
    monkeypatch: pytest.MonkeyPatch, stranger: str, nobody: str, url: str, code: int, said: str
) -> None:
    monkeypatch.setattr("langgraph_sdk._sync.http._reconnect_delay", lambda *_, **__: 0)
    ended = CliRunner().invoke(
        cli,
        [
            "run",
            "flow",
            "--names",
            "x",
            "--url",
            url.format(stranger=stranger, nobody=nobody).replace("httpshttp", "https"),
        ],
    )
    assert ended.exit_code == code
    assert said in ended.stderr
    assert "hidden" not in ended.output


def test_the_option_beats_the_variable_and_a_key_that_cannot_be_sent_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    monkeypatch.setenv("FANLOOM_URL", nobody)
    assert "no server answers" in CliRunner().invoke(cli, ["threads"]).stderr
    assert CliRunner().invoke(cli, ["threads", "--url", ""]).exit_code == 0
    assert "requires an argument" in CliRunner().invoke(cli, ["run", "--url"]).stderr
    monkeypatch.setenv("FANLOOM_API_KEY", "schlüssel")
    refused = CliRunner().invoke(cli, ["threads"])
    assert refused.exit_code == 2
    assert "FANLOOM_API_KEY cannot be a key" in refused.stderr
    assert "schl" not in refused.output

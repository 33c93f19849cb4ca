"""What reaches LangSmith, what does not, and what tracing costs when nobody takes it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client

from fanloom.errors import InvalidSettings
from fanloom.redaction import mask_personal
from fanloom.settings import settings
from fanloom.tracing.trace_mask import TraceMask
from tests.orchestrator_writer import Writer, plan
from tests.ports import free_port
from tests.slow import slow
from tests.wire.conftest import BEDROCK, GEMINI
from tests.wire.langsmith import Collector, Fault, Run
from tests.wire.langsmith.collector import KEY
from tests.wire.langsmith.examples import INPUTS, PATTERNS
from tests.wire.langsmith.programs import (
    ALL_GRAPHS,
    ONE_RUN,
    PERSONAL,
    STUMBLING,
    TALKATIVE,
    TRACED_AROUND,
    end,
    launch,
    start,
)
from tests.wire.provider import FakeProvider, Request, default_reply, prose, status

FANLOOM = str(Path(sys.executable).with_name("fanloom"))
PLANS = {
    "Divide the task": ["formal", "conversational"],
    "Divide this technical": ["overview", "technical", "tutorial"],
}
NAMELESS = re.compile(r"Unnamed|Runnable|LangGraph|ChannelWrite|lambda|^_")
KEYS = {
    "GOOGLE_API_KEY": "google-key-of-this-test",
    "AWS_ACCESS_KEY_ID": "ACCESSKEYOFTHISTEST",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-of-this-test",
    "FANLOOM_API_KEYS": json.dumps({"server-key-of-this-test": {"user": "desk"}}),
}
SECRETS = [*list(KEYS.values())[:3], "server-key-of-this-test", KEY]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    return {
        "FANLOOM_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/support.db",
        "FANLOOM_CHECKPOINT_URL": f"sqlite:///{tmp_path}/checkpoints.db",
    }


def done(process: Any) -> tuple[str, str]:
    code, out, error = end(process)
    assert code == 0, error
    return out, error


def check_tree(root: Run, model: str) -> None:
    assert {root.name, PATTERNS[root.name]} <= root.tags
    for run in root.walk():
        assert not NAMELESS.search(run.name), root.drawn()
        assert run.ended
        assert not run.error
        assert run.tags >= {root.name, PATTERNS[root.name]}
    assert root.models()
    for call in root.models():
        assert call.metadata["step"] == call.name
        assert call.metadata["model"] == model
        assert call.metadata["role"] in ("planner", "worker", "synthesizer", "evaluator")
        assert call.metadata["attempt"] == 1
        assert re.fullmatch(r"[0-9a-f]{12}", call.metadata["prompt_version"])
    for worker in root.children:
        if "outcome" in worker.metadata:
            assert worker.metadata["task_id"]
            assert {call.metadata["task_id"] for call in worker.models()} <= {worker.metadata["task_id"]}


def good_answer(request: Request) -> Any:
    """Answer every step of every graph so that its run is not held up."""
    for mark, types in PLANS.items():
        if mark in request.text:
            return plan(
                *({"id": f"s{n}", "type": kind, "description": f"Write s{n}."} for n, kind in enumerate(types, 1))
            )
    return Writer()(request.text) if re.search("Put these|Write one", request.text) else default_reply(request)


@pytest.mark.slow
def test_every_graph_is_one_tree_of_named_runs(collector: Collector, data: dict[str, str]) -> None:
    with FakeProvider(reply=good_answer) as provider:
        wire = {**provider.environment(), **collector.environment(), **data}
        both = [start(ALL_GRAPHS, wire, "offline"), start(ALL_GRAPHS, wire, GEMINI, BEDROCK)]
        for process in both:
            done(process)
    trees = collector.trees()
    made: dict[str, list[Run]] = {}
    for root in trees:
        model = root.models()[0].metadata["model"]
        check_tree(root, model)
        made.setdefault(f"{root.name} {model}", []).append(root)
    assert made.keys() == {f"{name} {model}" for name in INPUTS for model in ("offline", GEMINI, BEDROCK)}
    # The same tree in both worlds.
    assert [key for key, (sync, asynchronous) in made.items() if shape(sync) != shape(asynchronous)] == []
    parallel = made["faq_parallel offline"][0]
    workers = parallel.named("answer_question")[::2]
    assert [child.name for child in workers[0].children] == ["answer_question", "find_sources"]
    (classify, _) = made["support_router offline"][0].named("classify")
    assert classify.fields["outputs"]["intent"] == "Technical Support"
    assert all(secret.encode() not in collector.received for secret in ("fake-google-key", "fake-secret-key", KEY))


def shape(root: Run) -> Any:
    """Return a tree's names; siblings that run at once are in no order."""
    return root.name, sorted(map(shape, root.children))


def test_what_went_wrong_is_told(collector: Collector, data: dict[str, str]) -> None:
    with FakeProvider() as provider:
        for _ in (GEMINI, BEDROCK):
            provider.enqueue(
                status(503), prose(), {"intent": "Technical Support"}, "an answer", status(503), status(503)
            )
        done(start(STUMBLING, {**provider.environment(), **collector.environment(), **data}, GEMINI, BEDROCK))
    gemini_repaired, gemini_fallback, bedrock_repaired, bedrock_fallback, faq, desk = collector.trees()
    check_workers(faq, desk)
    for repaired, fallen_back in ((gemini_repaired, gemini_fallback), (bedrock_repaired, bedrock_fallback)):
        first, second, third = (call for call in repaired.models() if call.name == "classify")
        assert first.error
        assert [call.metadata["attempt"] for call in (first, second, third)] == [1, 2, 3]
        assert (second.metadata["after"], third.metadata["after"]) == ("server_error", "not_data")
        assert "retry" in second.tags
        assert "repair" in third.tags
        assert not third.error
        failed, taken = (call for call in fallen_back.models() if call.name == "classify")
        assert failed.error
        assert "fallback" in taken.tags - failed.tags
        assert (taken.metadata["model"], taken.metadata["attempt"]) == ("offline", 2)


def check_workers(faq: Run, desk: Run) -> None:
    told = [run.metadata for run in faq.children if "outcome" in run.metadata]
    assert [run["outcome"] for run in told] == ["done", "skipped"]
    assert (told[1]["reason"], told[1]["tasks"]) == ("max_tasks", 2)
    (asking,) = (run.metadata for run in desk.children if "outcome" in run.metadata)
    assert (asking["outcome"], asking["reason"]) == ("needs_input", "needs_input")


FAULTS: list[Any] = [slow("refuse", "/"), ("hang", "/runs"), slow(401, "/"), slow(429, "/runs"), slow(500, "/runs")]


@pytest.mark.parametrize(("fault", "only"), FAULTS)
def test_a_collector_that_fails_costs_two_seconds_and_a_line(data: dict[str, str], fault: Fault, only: str) -> None:
    with Collector(fault, only=only) as down:
        code, out, error = end(start(ONE_RUN, {**down.environment(), **data}))
        ended = time.time()
    intent, finished = json.loads(out)
    # Two seconds, and what a busy machine adds; without a bound it is half a minute and more.
    assert ended - finished < 15
    assert (code, intent) == (0, "Technical Support")
    assert len(error.splitlines()) <= 1, error
    assert KEY not in error


@pytest.mark.slow
def test_a_collector_that_hangs_costs_the_command_line_a_line(data: dict[str, str]) -> None:
    query = ["run", "support_router", "--query", "The app crashes when I log in.", "--json"]
    with Collector("hang") as hanging:
        out, error = done(launch([FANLOOM, *query], {**hanging.environment(), **data}))
    assert json.loads(out)["intent"] == "Technical Support"
    assert len(error.splitlines()) <= 1


def test_the_command_line_sends_everything(collector: Collector, data: dict[str, str]) -> None:
    arguments = ["--query", "Invoice INV-7890 is too high", "--set", "customer_id=C-1001", "--thread", "trace-1"]
    run = [FANLOOM, "run", "support_desk", *arguments, "--json"]
    done(launch(run, {**collector.environment(), **data, "FANLOOM_TRACE_REDACT": "pii"}))
    (root,) = collector.trees()
    check_tree(root, "offline")
    assert {call.metadata["thread_id"] for call in root.models()} == {"trace-1"}
    # What a resume needs is told too: the context, without whom it is about.
    assert json.loads(root.metadata["fanloom_context"]) == {"customer_id": "***"}
    assert b"C-1001" not in collector.received


HIDDEN = [
    slow("", [GEMINI], id="nothing"),
    pytest.param("pii", [GEMINI, BEDROCK], id="pii"),
    slow("all", [BEDROCK], id="all"),
    slow("inputs,pii", [], id="inputs,pii"),
]


@pytest.mark.parametrize(("hidden", "models"), HIDDEN)
def test_what_is_hidden_never_arrives(
    collector: Collector, data: dict[str, str], hidden: str, models: list[str]
) -> None:
    said = f"{PERSONAL} {' '.join(SECRETS)} violet"
    with FakeProvider(reply=echo) as provider:
        led = {**provider.environment(), **KEYS, "FANLOOM_TRACE_REDACT": hidden}
        done(start(TALKATIVE, {**led, **collector.environment(), **data}, said, *models))
    assert len(collector.trees()) == 2 + 2 * len(models)
    failed = [run for root in collector.trees() for run in root.named("outer") if run.error]
    assert [run.error.split()[0].split("(")[0] for run in failed] == ["LookupError"]
    seen = collector.received.decode(errors="replace")
    assert [secret for secret in SECRETS if secret in seen] == []
    identifiers = [word for word in (*PERSONAL.split()[:4], "30 1234567", "4111 1111") if word in seen]
    assert bool(identifiers) is (not hidden)
    runs = [run for root in collector.trees() for run in root.walk()]
    assert any(run.fields.get("inputs") for run in runs) is (hidden in ("", "pii"))
    assert any(run.fields.get("outputs") for run in runs) is (hidden != "all")
    # Of a run whose content is hidden, an error says no more than its type.
    assert ("nothing found" in seen) is (hidden in ("", "pii"))


def echo(request: Request) -> Any:
    """Answer with what was asked, as a model may."""
    return default_reply(request) if request.schema else request.text


def test_a_mode_that_there_is_not_is_refused_before_any_call(collector: Collector, data: dict[str, str]) -> None:
    process = start(ONE_RUN, {**collector.environment(), **data, "FANLOOM_TRACE_REDACT": "everything"})
    code, _, error = end(process)
    assert code == 1
    assert "InvalidSettings: FANLOOM_TRACE_REDACT='everything'" in error.splitlines()[-1]
    assert not collector.trees()


@pytest.mark.slow
def test_a_trace_that_begins_outside_hides_too_or_is_refused(collector: Collector, data: dict[str, str]) -> None:
    wire = {**collector.environment(), **data, "FANLOOM_TRACE_REDACT": "pii"}
    late, early = start(TRACED_AROUND, wire, "INV-7890"), start(TRACED_AROUND, wire, "INV-7891", "first")
    code, _, error = end(late)
    assert code == 1
    assert "fanloom.start_tracing()" in error.splitlines()[-1]
    done(early)
    assert b"INV-7891" not in collector.received
    (around,) = (root for root in collector.trees() if not root.error)
    assert [child.name for child in around.children] == ["support_router"]


def wait_for_start(server: subprocess.Popen[str]) -> None:
    assert server.stdout
    for line in server.stdout:
        if "Application started up" in line:
            return
    pytest.fail("the server did not start")


async def test_the_server_sends_what_is_left_when_it_is_stopped(collector: Collector, data: dict[str, str]) -> None:
    port = free_port()
    server = launch(
        [FANLOOM, "dev", "--port", str(port)], {**collector.environment(), **data, "PYTHONUNBUFFERED": "1"}, merged=True
    )
    try:
        await asyncio.to_thread(wait_for_start, server)
        async with get_client(url=f"http://127.0.0.1:{port}") as client:
            await client.runs.wait(None, "support_router", input=INPUTS["support_router"])
    finally:
        server.send_signal(signal.SIGTERM)
        end(server, 30)
    (root,) = collector.trees()
    check_tree(root, "offline")


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("INV-7890's total", "***'s total"),
        ("ORD-2024-001, inv-7890 and CASE-20481234", "***, *** and ***"),
        ("SP482913 #7890 id_INV-7890", "*** *** id_***"),
        ("mail a.b+c@mail.example.com.", "mail ***."),
        ("o'brien@example.com, müller@exämple.de; jane@localhost", "***, ***; ***"),
        ("?mail=jane%40example.com&x", "?mail=***&x"),
        ('"jane doe"@example.com <jane@[192.0.2.1]>', "*** <***>"),
        # Full-width signs, signs that nobody sees, and the dashes of word processors.
        ("jane\uff20example.com jane\u200b@exam\u00adple.com", "*** ***"),
        ("INV\u20117890 INV\u20137890 INV-\uff17\uff18\uff19\uff10 INV_7890", "*** *** *** ***"),
        ("\U0001f468\u200d\U0001f469 family", "\U0001f468\u200d\U0001f469 family"),
        ("inv7890, INV-7890-B, A-12345_x, -A-12345", "***, ***, ***, -***"),
        ("order 12345, Invoice no. 7890, case: 445, \u2116 7890", "order ***, Invoice no. ***, case: ***, ***"),
        ("order A-1 and INV-1, 3 orders in 2 cases", "order *** and ***, 3 orders in 2 cases"),
        ('{"order_id": 12345, "step": 12345}', '{"order_id": ***, "step": 12345}'),
        ("gb29 nwbk 6016 1331 9268 19", "***"),
        ("call +49 30 1234567 or (555) 123-4567", "call *** or ***"),
        ("card 4111-1111-1111-1111 or 4111111111111111", "card *** or ***"),
        ("to DE89 3704 0044 0532 0130 00", "to ***"),
        ("gemini-2.5-flash, us.amazon.nova-pro-v1:0, UTF-8", "gemini-2.5-flash, us.amazon.nova-pro-v1:0, UTF-8"),
        ("due 2026-11-21, 12 of 340", "due 2026-11-21, 12 of 340"),
    ],
)
def test_mask_personal(said: str, masked: str) -> None:
    assert mask_personal(said) == masked


def test_the_mask_reaches_keys_lists_and_numbers() -> None:
    told = {"a": [{"INV-7890": "x"}, 4111111111111111, 4e15, 12, True, None], "model": "gpt-4-0613"}
    assert TraceMask({"pii"})(told) == {"a": [{"***": "x"}, "***", "***", 12, True, None], "model": "gpt-4-0613"}
    numbered = {"order_id": 12345, "tokens": 12345, "case": True}
    assert TraceMask({"pii"})(numbered) == {"order_id": "***", "tokens": 12345, "case": True}
    assert TraceMask(())(told) == told
    assert TraceMask({"all"})({"error": "KeyError('INV-7890')"})["error"].startswith("KeyError (hidden")


def test_the_setting_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_TRACE_REDACT", "inputs, pii")
    assert settings().trace_redact == {"inputs", "pii"}
    monkeypatch.setenv("FANLOOM_TRACE_REDACT", "all,everything")
    with pytest.raises(InvalidSettings, match=r"FANLOOM_TRACE_REDACT='everything': .*'pii'"):
        settings()

"""Jobs whose calls go to providers' batch modes, at the wire: once each, whatever ends, expires, fails or is killed."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from langgraph.graph import END, START
from langgraph.runtime import Runtime

from fanloom import Context, LLMStep, Prompt, RunState, StateGraph, UserError, add_fan_out
from fanloom.batch.job import Bounds, run_batch
from fanloom.batch.job_folder import JobFolder
from fanloom.batch.job_manifest import Manifest
from fanloom.batch.provider_jobs import quiet_item, wave_sending
from fanloom.batch.provider_jobs.gemini_jobs import GeminiJobs
from fanloom.batch.provider_jobs.wave_count import waves_needed
from fanloom.batch.provider_jobs.wave_job import WaveJob
from fanloom.batch.provider_jobs.wave_ledger import WaveLedger, waiting_for
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.cli import cli
from fanloom.durable.effects import effect_key
from fanloom.errors import MissingCredentials, RunError
from graphs.faq_chain import graph as faq_chain
from graphs.support_router import graph as router
from tests.slow import slow
from tests.wire.conftest import BEDROCK, GEMINI, OPENAI, lead_to
from tests.wire.provider import Reply
from tests.wire.provider.batches import ROLE, S3, BatchProvider
from tests.wire.steps import GOOD, PROMPTS, TYPED

ROOT = Path(__file__).parents[2]
PLAIN = LLMStep("ask", Prompt(PROMPTS / "ask.md"), str)


class State(RunState, total=False):
    """What the graphs of these tests keep."""

    question: str
    said: list[str]
    tasks: list[str]
    answer: str


class Told:
    """How often the nodes of a test's graph have begun, and which keys their effects had."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self.keys: list[str] = []


def two_steps(told: Told) -> Any:
    """Return a graph that does something to the world, asks, and asks again."""

    async def act(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        told.keys.append(await effect_key(runtime))
        return {}

    async def first(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        told.times["first"] += 1
        return {"said": [await PLAIN.run(runtime, question=state["question"])]}

    async def second(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        told.times["second"] += 1
        return {"said": [*state["said"], await PLAIN.run(runtime, question=f"again: {state['said'][0]}")]}

    builder = StateGraph(State, context_schema=Context)
    for node in (act, first, second):
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "act")
    builder.add_edge("act", "first")
    builder.add_edge("first", "second")
    builder.add_edge("second", END)
    return builder.compile(name="two_steps")


def one_step(step: Any = PLAIN, times: int = 1) -> Any:
    """Return a graph that asks the same so many times, all at once."""

    async def ask(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        said = await asyncio.gather(*(step.run(runtime, question=state["question"]) for _ in range(times)))
        return {"said": [str(each) for each in said]}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(name="one_step")


def fan_out() -> Any:
    """Return a graph that asks for each of its tasks, and then once more."""

    async def join(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
        return {"answer": await PLAIN.run(runtime, question="in short")}

    async def work(task: dict[str, Any], runtime: Runtime[Context]) -> str:
        return await PLAIN.run(runtime, question=task["item"])

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("plan", lambda state: {})
    builder.add_node("join", join)
    builder.add_edge(START, "plan")
    add_fan_out(builder, "plan", over="tasks", join="join", worker="work", action=work)
    builder.add_edge("join", END)
    return builder.compile(name="fan_out")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchProvider]:
    """Run a provider with batch modes to which the environment leads all clients; nobody waits between two looks."""
    monkeypatch.setattr(wave_sending, "poll_s", lambda attempt: 0.0)
    monkeypatch.setattr(quiet_item, "_MOMENT_S", 0.04)
    with BatchProvider() as running:
        lead_to(running, monkeypatch)
        yield running


def job(tmp_path: Path, count: int, model: str = GEMINI, graph: Any = router, **given: Any) -> WaveJob:
    folder = JobFolder(tmp_path / "job")
    folder.begin(Manifest(graph.name, {"model": model}, "items from Python", ""), force=True)
    options = {
        each: given.pop(each)
        for each in ("max_waves", "online", "wait_hours", "count_waves", "s3", "role")
        if each in given
    }
    name = "query" if graph is router else "question"
    items = given.pop("items", None) or [{name: f"I was charged twice, {n}"} for n in range(count)]
    waves = WaveOptions(**{"s3": S3, "role": ROLE, **options})
    context = {"model": model, **given.pop("context", {})}
    retry = given.pop("retry_failed", False)
    return WaveJob(graph, items, context, folder, 32, Bounds(**given), retry, waves=waves)


async def ran(job: WaveJob) -> list[Any]:
    return [result async for result in job.results()]


def ids(results: list[Any]) -> Counter[str]:
    return Counter(result["id"] for result in results)


def numbers(count: int) -> Counter[str]:
    return Counter(str(number + 1) for number in range(count))


async def test_each_wave_is_one_job_and_each_item_ends_once(jobs: BatchProvider, tmp_path: Path) -> None:
    results = await ran(job(tmp_path, 5))
    assert ids(results) == numbers(5)
    assert {result["status"] for result in results} == {"done"}
    assert [len(each.lines) for each in jobs.jobs] == [5, 5]
    assert len({each.name for each in jobs.jobs}) == 2
    assert jobs.requests == []
    assert jobs.strays == []


async def test_a_job_of_bedrock_is_read_from_its_bucket(jobs: BatchProvider, tmp_path: Path) -> None:
    (result,) = await ran(job(tmp_path, 1, BEDROCK, one_step(times=100)))
    assert result["output"]["said"] == ["ok"] * 100
    assert result["usage"]["model_calls"] == 100
    (made,) = jobs.jobs
    assert (made.model, len(made.lines)) == ("us.amazon.nova-pro-v1:0", 100)
    assert all(key.startswith("jobs/under/here/") for key in jobs.objects)


async def test_answers_cost_half_and_are_those_of_a_run_at_once(jobs: BatchProvider, tmp_path: Path) -> None:
    items = [{"query": "I was charged twice"}]
    (later,) = await ran(job(tmp_path, 1, items=items))
    (at_once,) = [each async for each in run_batch(router, items, context={"model": GEMINI})]
    assert later["output"] == at_once["output"]
    assert later["usage"]["cost_usd"] == pytest.approx(at_once["usage"]["cost_usd"] / 2)
    for name in ("model_calls", "input_tokens", "output_tokens", "unanswered_calls"):
        assert later["usage"][name] == at_once["usage"][name]
    # What stands in the file is what the client itself sends.
    assert [line["request"] for made in jobs.jobs for line in made.lines] == [each.body for each in jobs.requests]


async def test_the_tasks_of_a_fan_out_are_in_one_wave(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.reply = lambda request: re.findall(r"task \d+|in short", request.text)[-1]
    tasks = [f"task {n:04}" for n in range(40)]
    (result,) = await ran(job(tmp_path, 1, graph=fan_out(), items=[{"tasks": tasks}]))
    assert [len(made.lines) for made in jobs.jobs] == [40, 1]
    assert [outcome["result"] for outcome in result["output"]["outcomes"]] == tasks


async def test_what_a_node_has_done_is_not_done_again(jobs: BatchProvider, tmp_path: Path) -> None:
    told = Told()
    results = await ran(job(tmp_path, 3, graph=two_steps(told)))
    assert ids(results) == numbers(3)
    assert len(told.keys) == len(set(told.keys)) == 3
    # Each once to ask and once to be answered; one more for the count of waves, which ends at the effect.
    assert told.times["first"] == 6
    assert told.times["second"] == 6
    assert all(result["usage"]["model_calls"] == 2 for result in results)


async def test_an_items_id_and_text_may_be_anything(
    jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_HOME", str(tmp_path / "home"))
    names = ["../../etc/passwd", "\ud800", "\\ud800", "x" * 5000, "'; DROP TABLE calls;--", "naïve ☃", "", "0"]
    items = [(name, {"question": f"half \ud800 of {number}"}) for number, name in enumerate(names)]
    results = await ran(job(tmp_path, 1, graph=one_step(), items=items))
    assert ids(results) == Counter(names)
    assert {result["status"] for result in results} == {"done"}
    assert (tmp_path / "job" / "provider").stat().st_mode & 0o077 == 0
    # A thread that is kept for its caller would be written down there.
    assert not (tmp_path / "home").exists()


async def test_the_same_question_asked_twice_has_two_answers(jobs: BatchProvider, tmp_path: Path) -> None:
    said = iter("abcdef")
    jobs.reply = lambda request: next(said)
    (result,) = await ran(job(tmp_path, 1, graph=one_step(times=3)))
    assert sorted(result["output"]["said"]) == ["a", "b", "c"]


async def test_an_answer_that_cannot_be_used_is_repaired_in_the_next_wave(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.reply = lambda request: Reply(data=GOOD) if "could not be used" in request.text else Reply(text="prose")
    (result,) = await ran(job(tmp_path, 1, graph=one_step(TYPED)))
    assert result["status"] == "done"
    assert [len(made.lines) for made in jobs.jobs] == [1, 1]
    assert result["usage"]["model_calls"] == 2


@pytest.mark.parametrize("word", ["EXPIRED", "FAILED", "CANCELLED"])
async def test_the_calls_of_a_job_without_answers_are_in_the_next_wave(
    jobs: BatchProvider, tmp_path: Path, word: str
) -> None:
    jobs.ends = [word]
    results = await ran(job(tmp_path, 3, graph=one_step()))
    assert ids(results) == numbers(3)
    assert {result["status"] for result in results} == {"done"}
    assert [len(made.lines) for made in jobs.jobs] == [3, 3]


async def test_the_calls_of_an_expired_job_are_asked_at_once(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.ends = ["EXPIRED"]
    results = await ran(job(tmp_path, 3, graph=two_steps(Told()), online=True, count_waves=False))
    assert {result["status"] for result in results} == {"done"}
    assert len(jobs.requests) == 3
    # An answer that was got at once is not asked for again, and the second step is a wave again.
    assert [len(made.lines) for made in jobs.jobs] == [3, 3]
    halves = {result["usage"]["cost_usd"] for result in results}
    assert all(result["usage"]["model_calls"] == 2 for result in results)
    assert len(halves) == 1


async def test_only_the_records_that_failed_are_asked_again(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.fails = lambda record: (503, "overloaded") if record.number in (1, 3) else None
    jobs.left_out = lambda record: record.number == 4
    results = await ran(job(tmp_path, 6, graph=one_step()))
    assert {result["status"] for result in results} == {"done"}
    assert [len(made.lines) for made in jobs.jobs] == [6, 3]


async def test_a_record_that_is_refused_fails_its_item_alone(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.fails = lambda record: (400, "bad request") if record.number == 1 else None
    results = await ran(job(tmp_path, 3, graph=one_step()))
    assert Counter(result["status"] for result in results) == {"done": 2, "failed": 1}
    assert len(jobs.jobs) == 1
    jobs.fails = lambda record: None
    again = await ran(job(tmp_path, 3, graph=one_step(), retry_failed=True))
    assert [result["status"] for result in again] == ["done"]
    assert len(jobs.jobs[-1].lines) == 1


async def test_only_what_has_failed_is_asked_anew(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.fails = lambda record: (400, "bad request") if record.number == 1 else None
    first = job(tmp_path, 3, graph=two_steps(Told()), max_waves=1, count_waves=False)
    assert [result["status"] for result in await ran(first)] == ["failed"]
    again = await ran(job(tmp_path, 3, graph=two_steps(Told()), retry_failed=True, count_waves=False))
    assert ids(again) == Counter([*"123"])
    assert {result["status"] for result in again} == {"done"}
    # The two that had their first answer have not asked for it again.
    assert [len(made.lines) for made in jobs.jobs] == [3, 3, 1]


async def test_records_that_fail_again_and_again_end(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.fails = lambda record: (500, "broken")
    results = await ran(job(tmp_path, 2, graph=one_step()))
    assert {result["status"] for result in results} == {"failed"}
    assert len(jobs.jobs) == 3


async def test_no_more_calls_are_sent_than_the_budget_has(jobs: BatchProvider, tmp_path: Path) -> None:
    first = job(tmp_path, 5, max_model_calls=7)
    done = await ran(first)
    assert "max_model_calls=7" in first.stopped_by
    assert len(jobs.answered) == 7
    again = job(tmp_path, 5, max_model_calls=10)
    done += await ran(again)
    assert ids(done) == numbers(5)
    assert len(jobs.answered) == 10


async def test_a_budget_of_cost_counts_the_price_of_batches(jobs: BatchProvider, tmp_path: Path) -> None:
    first = job(tmp_path, 5, graph=one_step(), max_cost_usd=0.011)
    done = await ran(first)
    # Before an answer is known, one of 4,096 tokens at $2.50 a million, half of it: $0.0052 a call.
    assert len(jobs.jobs[0].lines) == 2
    assert first.stopped_by == ""
    assert ids(done) == numbers(5)


async def test_a_graph_of_too_many_waves_is_refused_at_once(jobs: BatchProvider, tmp_path: Path) -> None:
    sources = [{"title": "Wind", "content": "Wind turbines make electricity. They stand on towers."}]
    given = [{"sources": sources, "n_questions": 3}]
    with pytest.raises(UserError, match=r"needs about \d+ waves.*--max-waves is 3"):
        await ran(job(tmp_path, 1, graph=faq_chain, items=given, max_waves=3))
    assert jobs.jobs == []
    assert jobs.objects == {}


async def test_waves_are_counted_without_a_model_and_without_effects(jobs: BatchProvider, tmp_path: Path) -> None:
    told = Told()
    later = job(tmp_path, 1)
    assert await waves_needed(router, later.items_left(), {"model": GEMINI}) == 2
    assert await waves_needed(one_step(times=3), job(tmp_path, 1, graph=one_step()).items_left(), {}) == 1
    assert await waves_needed(two_steps(told), job(tmp_path, 1, graph=one_step()).items_left(), {}) == 0
    assert told.keys == []
    assert jobs.requests == jobs.jobs == []


async def test_a_job_stops_at_its_most_waves_and_goes_on_with_more(jobs: BatchProvider, tmp_path: Path) -> None:
    first = job(tmp_path, 2, max_waves=1, count_waves=False)
    assert await ran(first) == []
    assert "more than 1 waves" in first.stopped_by
    results = await ran(job(tmp_path, 2, max_waves=2))
    assert ids(results) == numbers(2)
    assert [len(made.lines) for made in jobs.jobs] == [2, 2]


@pytest.mark.parametrize(("model", "times"), [(GEMINI, 2), slow(BEDROCK, 100)], ids=["gemini", "bedrock"])
async def test_a_job_that_runs_for_days_is_gone_on_with(
    jobs: BatchProvider, tmp_path: Path, model: str, times: int
) -> None:
    jobs.polls = 2
    for _ in range(2):
        today = job(tmp_path, 1, model, one_step(times=times), wait_hours=0)
        assert await ran(today) == []
        assert today.stopped_by == f"it waits for provider job {jobs.jobs[0].name}"
        (waiting,) = waiting_for(tmp_path / "job")
        assert waiting.name == jobs.jobs[0].name
    jobs.jobs[0].polls = 0
    results = await ran(job(tmp_path, 1, model, one_step(times=times)))
    assert ids(results) == numbers(1)
    assert len(jobs.jobs) == 1
    assert waiting_for(tmp_path / "job") == []


async def test_a_job_that_waits_can_be_stopped(jobs: BatchProvider, tmp_path: Path) -> None:
    jobs.polls = 1_000_000
    waiting = job(tmp_path, 1, graph=one_step())
    running = asyncio.create_task(ran(waiting))
    await jobs.auntil(lambda provider: bool(jobs.jobs and jobs.jobs[0].asked))
    assert list(waiting.waiting().values()) == [1]
    waiting.stop("Ctrl-C")
    assert await running == []
    assert waiting.stopped_by == "Ctrl-C"


@pytest.mark.parametrize(("model", "times"), [(GEMINI, 2), slow(BEDROCK, 100)], ids=["gemini", "bedrock"])
async def test_a_job_whose_answer_was_lost_is_not_made_twice(
    jobs: BatchProvider, tmp_path: Path, model: str, times: int
) -> None:
    jobs.loses = 1
    results = await ran(job(tmp_path, 1, model, one_step(times=times)))
    assert ids(results) == numbers(1)
    assert len(jobs.jobs) == 1


async def test_a_job_that_is_refused_stops_with_its_name_and_can_be_sent_later(
    jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.refuses = [403]
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-secret-secret-secret-secret-secret-12")
    with pytest.raises(RunError, match=r"provider job fanloom-\w+-w1-1") as raised:
        await ran(job(tmp_path, 2, graph=one_step()))
    assert raised.value.kind == "auth"
    assert "secret" not in str(raised.value)
    assert jobs.jobs == []
    assert ids(await ran(job(tmp_path, 2, graph=one_step()))) == numbers(2)


async def test_calls_that_wait_their_turn_to_be_asked_at_once_are_waited_for(
    jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANLOOM_MAX_CONCURRENCY", "1")
    jobs.latency = 0.15
    (result,) = await ran(job(tmp_path, 1, BEDROCK, one_step(times=5), online=True))
    assert result["output"]["said"] == ["ok"] * 5
    assert len(jobs.requests) == 5


POINTS = [
    "before plan",
    "after plan",
    "after create",
    "after sent",
    "while read",
    "after read",
    "after ask",
    "before add",
]


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process end at a point; what it did until then stands."""
    when, name = point.split()
    owner: Any = {"create": GeminiJobs, "add": JobFolder}.get(name, WaveLedger)
    original = getattr(owner, name)

    def ending(self: Any, *args: Any) -> Any:
        if when == "before":
            raise Killed
        if when == "while":
            given, answers, *rest = args
            args = (given, _cut(answers), *rest)
        original(self, *args)
        raise Killed

    monkeypatch.setattr(owner, name, ending)


def _cut(answers: Any) -> Iterator[Any]:
    yield next(iter(answers))
    raise Killed


@pytest.mark.parametrize("point", POINTS)
async def test_a_job_that_ends_anywhere_goes_on(
    jobs: BatchProvider, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    with monkeypatch.context() as patched:
        kill_at(point, patched)
        with pytest.raises(Killed):
            await ran(job(tmp_path, 4, graph=two_steps(told), count_waves=False))
    results = await ran(job(tmp_path, 4, graph=two_steps(told), count_waves=False))
    assert ids(results) == numbers(4)
    assert [len(made.lines) for made in jobs.jobs] == [4, 4]
    assert len({record.key for record in jobs.answered}) == len(jobs.answered) == 8
    assert len(set(told.keys)) == 4
    assert all(result["usage"]["model_calls"] == 2 for result in results)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "offline"}, "has no batch mode: choose a model"),
        ({"model": OPENAI}, "has no batch mode that Fanloom knows"),
        ({"model": GEMINI, "context": {"fallback_model": OPENAI}}, "has no batch mode that Fanloom knows"),
        ({"model": "google_genai:gemini-of-tomorrow", "max_cost_usd": 1.0}, "the price of .* is not known"),
    ],
    ids=["offline", "openai", "fallback", "price"],
)
async def test_a_model_that_cannot_be_asked_so_is_refused(
    jobs: BatchProvider, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        await ran(job(tmp_path, 1, **given))
    assert jobs.requests == jobs.jobs == []


@pytest.mark.parametrize("missing", ["s3", "role", "key", "place"])
async def test_what_bedrock_needs_is_told_before_anything_is_sent(
    jobs: BatchProvider, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"s3": {"s3": None}, "role": {"role": None}, "place": {"s3": "jobs/here"}}
    later = job(tmp_path, 100, BEDROCK, one_step(), **places.get(missing, {}))
    if missing == "key":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-token")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises((UserError, MissingCredentials), match=r"s3://BUCKET/PREFIX|reach S3"):
        await ran(later)
    assert jobs.jobs == []
    assert jobs.objects == {}


async def test_too_few_calls_for_bedrock_are_told_before_they_are_sent_or_asked_at_once(
    jobs: BatchProvider, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"takes at least 100 calls, and wave 1 has 3; give --online"):
        await ran(job(tmp_path, 3, BEDROCK, one_step()))
    assert jobs.jobs == jobs.requests == []
    results = await ran(job(tmp_path, 3, BEDROCK, one_step(), online=True))
    assert {result["status"] for result in results} == {"done"}
    assert len(jobs.requests) == 3
    assert jobs.jobs == []


def test_the_command_goes_on_another_day(jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    rows = [{"number": n, "text": f"I was charged twice, {n}"} for n in range(3)]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    out = str(tmp_path / "job")

    def fanloom(*words: str) -> Any:
        return CliRunner().invoke(cli, ["batch", *words], prog_name="fanloom")

    jobs.polls = 1
    command = ["run", "support_router", str(tmp_path / "in.jsonl"), "--out", out, "--map", "query=text"]
    first = fanloom(*command, "--id", "number", "--model", GEMINI, "--provider-batch", "--wait-hours", "0", "-q")
    assert first.exit_code == 1
    assert f"it waits for provider job {jobs.jobs[0].name}. Go on with: fanloom batch resume {out}" in first.stderr
    status = fanloom("status", out).stdout
    assert f"waiting for    provider job {jobs.jobs[0].name} (running)" in status
    jobs.polls = 0
    again = fanloom("resume", out, "--wait-hours", "1", "-q")
    assert again.exit_code == 0, again.output
    assert "3 done" in again.stderr
    assert "waiting for" not in fanloom("status", out).stdout
    assert fanloom("export", out, str(tmp_path / "out.csv")).exit_code == 0
    assert len(jobs.jobs) == 2
    assert jobs.requests == []


def test_a_command_whose_job_is_refused_ends_with_one(
    jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "in.jsonl").write_text('{"query": "hello"}\n')
    command = ["batch", "run", "support_router", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "job")]
    jobs.refuses = [403]
    done = CliRunner().invoke(cli, [*command, "--model", GEMINI, "--provider-batch", "-q"], prog_name="fanloom")
    assert done.exit_code == 1
    assert "go on with `fanloom batch resume`" in done.stderr
    told = CliRunner().invoke(cli, [*command, "--model", GEMINI, "--provider-batch", "--dry-run"])
    estimate = json.loads(told.stdout)
    assert estimate["waves"] == 2
    assert estimate["expected"]["cost_usd"] > 0


def test_a_command_that_is_refused_says_what_to_give(
    jobs: BatchProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "in.jsonl").write_text('{"query": "hello"}\n')
    command = ["batch", "run", "support_router", str(tmp_path / "in.jsonl"), "--provider-batch", "--out"]
    for words, said in (
        (["--model", "offline"], "has no batch mode"),
        (["--model", BEDROCK], "FANLOOM_BATCH_S3"),
        (["--model", GEMINI, "--shard", "1/2"], "takes no --shard"),
        (["--model", GEMINI, "--max-waves", "1"], "needs about 2 waves"),
    ):
        done = CliRunner().invoke(cli, [*command, str(tmp_path / said[:3]), *words, "-q"])
        assert (done.exit_code, said in done.stderr) == (2, True), done.output
    alone = [*(word for word in command if word != "--provider-batch"), str(tmp_path / "job"), "--role-arn", ROLE]
    done = CliRunner().invoke(cli, alone)
    assert (done.exit_code, "--role-arn is an option of --provider-batch" in done.stderr) == (2, True), done.output
    assert jobs.jobs == jobs.requests == []

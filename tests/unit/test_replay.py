"""A run becomes a test case, and is run again on its recorded answers, with no key."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from langgraph_sdk import Auth

from fanloom import Context, LLMStep, OutputModel, Prompt, RunState, StateGraph, UserError, add_fan_out, new_run
from fanloom.cli import cli
from fanloom.errors import ModelRefused
from fanloom.models.factory import chat_model
from fanloom.runlog.current_log import part, recording
from fanloom.runlog.recorder import Entry, RunRecorder
from fanloom.runs.run_log import run_logs
from fanloom.server.caller_keys import check_config
from tests.fakes import ScriptedModel

SECRET = "AKIAABCDEFGHIJKLMNOP"
ITEMS = [{"task_id": f"t{n}", "name": name} for n, name in enumerate(("a", "b", f"c {SECRET}", "a"), 1)]


class Mark(OutputModel):
    """A mark."""

    mark: int


class State(RunState, total=False):
    items: list[dict[str, Any]]
    told: list[Any]


class Unavailable(Exception):
    status_code = 503


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a graph whose workers mark items; the last one asks a person first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FANLOOM_RUN_LOG", "all")
    monkeypatch.setattr("fanloom.gateway.model_turn.wait_s", lambda upcoming: 0)
    (tmp_path / "mark.md").write_text("Mark <item>$item</item>")
    (tmp_path / "langgraph.json").write_text('{"dependencies": ["."], "graphs": {"marking": "./marking.py:graph"}}')
    (tmp_path / "marking.py").write_text("from tests.unit.test_replay import marking\ngraph = marking()\n")
    return tmp_path


def marking(saver: Any = None) -> Any:
    step = LLMStep("mark", Prompt(Path("mark.md")), Mark)

    async def mark(task: dict[str, Any], runtime: Runtime[Context]) -> int:
        if task["task_id"] == "t4":
            interrupt({"question": "this one too?"})
        return (await step.run(runtime, item=task["name"])).mark

    async def end(state: State) -> dict[str, Any]:
        return {"told": [outcome["result"] for outcome in state["outcomes"]]}

    builder = StateGraph(State, context_schema=Context)
    builder.add_node("begin", _begin)
    builder.add_node("end", end)
    builder.add_edge(START, "begin")
    add_fan_out(builder, "begin", worker="mark", action=mark, join="end", over="items")
    builder.add_edge("end", END)
    return builder.compile(name="marking", checkpointer=saver)


async def _begin(state: State) -> dict[str, Any]:
    return new_run()


def reply(text: str, marks: Any) -> Any:
    """Answer as a difficult model: prose, then a call with words beside it; and of one item nothing."""
    if "<item>b" in text:
        return Unavailable("down")
    if "prose" not in text:
        return "prose"
    call = {"name": "Mark", "args": {"mark": next(marks)}, "id": "1"}
    return AIMessage("Here it is:", tool_calls=[call])


def run_and_export(project: Path) -> dict[str, Any]:
    marks, saver = count(1), InMemorySaver()
    config: Any = {"configurable": {"thread_id": "t"}}
    context = {"model": ScriptedModel(reply=lambda text: reply(text, marks)), "max_attempts": 2}
    marking(saver).invoke({"items": ITEMS}, config, context=context)
    result: dict[str, Any] = marking(saver).invoke(Command(resume="yes"), config, context=context)
    assert run_logs().writer.flush()
    export = CliRunner().invoke(cli, ["runs", "export", "t", "--as-test", "-o", "case.json"])
    assert export.exit_code == 0, export.output
    return result


def replay() -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["runs", "replay", "case.json"])
    return result.exit_code, result.stderr


def test_a_run_is_replayed_with_its_repairs_failures_and_what_a_person_said(project: Path) -> None:
    run_and_export(project)
    case = json.loads((project / "case.json").read_text())
    assert case["input"]["items"][0] == ITEMS[0]
    assert SECRET not in json.dumps(case)
    assert [each["status"] for each in case["expected"]["outcomes"]] == ["done", "failed", "done", "done"]
    assert case["human"] == [{"question": {"question": "this one too?"}, "answer": "yes"}]
    assert replay() == (0, "as it was recorded; outcomes: 4\n")


def test_the_same_prompts_get_their_answers_in_order_and_results_are_the_same(project: Path) -> None:
    before = run_and_export(project)
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "again"}}
    context = {"model": "replay:case.json", "max_attempts": 2, "max_cost_usd": 1}
    marking(saver).invoke({"items": ITEMS}, config, context=context)
    again = marking(saver).invoke(Command(resume="yes"), config, context=context)
    assert again["told"][:3] == before["told"][:3]
    assert again["usage"]["cost_usd"] == 0


def test_a_prompt_that_has_changed_is_named(project: Path) -> None:
    run_and_export(project)
    (project / "mark.md").write_text("Please mark <item>$item</item>")
    code, said = replay()
    assert code == 1
    assert "the prompt of step 'mark' is none of the" in said
    assert "task t1: mark failed prompt_changed, expected mark done" in said


def test_who_ends_otherwise_is_named(project: Path) -> None:
    run_and_export(project)
    case = json.loads((project / "case.json").read_text())
    case["expected"]["outcomes"][0]["status"] = "skipped"
    (project / "case.json").write_text(json.dumps(case))
    assert "task t1: mark done, expected mark skipped" in replay()[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no such file"),
        ("{", "cannot be read"),
        ("[]", "no recorded answers"),
        ('{"format": "fanloom-test", "v": 99}', "update Fanloom"),
        ('{"format": "fanloom-test", "v": 1, "answers": [{"step": "s", "prompt": [1]}]}', "no step or prompt"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_without_answers_is_said(project: Path, text: str | None, says: str) -> None:
    if text is not None:
        (project / "case.json").write_text(text)
    with pytest.raises(UserError, match=says):
        chat_model("replay:case.json")


def test_a_step_that_was_not_recorded_is_named(project: Path) -> None:
    (project / "case.json").write_text('{"format": "fanloom-test", "v": 1, "answers": []}')
    with pytest.raises(ModelRefused, match="has no answer of step 'other'"):
        chat_model("replay:case.json").invoke([HumanMessage("x")], {"metadata": {"step": "other"}})


def test_a_log_without_contents_makes_no_test(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", "facts")
    recording_model = ScriptedModel(reply=lambda _: {"mark": 1})
    marking().invoke({"items": ITEMS[:1]}, context={"model": recording_model})
    run_logs("facts").writer.flush()
    run = run_logs("facts").store.runs()[0].run
    result = CliRunner().invoke(cli, ["runs", "export", run, "--as-test"])
    assert (result.exit_code, "FANLOOM_RUN_LOG=all" in result.stderr) == (2, True)


@pytest.mark.parametrize("kept", ["off", "facts", "all"])
@pytest.mark.parametrize("thread", [[], ["--thread", "t"]])
def test_a_run_is_written_to_a_file_for_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, thread: list[str]
) -> None:
    monkeypatch.setenv("FANLOOM_RUN_LOG", kept)
    (project / "in.json").write_text(json.dumps({"items": ITEMS[:2]}))
    args = ["run", "marking", "--input", "in.json", "--model", "offline", "--log", "some.log", *thread, "-q"]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    assert (project / ".fanloom/runs.db").exists() == (kept != "off")
    story = CliRunner().invoke(cli, ["runs", "show", "some.log", "--contents"]).stdout
    assert "t2: done" in story
    assert "| Mark <item>a</item>" in story
    assert CliRunner().invoke(cli, ["report", "some.log"]).exit_code == 0


def test_a_log_that_cannot_be_written_is_said_before_the_run(project: Path) -> None:
    (project / "in.json").write_text(json.dumps({"items": ITEMS}))
    result = CliRunner().invoke(cli, ["run", "marking", "--input", "in.json", "--log", "nowhere/x.fanrun"])
    assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)


def test_parts_of_a_run_that_goes_on_elsewhere_have_ids_of_their_own() -> None:
    noted: list[Entry] = []
    for first in (1, 5):
        with recording(RunRecorder("r", noted.append, first_seq=first)), part("call"), part("wait"):
            pass
    ids = [entry.fields["id"] for entry in noted if entry.type.endswith(".started")]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("given", [{"model": "replay:/etc/hosts"}, {"worker_model": " replay:x.json"}])
async def test_no_caller_of_a_server_has_it_read_a_file(given: dict[str, Any]) -> None:
    for config, context in ((None, given), ({"configurable": given}, None)):
        with pytest.raises(Auth.exceptions.HTTPException, match="fanloom runs replay"):
            await check_config(config, context)

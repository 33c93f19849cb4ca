"""The parts of the command line that need no project: schemas, values, progress and rendering."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from rich.console import Console

from fanloom.cli import main
from fanloom.cli.exits import brief, clean
from fanloom.cli.here.project import parse_env
from fanloom.cli.options.documents import heading
from fanloom.cli.options.input_options import fields, options, resolve
from fanloom.cli.options.lazy_group import nearest
from fanloom.cli.options.typed_values import json_or_text, parse_json
from fanloom.cli.showing.loading_word import loading
from fanloom.cli.showing.output import plain, unfinished
from fanloom.cli.showing.progress import MAX_LINES, ProgressBoard
from fanloom.cli.showing.readable_output import readable, usage_lines
from fanloom.errors import UserError
from fanloom.redaction import redact
from fanloom.runlog.recorder import Entry

# Schemas


@pytest.mark.parametrize(
    ("part", "kind", "many"),
    [
        ({"type": "string"}, "string", False),
        ({"type": "integer"}, "integer", False),
        ({"type": ["number", "null"]}, "number", False),
        ({"type": ["number", "string"]}, "any", False),
        ({"type": "boolean"}, "boolean", False),
        ({"enum": ["a", "b"]}, "choice", False),
        ({"const": "a"}, "choice", False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", False),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "any", False),
        ({"allOf": [{"$ref": "#/$defs/Doc"}], "description": "x"}, "document", False),
        ({"type": "array", "items": {"$ref": "#/$defs/Doc"}}, "document", True),
        ({"type": "array", "items": {"type": "boolean"}}, "boolean", True),
        ({"type": "array"}, "any", True),
        ({"type": "object"}, "object", False),
        ({"$ref": "#/$defs/Gone"}, "any", False),
        ({"$ref": "#/$defs/Itself"}, "any", False),
        ({"$ref": "#/$defs/Doc/type/far"}, "any", False),
        (True, "any", False),
    ],
)
def test_kinds_of_fields(part: Any, kind: str, many: bool) -> None:
    doc = {"type": "object", "properties": {"title": {}, "content": {}}}
    schema = {"properties": {"x": part}, "$defs": {"Doc": doc, "Itself": {"$ref": "#/$defs/Itself"}}}
    (field,) = fields(schema)
    assert (field.kind, field.many) == (kind, many)
    assert len(options([field], [])) == 1


def test_the_outer_description_wins() -> None:
    root = {"$defs": {"A": {"type": "string", "description": "inner"}}}
    assert resolve({"$ref": "#/$defs/A", "description": "outer"}, root) == {"type": "string", "description": "outer"}


def test_flags_never_collide() -> None:
    names = ["json", "n_questions", "n-questions", "no_x", "x", "__odd name__", "??", "camelCase"]
    schema = {"properties": {name: {"type": "boolean"} for name in names}}
    flags = [option.opts[0] for _, option in options(fields(schema), ["json", "help"]).values()]
    assert flags[:3] == ["--field-json", "--n-questions", "--field-n-questions"]
    assert flags[5:] == ["--odd-name", "--field-6", "--camelCase"]
    assert len(set(flags)) == len(names)


def test_nearest() -> None:
    assert nearest("lop", ["loop", "x"]) == "Did you mean 'loop'?"
    assert nearest("zzz", ["loop", "x"]) == "There is: loop, x."
    assert nearest("zzz", []) == "There is none."


# Values


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("# Solar power\n\nText", "Solar power"),
        ("\n\n# Solar power ##\nText", "Solar power"),
        ("Solar power\n===========\nText", "Solar power"),
        ("Solar power\n---\nText", "Solar power"),
        ("Solar power\n--\nText", None),
        ("Solar power\nText", None),
        ("## Second level\n", None),
        ("#hashtag\n", None),
        ("---\n---\n", None),
        ("", None),
    ],
)
def test_headings(content: str, title: str | None) -> None:
    assert heading(content) == title


def test_env_files() -> None:
    quoted = 'C=\'it # \\n\'\nD="x\\ty\\\\n\\"z\\""\n'
    text = f"# comment\n\nA=1\nexport B = two words # note\n{quoted}E=\nF='open\nnot a line\nG=a=b#c\n"
    assert parse_env(text) == {
        "A": "1",
        "B": "two words",
        "C": "it # \\n",
        "D": 'x\ty\\n"z"',
        "E": "",
        "F": "'open",
        "G": "a=b#c",
    }


# Messages


def test_clean_takes_the_terminal_out_of_text() -> None:
    assert clean("a\x1b[31mb\x1b]0;title\x07c\r\nd\te\x9bf\u202eg") == "ab]0;titlec\nd\tefg"


@given(st.text())
def test_cleaned_text_has_no_control_characters(text: str) -> None:
    assert not any((ord(letter) < 32 and letter not in "\n\t") or 127 <= ord(letter) < 160 for letter in clean(text))


@pytest.mark.parametrize(
    "secret",
    [
        "AIzaSyA123456789012345678901234567890",
        "AKIAABCDEFGHIJKLMNOP",
        "lsv2_pt_0123456789abcdef",
        "sk-proj-0123456789abcdef",
        "hunter2-hunter2",
    ],
)
def test_redact(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2-hunter2")
    monkeypatch.setenv("SHORT_KEY", "a")
    assert redact(f"a call with {secret}.") == "a call with ***."


def test_redact_in_addresses_and_headers() -> None:
    assert redact("authorization: bearer eyJhbGciOi1NiJ9.x-y") == "authorization: bearer ***"
    assert redact("a bearer certificate-of-deposit") == "a bearer certificate-of-deposit"
    assert redact("https://me:pw@host/x?key=abc&y=1 Bearer abcdefgh12") == "https://***@host/x?key=***&y=1 Bearer ***"


def test_brief_keeps_a_few_lines() -> None:
    assert brief("\n\nonly\x07 one\n") == "only one"
    assert brief("\n".join(map(str, range(20)))).splitlines()[-2:] == ["7", "..."]


# Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> ProgressBoard:
    return ProgressBoard(clock)


def test_the_board_says_what_is_waited_for(board: ProgressBoard) -> None:
    def take(type: str, id: str, **fields: Any) -> None:
        board.take(Entry("r", 1, 0, 0, type, {"id": id, **fields}, contents={}))

    for id, reason in (("w1", "cool_down"), ("w2", "cool_down"), ("w3", "back_off"), ("w4", "new")):
        take("wait.started", id, reason=reason)
    assert board.waits() == "2 for the provider's pause, 1 before another try, 1 new"
    for id in ("w1", "w2", "w3", "w4", "w5"):
        take("wait.ended", id)
    assert board.waits() == ""


def start(board: ProgressBoard, task: str, name: str, *, sent: bool = True) -> None:
    board.task({"id": task, "name": name, "input": {}, "triggers": ("__pregel_push",) if sent else ("branch:to:x",)})


def end(board: ProgressBoard, task: str, **event: Any) -> None:
    board.task({"id": task, "name": "?", "error": None, "result": {}, "interrupts": [], **event})


def outcome(status: str) -> dict[str, Any]:
    return {"results": [{"task_id": "t", "status": status}]}


def lines(board: ProgressBoard) -> list[str]:
    return [line.plain for line in board.lines()]


def shown(board: ProgressBoard, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(board)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_fan_out_is_counted(board: ProgressBoard, clock: Clock) -> None:
    for number in range(6):
        start(board, str(number), "work")
    clock.now = 1.5
    end(board, "0", result=outcome("done"))
    end(board, "1", result=outcome("failed"))
    end(board, "2", result=outcome("timed_out"))
    end(board, "3", error=ValueError("x"), result=None)
    assert lines(board) == ["running  work 1/6 done, 2 failed, 1 timed out, 2 running  1.5 s"]
    clock.now = 2.0
    end(board, "4")
    end(board, "5", result={"x": 1, "y": [1, {"a": 1}]})
    clock.now = 9.0
    assert lines(board) == ["partly   work 3/6 done, 2 failed, 1 timed out  2.0 s"]


@pytest.mark.parametrize(
    ("event", "sent", "said"),
    [
        ({}, False, "done     step  0.0 s"),
        ({"error": "x"}, False, "failed   step  0.0 s"),
        ({"interrupts": [{"value": 1}]}, False, "waiting  step  0.0 s"),
        ({"result": outcome("skipped")}, True, "skipped  step  0.0 s"),
        ({"result": outcome("skipped")}, False, "done     step  0.0 s"),
        ({"result": [1]}, True, "done     step  0.0 s"),
    ],
)
def test_states_of_one_task(board: ProgressBoard, event: dict[str, Any], sent: bool, said: str) -> None:
    start(board, "1", "step", sent=sent)
    end(board, "1", **event)
    end(board, "unknown")
    assert lines(board) == [said]


def test_time_is_counted_while_a_node_runs(board: ProgressBoard, clock: Clock) -> None:
    for begin in (0.0, 10.0):
        clock.now = begin
        start(board, str(begin), "step")
        clock.now = begin + 2
        end(board, str(begin))
    assert lines(board) == ["done     step 2/2 done  4.0 s"]


def test_what_runs_at_the_end_was_stopped(board: ProgressBoard) -> None:
    start(board, "1", "step")
    board.stop()
    assert lines(board) == ["stopped  step  0.0 s"]


def test_the_view_stays_small(board: ProgressBoard) -> None:
    for number in range(30):
        start(board, str(number), f"step_{number}_with_a_long_name")
        if number != 3:
            end(board, str(number))
    board.custom({"message": "a [bold]note\x1b[31m\nof two lines"})
    view = shown(board, width=20)
    assert len(view) <= MAX_LINES + 2
    assert view[0] == "... and 18 more"
    assert view[1].startswith("running  step_3_")
    assert view[-1].startswith("a [bold]note of two")


def test_custom_events_without_a_message_are_ignored(board: ProgressBoard) -> None:
    board.custom({"x": 1})
    board.custom(3)
    assert board.note == ""
    board.custom("said")
    assert board.note == "said"
    assert shown(board) == ["said"]


# Rendering


def text_of(output: Any, *, markdown: bool = False, width: int = 60) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    console.print(readable(plain(output), markdown=markdown))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


FAQ = {
    "faqs": [
        {"question": "What is [bold]wind[/]?", "answer": "Moving \x1b[31mair.", "sources": ["Wind", "Air"]},
        {"question": "Why?", "answer": "Heat.", "sources": []},
    ],
    "failures": [
        {"task_id": "q3", "status": "timed_out", "error": {"message": "60 s are over"}},
        {"task_id": "q4", "status": "failed", "error": None},
        {"task_id": "q5", "status": "failed", "error": "told"},
    ],
    "usage": {
        "model_calls": 13,
        "input_tokens": 12345,
        "output_tokens": 678,
        "cached_tokens": 0,
        "cost_usd": None,
        "by_model": {"google_genai:gemini-2.5-flash": {}},
    },
}


def test_faq() -> None:
    assert text_of(FAQ, width=100) == (
        "Faqs\n1. What is [bold]wind[/]?\n   Moving air.\n   Sources: Wind, Air\n\n"
        "2. Why?\n   Heat.\n   Sources: (none)\n\n"
        "Failures\nTask  Status     Reason\nq3    timed out  60 s are over\nq4    failed\nq5    failed     told\n\n"
        "Answered by google_genai:gemini-2.5-flash: 13 model calls, 12,345 tokens in, 678 out, cost unknown"
    )


@pytest.mark.parametrize("width", [1, 5, 20])
def test_narrow_terminals(width: int) -> None:
    assert text_of(FAQ, width=width)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "(none)"),
        ({}, "(none)"),
        ([], "(none)"),
        ("text", "text"),
        (True, "yes"),
        ({"failures": []}, "(none)"),
        ({"text": "only one"}, "only one"),
        ({"accepted": False, "rounds": []}, "Accepted: no\n\nRounds: (none)"),
        ({"a": "x\n\ny", "b": 1.5}, "A\nx\n\ny\n\nB: 1.5"),
        ({"a": {"deep_key": {"n": 1}, "s": "t", "l": [1, "b"]}}, "Deep key:\n  N: 1\nS: t\nL: 1, b"),
        ([1, ["a", {"k": "v"}]], "- 1\n-\n  - a\n  -\n    K: v"),
        ([{"verdict": "no", "draft": "x\ny", "n": 1}], "1. no\n   x\n   y\n   N: 1"),
        (
            [{"type": "SEO", "description": "A text", "result": "x\ny"}],
            "1. SEO\n   Description: A text\n   Result:\n     x\n     y",
        ),
        ([{"draft": "x" * 201}], None),
        ([{"n": 1, "none": None}], "1. N: 1"),
        ([{"items": [{"a": "b"}]}], "1. Items:\n     1. b"),
        ({"messages": [AIMessage("hi **you**")]}, "1. ai\n   hi **you**"),
        ({"usage": "much"}, "much"),
    ],
)
def test_shapes(output: Any, said: str | None) -> None:
    assert said is None or text_of(output) == said


def test_markdown_on_a_terminal_only() -> None:
    text = "# Title\n\n- **one**\n- two"
    assert text in text_of({"text": text})
    assert "**one**" not in text_of({"text": text}, markdown=True)
    assert "<b>[bold]</b>" in text_of({"text": "# T\n\n<b>[bold]</b>"}, markdown=True)


def usage(**more: Any) -> dict[str, Any]:
    return {
        "model_calls": 1,
        "input_tokens": 1,
        "output_tokens": 1,
        "cost_usd": 0.0,
        "by_model": {"offline": {}},
        **more,
    }


def test_usage() -> None:
    line, advice = usage_lines(usage())
    assert line == "Answered by offline: 1 model call, 1 tokens in, 1 out, cost $0"
    assert advice.startswith(
        "No language model was used: these answers come from rules (the offline model). Choose one"
    )
    assert usage_lines(usage(model_calls=0)) == ["No model was called."]
    (line,) = usage_lines(usage(by_model={"a": {}, "b": {}}, cached_tokens=1234, cost_usd=0.01234))
    assert line == "Answered by a, b: 1 model call, 1 tokens in (1,234 cached), 1 out, cost $0.0123"
    assert "an unnamed model" in usage_lines(usage(by_model={}))[0]


@dataclass
class Point:
    x: float
    when: date


def test_plain_is_json() -> None:
    value = {"a": (1, 2.5, float("nan")), 3: {"b"}, "p": Point(1.0, date(2026, 1, 2)), "o": 1j, "m": AIMessage("hi")}
    result = plain(value)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["a"] == [1, 2.5, None]
    assert result["p"] == {"x": 1.0, "when": "2026-01-02"}
    assert result["o"] == "1j"
    assert result["m"]["content"] == "hi"


def test_unfinished_counts_each_task_once() -> None:
    lost = {"task_id": "1", "status": "failed"}
    assert unfinished({"failures": [lost], "outcomes": [lost, {"task_id": "2", "status": "done"}, 3], "n": 1}) == 1
    assert unfinished([lost]) == 0


@pytest.mark.parametrize("given", ["[" * 9_000, "9" * 5_000])
def test_json_that_python_cannot_hold(given: str) -> None:
    with pytest.raises(UserError, match="a number too long or is nested too deeply"):
        parse_json(given)
    assert json_or_text(given) == given


def test_streams_that_were_closed_before_the_start_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    monkeypatch.setattr(sys, "argv", ["fanloom", "--version"])
    with pytest.raises(SystemExit) as ending:
        main()
    streams = (sys.stdin, sys.stdout, sys.stderr)
    for stream in streams:
        stream.close()
    assert ending.value.code == 0


def test_a_terminal_is_told_that_a_graph_is_loaded_and_a_pipe_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for is_terminal, said in ((True, "Loading desk ...\r\x1b[K"), (False, "")):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        with loading("desk"):
            pass
        assert capsys.readouterr().err == said

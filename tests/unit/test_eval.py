"""`fanloom eval`: data sets, evaluators, intervals, and the command on small projects and on the shipped data sets."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from snowballstemmer.english_stemmer import EnglishStemmer
from Stemmer import Stemmer

from fanloom.cli import cli
from fanloom.cli.commands.judging.rounds import progress
from fanloom.errors import UserError
from fanloom.evaluation.dataset import read_dataset
from fanloom.evaluation.environment import variables
from fanloom.evaluation.evaluator_names import evaluators
from fanloom.evaluation.figures.candidate_figures import Evaluation
from fanloom.evaluation.figures.intervals import Ratio, difference, estimate, student_t, times, wilson
from fanloom.evaluation.figures.repeats import FEWEST_ITEMS, agreement, spread, spread_gap
from fanloom.evaluation.item_run import ItemRun
from fanloom.evaluation.runner import Candidate, ItemResult
from fanloom.grounding.lexical import sentences, support
from tests.slow import slow

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"
SHIPPED = sorted(EVALS.glob("*.jsonl"))

GRAPHS = """
import asyncio
import os
from typing import Literal
from typing_extensions import TypedDict
from langgraph.graph import START, StateGraph
from langgraph.types import Overwrite, interrupt
from fanloom.runs.context import Context

running = peak = turns = 0

class In(TypedDict):
    word: str

class Out(TypedDict):
    answer: str
    usage: dict

class State(In, Out):
    plan: list

async def plan(state):
    global running, peak
    running += 1
    peak = max(peak, running)
    for _ in range(50):
        await asyncio.sleep(0)
    running -= 1
    if state["word"] == "ask":
        interrupt("may I?")
    return {"plan": Overwrite([{"type": "Say", "what": state["word"]}])}

async def shout(state, runtime):
    print("noise of a node")
    if state["word"] == "boom":
        raise RuntimeError("it broke, at sk-012345678901234567890")
    if state["word"] == "hang":
        await asyncio.Event().wait()
    model = str(Context.of(runtime.context).model)
    used = {"model_calls": 1, "input_tokens": len(state["word"]), "output_tokens": 2, "cost_usd": None}
    answer = os.environ["VOICE"] + state["word"].upper() if os.environ.get("VOICE") else state["word"].upper()
    return {"answer": answer, "usage": {**used, "by_model": {model: used}}}

async def whisper(state):
    return {"answer": state["word"].lower()}

async def waver(state):
    # Right in every second run.
    global turns
    turns += 1
    return {"answer": state["word"].upper() if turns % 2 else "?"}

def made(action, *nodes, **options):
    builder = StateGraph(State, input_schema=In, output_schema=Out, **options)
    builder.add_node("plan", plan)
    builder.add_node("act", action)
    builder.add_edge(START, "plan")
    builder.add_edge("plan", "act")
    return builder.compile()

loud = made(shout, context_schema=Context)

class Picky(TypedDict):
    answer: Literal["yes", "no"]

picky_builder = StateGraph(State, input_schema=In, output_schema=Picky).add_node("act", whisper)
picky = picky_builder.add_edge(START, "act").compile()
quiet = made(whisper)
wavering = made(waver)

def half(item, output):
    return 0.5

def several(item, output, updates):
    return {"planned": bool(updates["plan"]["plan"]), "nothing": None}

def broken(item, output):
    return item["nowhere"]

def odd(item, output):
    return "very good"

not_callable = 1
"""
EXACT = {"name": "exact", "field": "answer"}

Fanloom = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = f"flows_{abs(hash(tmp_path))}"
    (tmp_path / f"{module}.py").write_text(GRAPHS)
    graphs = {name: f"{module}:{name}" for name in ("loud", "quiet", "picky", "wavering")}
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": graphs}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODULE", module)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def fanloom(project: Path) -> Fanloom:
    def run(*args: str) -> Result:
        return CliRunner().invoke(cli, ["eval", *args], prog_name="fanloom")

    return run


def written(folder: Path, items: list[Any], **about: Any) -> str:
    (folder / "words.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (folder / "words.json").write_text(json.dumps({"graph": "loud", "evaluators": [EXACT], **about}))
    return str(folder / "words.jsonl")


def words(*pairs: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    return [{"word": word, "answer": answer, **more} for word, answer in pairs]


# Intervals


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe 1998, table I.
    [
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson(share: float, n: int, low: float, high: float) -> None:
    assert wilson(share, n) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (6, 2.447), (30, 2.042), (1000, 1.962)]
)
def test_students_t(freedom: int, t: float) -> None:
    assert student_t(freedom) == pytest.approx(t, abs=1e-3)


def test_how_many_times_as_much_it_is() -> None:
    first = {n: Ratio(n, 1) for n in range(1, 9)}
    twice = {n: Ratio(2 * n + n % 2 / 10, 1) for n in range(1, 9)}
    found, back = times(first, twice), times(twice, first)
    assert found is not None
    assert back is not None
    assert found.low < found.value < found.high
    assert 1.99 < found.low < 2.01 < found.high < 2.03
    # Half as much is as far from the same as twice as much.
    assert back[:3] == pytest.approx((1 / found.value, 1 / found.high, 1 / found.low))
    assert times(first, {n: Ratio(0, 1) for n in first}) is None


def test_without_scipy_there_are_no_intervals_but_wilsons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanloom.evaluation.figures.intervals.has_scipy", lambda: False)
    right, mean = estimate([Ratio(1, 1), Ratio(0, 1)], share=True), estimate([Ratio(4, 1), Ratio(6, 1)], share=False)
    assert right is not None
    assert (right.method, mean) == ("wilson", (5, 5, 5, "none", 2))
    assert difference({1: Ratio(4, 1), 2: Ratio(1, 1)}, {1: Ratio(5, 1), 2: Ratio(5, 1)}, share=False) == (
        2.5,
        2.5,
        2.5,
        "none",
        2,
    )


@pytest.mark.parametrize(
    ("ratios", "share", "value", "method", "n"),
    [
        ([(1, 1), (0, 1), (1, 1)], True, 2 / 3, "wilson", 3),
        ([(2, 2), (3, 3)], True, 1.0, "wilson", 2),
        ([(0, 2), (0, 3)], True, 0.0, "wilson", 2),
        ([(1, 2), (3, 3), (0, 0)], True, 4 / 5, "clustered", 2),
        ([(1, 2)] * 9, True, 1 / 2, "clustered", 9),
        ([(0.5, 1), (0.75, 1)], True, 0.625, "t", 2),
        ([(1, 2)], True, 0.5, "none", 1),
        ([(120, 1), (80, 1)], False, 100, "t", 2),
        ([(7, 1)], False, 7, "none", 1),
    ],
)
def test_estimate(ratios: list[tuple[float, float]], share: bool, value: float, method: str, n: int) -> None:
    found = estimate([Ratio(*ratio) for ratio in ratios], share=share)
    assert found is not None
    assert (found.value, found.method, found.n) == (pytest.approx(value), method, n)
    assert found.low <= found.value <= found.high
    assert not share or 0 <= found.low <= found.high <= 1


def test_the_mean_of_numbers_has_the_interval_of_the_textbook() -> None:
    found = estimate([Ratio(x, 1) for x in (4, 5, 6, 7, 8)], share=False)
    # 6 +- 2.776 * 1.5811 / sqrt(5)
    assert found == (6, pytest.approx(4.037, abs=0.01), pytest.approx(7.963, abs=0.01), "t", 5)


def test_nothing_to_measure_has_no_figure() -> None:
    assert estimate([Ratio(0, 0)], share=True) is None
    assert difference({1: Ratio(1, 1)}, {2: Ratio(1, 1)}, share=True) is None


# The tasks of a message are right or wrong together more often than not. Close to 1 it is that few go wrong.
@pytest.mark.parametrize(("skills", "items"), [((0.5, 0.9), 40), ((0.9, 1.0), 66), ((0.98, 1.0), 189), ((0.7, 0.7), 7)])
def test_an_interval_of_ratios_holds_the_truth_as_often_as_it_says(skills: tuple[float, float], items: int) -> None:
    chance, held, truth = random.Random(7), 0, sum(skills) / 2
    for _ in range(400):
        ratios = []
        for _ in range(items):
            of, skill = chance.randint(1, 4), chance.choice(skills)
            ratios.append(Ratio(sum(chance.random() < skill for _ in range(of)), of))
        found = estimate(ratios, share=True)
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 400 <= 0.995


def test_one_that_is_wrong_does_not_make_a_figure_surer() -> None:
    right = [Ratio(2, 2)] * 30 + [Ratio(1, 1)] * 30
    none_wrong, one_wrong = estimate(right, share=True), estimate([*right[1:], Ratio(1, 2)], share=True)
    assert none_wrong is not None
    assert one_wrong is not None
    assert one_wrong.low < none_wrong.low


def test_a_difference_of_shares_is_no_more_than_all() -> None:
    gap = difference({1: Ratio(0, 1), 2: Ratio(0, 1)}, {1: Ratio(1, 1), 2: Ratio(0, 1)}, share=True)
    assert gap is not None
    assert gap[:3] == (0.5, -1, 1)


def test_a_difference_is_paired() -> None:
    first = {n: Ratio(n, 1) for n in range(10)}
    second = {n: Ratio(n + 1 + (n % 2) / 10, 1) for n in range(10)}
    gap = difference(first, second, share=False)
    alone = estimate(list(first.values()), share=False)
    assert gap is not None
    assert alone is not None
    assert gap.value == pytest.approx(1.05)
    assert gap.high - gap.low < (alone.high - alone.low) / 10


def test_no_difference_seen_is_not_no_difference() -> None:
    same = {n: Ratio(1, 1) for n in range(20)}
    gap = difference(same, same, share=True)
    assert gap is not None
    assert gap[:3] == (0, pytest.approx(-0.161, abs=0.001), pytest.approx(0.161, abs=0.001))


def test_the_same_sums_in_another_order_are_no_difference() -> None:
    first = {n: Ratio(0.1 + 0.2 + n, 1) for n in range(8)}
    gap = difference(first, {n: Ratio(0.3 + n, 1) for n in range(8)}, share=False)
    assert gap is not None
    assert gap.value == 0
    assert gap.low <= 0 <= gap.high


def test_ways_that_no_call_goes_are_no_difference_whatever_the_calls() -> None:
    one, nine = {n: Ratio(0, 1) for n in range(20)}, {n: Ratio(0, 9) for n in range(20)}
    gap = difference(one, nine, share=True)
    assert gap is not None
    assert gap[:3] == (0, pytest.approx(-0.161, abs=0.001), pytest.approx(0.161, abs=0.001))


# Several runs of each item


def test_a_bootstrap_of_items_holds_the_truth_about_runs_as_often_as_it_says() -> None:
    chance, held, tries = random.Random(7), 0, 60
    truth = (sum(p * (1 - p) for p in (0.3, 0.9)) / 2) ** 0.5
    for _ in range(tries):
        skills = [chance.choice((0.3, 0.9)) for _ in range(16)]
        rounds = [{n: Ratio(chance.random() < skill, 1) for n, skill in enumerate(skills)} for _ in range(5)]
        found = spread(rounds)
        assert found is not None
        assert found.between_runs_interval is not None
        held += found.between_runs_interval.low <= truth <= found.between_runs_interval.high
    assert 0.88 <= held / tries <= 0.995


def test_who_varies_less_between_runs_is_told_on_the_same_items() -> None:
    chance = random.Random(3)
    steady = [{n: Ratio(n % 2, 1) for n in range(12)} for _ in range(6)]
    wild = [{n: Ratio(chance.random() < 0.5, 1) for n in range(12)} for _ in range(6)]
    gap, back, same = spread_gap(wild, steady), spread_gap(steady, wild), spread_gap(steady, steady)
    assert gap is not None
    assert back is not None
    assert same is not None
    assert gap.value == pytest.approx(-back.value)
    assert gap.interval is not None
    assert gap.interval.low < gap.value < gap.interval.high < 0
    assert same == (0, None, 12)
    # Too few items to draw from.
    few = [{n: each[n] for n in range(FEWEST_ITEMS - 1)} for each in wild]
    told = spread_gap(few, few)
    assert told is not None
    assert told.interval is None


@pytest.mark.parametrize(
    ("runs", "value"),
    [
        ([{"a": 1}, {"a": 1}, {"a": 2}], 1 / 3),
        ([{"a": 1, "b": True}, {"a": 1, "b": False}], 1 / 2),
        ([{"a": 1}, {"b": 1}], 0),
        ([{}, {}], 1),
        ([{"a": 1}, None], 0),
        ([None, None], 0),
    ],
)
def test_agreement_is_of_what_runs_say(runs: list[dict[str, object] | None], value: float) -> None:
    (found,) = agreement([{7: said} for said in runs]).values()
    assert found.hits / found.of == pytest.approx(value)


# Data sets


@pytest.mark.parametrize(
    ("lines", "about", "said"),
    [
        ("", None, "has 0 items"),
        ('{"a": 1}\n{"a": \n', None, "line 2 is not valid JSON"),
        ("[1]\n", None, "line 1: an item is a JSON object"),
        ('{"a": NaN}\n', None, "line 1 is not valid JSON: NaN is no value"),
        ('{"a": ' + "9" * 5000 + "}\n", None, "line 1 is not valid JSON"),
        ('{"a": ' + "[" * 9999 + "]" * 9999 + "}\n", None, "line 1 is not valid JSON"),
        ('{"a": 1}\n', "{", "set.json is not valid JSON"),
        ('{"a": 1}\n', '{"graphs": "x"}', "'graphs': Extra inputs are not permitted. Its fields are"),
        ('{"a": 1}\n', '{"evaluators": {}}', "'evaluators'"),
    ],
)
def test_a_data_set_that_cannot_be_used(tmp_path: Path, lines: str, about: str | None, said: str) -> None:
    (tmp_path / "set.jsonl").write_text(lines)
    if about is not None:
        (tmp_path / "set.json").write_text(about)
    with pytest.raises(UserError, match=re.escape(said)):
        read_dataset(tmp_path / "set.jsonl")


def test_a_data_set_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no data set"):
        read_dataset(tmp_path / "none.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(UserError, match="Save it as UTF-8"):
        read_dataset(tmp_path / "binary.jsonl")


def test_items_keep_the_numbers_of_their_lines(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text('\ufeff{"a": 1, "b": 2, "context": {"model": "x"}}\n\n{"a": "1", "s": 1}\n')
    data = read_dataset(tmp_path / "set.jsonl")
    assert list(data.items) == [1, 3]
    assert data.input_of(1, ["a", "c"]) == {"a": 1}
    assert data.context_of(1) == {"model": "x"}
    assert list(data.only({"s": "1"}, None).items) == [3]
    assert data.only({}, 5).whole
    assert not data.only({}, 1).whole
    with pytest.raises(UserError, match="no item of data set 'set' has a=7"):
        data.only({"a": "7"}, None)
    with pytest.raises(UserError, match="line 3 of data set 'set' has no input"):
        data.input_of(3, ["b"])


def test_variables_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD", "mine")
    monkeypatch.delenv("NEW", raising=False)
    with variables({"OLD": "theirs", "NEW": "in {folder}"}):
        folder = Path(os.environ["NEW"].removeprefix("in "))
        assert os.environ["OLD"] == "theirs"
        (folder / "left").write_text("")
    assert os.environ["OLD"] == "mine"
    assert "NEW" not in os.environ
    assert not folder.exists()


# Evaluators

DOCUMENTS = [
    {"title": "Ferry", "content": "The ferry takes 55 minutes. A ticket costs 18 euros. Dogs are kept on a lead."},
    {"title": "Island", "content": "The island has one hostel with 32 beds."},
]


def faqs(*answers: tuple[str, list[str]]) -> ItemRun:
    return ItemRun(output={"faqs": [{"question": "?", "answer": text, "sources": names} for text, names in answers]})


def plan(*tasks: dict[str, Any]) -> ItemRun:
    return ItemRun(updates={"plan": {"tasks": list(tasks)}})


BILL, ORDER = {"type": "Bill", "id": "INV-1"}, {"type": "Order", "id": "A-2"}
TASKS = {"name": "tasks", "at": "updates.plan.tasks", "fields": ["type", "id"]}
DELIVERED = {"name": "delivered", "at": "output.faqs", "asked": "n"}
FACTS = [{"words": "ticket costs 18 euros", "source": "Ferry"}, {"words": "32 beds", "source": "Island"}]


@pytest.mark.parametrize(
    ("options", "item", "run", "expected"),
    [
        (EXACT, {"answer": "Yes"}, ItemRun(output={"answer": " yes"}), {"accuracy": (1, 1)}),
        (EXACT, {"answer": "Yes"}, ItemRun(output={"answer": "no"}), {"accuracy": (0, 1)}),
        (EXACT, {"answer": "Yes"}, ItemRun(error="down"), {"accuracy": (0, 1)}),
        (EXACT, {"answer": None}, ItemRun(error="down"), {"accuracy": (0, 1)}),
        (EXACT, {"answer": None}, ItemRun(output={"answer": None}), {"accuracy": (1, 1)}),
        (EXACT, {"answer": 3}, ItemRun(output={"answer": 3}), {"accuracy": (1, 1)}),
        (
            {**EXACT, "expected": "gold", "measure": "right"},
            {"gold": "A"},
            ItemRun(output={"answer": "a"}),
            {"right": (1, 1)},
        ),
        (
            TASKS,
            {"tasks": [BILL, ORDER]},
            plan({"type": "Order", "id": "a 2"}, BILL),
            {"precision": (2, 2), "recall": (2, 2), "F1": (4, 4), "all tasks right": (1, 1)},
        ),
        (
            TASKS,
            {"tasks": [BILL]},
            plan(BILL, BILL, ORDER),
            {"precision": (1, 3), "recall": (1, 1), "F1": (2, 4), "all tasks right": (0, 1)},
        ),
        (
            TASKS,
            {"tasks": []},
            plan(),
            {"precision": (0, 0), "recall": (0, 0), "F1": (0, 0), "all tasks right": (1, 1)},
        ),
        (TASKS, {"tasks": []}, ItemRun(error="down"), {"all tasks right": (0, 1)}),
        (TASKS, {"tasks": [BILL]}, ItemRun(error="down"), {"precision": (0, 0), "recall": (0, 1), "F1": (0, 1)}),
        (TASKS, {"tasks": [BILL]}, plan({"type": "Bill", "id": None}), {"precision": (0, 1), "recall": (0, 1)}),
        (
            {"name": "grounded", "at": "output.faqs"},
            {"sources": DOCUMENTS},
            faqs(("A ticket costs 18 euros. Dogs are carried free.", ["Ferry"])),
            {"sentences supported": (1, 2)},
        ),
        (
            {"name": "grounded", "at": "output.faqs"},
            {"sources": DOCUMENTS},
            faqs(("A ticket costs 19 euros.", ["Ferry"])),
            {"sentences supported": (0, 1)},
        ),
        (
            {"name": "grounded", "at": "output.faqs"},
            {"sources": DOCUMENTS},
            faqs(("A ticket costs 18 euros.", ["Island"])),
            {"sentences supported": (0, 1)},
        ),
        (
            {"name": "grounded", "at": "output.faqs"},
            {"sources": DOCUMENTS},
            faqs(("A ticket costs 18 euros.", [])),
            {"sentences supported": (0, 1)},
        ),
        (
            {"name": "sources", "at": "output.faqs"},
            {"sources": DOCUMENTS},
            faqs(("a", ["Ferry"]), ("b", []), ("c", ["Ferry", "Moon"])),
            {"sources valid": (1, 3)},
        ),
        (
            {"name": "facts", "at": "output.faqs"},
            {"facts": FACTS},
            faqs(("The ticket costs 18 euros.", ["Island"])),
            {"facts told": (1, 2), "told facts well sourced": (0, 1)},
        ),
        (
            {"name": "facts", "at": "output.faqs"},
            {"facts": FACTS},
            faqs(("It has 32 beds", ["Island"])),
            {"facts told": (1, 2), "told facts well sourced": (1, 1)},
        ),
        (
            {"name": "facts", "at": "output.faqs"},
            {"facts": FACTS},
            ItemRun(output={"faqs": "none"}),
            {"facts told": (0, 2), "told facts well sourced": (0, 0)},
        ),
        (DELIVERED, {"n": 3}, faqs(("a", []), ("b", [])), {"delivered": (2, 3)}),
        (DELIVERED, {"n": 1}, faqs(("a", []), ("b", [])), {"delivered": (1, 1)}),
        (DELIVERED, {"n": 2}, ItemRun(error="down"), {"delivered": (0, 2)}),
        ({**DELIVERED, "asked": "2"}, {}, faqs(("a", [])), {"delivered": (1, 2)}),
        (
            {"name": "delivered", "at": "output.reply", "measure": "replied"},
            {},
            ItemRun(output={"reply": "Hello."}),
            {"replied": (1, 1)},
        ),
    ],
)
def test_an_evaluator(options: dict[str, Any], item: dict[str, Any], run: ItemRun, expected: dict[str, Any]) -> None:
    (evaluator,) = evaluators([options])
    judged = evaluator.judge(item, run)
    assert expected.items() <= judged.ratios.items()
    assert (
        bool(judged.notes) == any(ratio.hits < ratio.of for name, ratio in judged.ratios.items() if name in expected)
        or run.error
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([], "no evaluator: name one"),
        (["exakt"], "there is no evaluator 'exakt': there is exact, tasks,"),
        (["exact"], "option 'field': Field required"),
        (["exact,field=a,colour=red"], "option 'colour': Extra inputs are not permitted"),
        (["{"], "is not valid JSON"),
        (["no_such_module:f"], "cannot be loaded: No module named 'no_such_module'"),
        (["json:no_such_function"], "cannot be loaded"),
        (["os:sep"], "is not a function"),
    ],
)
def test_an_evaluator_that_means_nothing(said: list[str], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        evaluators(said)


def test_evaluators_are_written_in_three_ways() -> None:
    short, long, json_ = evaluators(["tasks,at=updates.plan.tasks,fields=type+id", TASKS, json.dumps(TASKS)])
    assert short == long == json_


def test_a_place_in_a_run_begins_with_output_or_updates() -> None:
    with pytest.raises(UserError, match=re.escape("write 'output.FIELD'")):
        ItemRun().at("state.x")


def test_sentences_and_what_supports_them() -> None:
    assert sentences('He paid 3.50 euros. "Really?" she said!\n- a list\n...') == [
        "He paid 3.50 euros.",
        '"Really?"',
        "she said!",
        "- a list",
    ]
    assert support("Tickets cost 18 euros", [DOCUMENTS[0]["content"]]) == 1
    assert support("Tickets cost 18 pounds today", [DOCUMENTS[0]["content"]]) == pytest.approx(3 / 5)
    assert support("The ferry", []) == 0


# The command


def test_the_figures_of_a_run(project: Path, fanloom: Fanloom) -> None:
    items = [{**item, "kind": kind} for kind in "ab" for item in words(("one", "ONE"), ("two", "TOO"))]
    done = fanloom(written(project, items, group_by="kind"), "--misses")
    assert done.exit_code == 0, done.output
    assert re.search(r"accuracy +50\.0 % +15\.0 to 85\.0 +4\n +a +50\.0 % +\S+ to \S+ +2", done.stdout)
    assert re.search(r"model calls +1\.0 ", done.stdout)
    assert "cost" not in done.stdout
    assert "line 2: expected 'TOO', got 'TWO'" in done.stdout
    assert "noise of a node" not in done.stdout


def test_json_is_the_same_each_time(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(("one", "ONE"), ("two", "TOO"), ("three", "THREE")))

    def told() -> Any:
        done = fanloom(given, "--json", "--set", "model=offline")
        assert done.exit_code == 0, done.stderr
        found = json.loads(done.stdout)
        (candidate,) = found["candidates"]
        candidate["figures"].pop("seconds")
        candidate.pop("latency")
        for result in candidate["results"]:
            # The first is not counted: it loads libraries.
            assert ("seconds" in result["measures"]) == (result["line"] > 1)
            result["measures"].pop("seconds", None)
            # What the run log knows the run by.
            assert result.pop("thread")
        return found

    found = told()
    assert found == told()
    assert found["candidates"][0]["models"] == ["offline"]
    assert found["candidates"][0]["figures"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert [result["output"]["answer"] for result in found["candidates"][0]["results"]] == ["ONE", "TWO", "THREE"]


def test_copies_of_an_item_are_no_new_items(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(("one", "ONE"), ("two", "TOO"), ("three", "THREE")))
    once, thrice = (json.loads(fanloom(given, "--json", "--repeat", times).stdout) for times in ("1", "3"))
    (one,), (three,) = once["candidates"], thrice["candidates"]
    assert three["figures"]["accuracy"] == one["figures"]["accuracy"]
    assert (once["rounds"], thrice["rounds"], len(three["again"])) == (1, 3, 2)
    assert three["figures"]["agreement"]["value"] == 1
    assert three["spreads"]["accuracy"]["between_runs"] == 0
    assert set(three["latency"]) == {"p50", "p90", "p95"}


def test_what_varies_between_runs_is_told_from_what_varies_between_items(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(*[(word, word.upper()) for word in ("one", "two", "three")]), concurrency=1)
    found = json.loads(fanloom(given, "--graph", "wavering", "--json", "--repeat", "4").stdout)["candidates"][0]
    assert found["figures"]["accuracy"]["value"] == 0.5
    assert found["figures"]["agreement"]["value"] == pytest.approx(1 / 3)
    spreads = found["spreads"]["accuracy"]
    assert (spreads["between_items"], spreads["between_runs"]) == (0, pytest.approx((1 / 3) ** 0.5))
    assert "standard deviations between items and between runs" in fanloom(given, "--repeat", "2").stdout


def test_spreads_are_those_of_the_textbook() -> None:
    # Two items of two runs, 1 and 3, 5 and 7: a variance of 2 within, and of 8 - 2 / 2 between.
    rounds = [{1: Ratio(1, 1), 2: Ratio(5, 1)}, {1: Ratio(3, 1), 2: Ratio(7, 1)}]
    assert spread(rounds) == (pytest.approx(7**0.5), pytest.approx(2**0.5), None, None)
    assert spread(rounds[:1]) is None


def test_a_verdict_is_given_only_where_the_interval_allows_one(project: Path, fanloom: Fanloom) -> None:
    (project / "many").mkdir()
    right = words(*[(f"w{number}", f"W{number}") for number in range(40)])
    done = fanloom(written(project / "many", right), "--compare", "wavering,quiet", "--concurrency", "1")
    assert re.search(r"wavering against loud: accuracy is lower \(-50\.0 %, -\S+ to -\S+\)", done.stdout)
    assert not re.search(r"quiet against loud:.*accuracy is", done.stdout)
    few = fanloom(written(project, right[:2]), "--compare", "wavering", "--concurrency", "1").stdout
    assert "accuracy is" not in few


def test_a_table_is_a_data_set_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('word,tasks,note\n"one\ntwo","[1, 2]",\n[half,{},x\n', encoding="utf-8-sig")
    assert read_dataset(tmp_path / "a.csv").items == {
        3: {"word": "one\ntwo", "tasks": [1, 2]},
        4: {"word": "[half", "tasks": {}, "note": "x"},
    }
    (tmp_path / "b.csv").write_text("word\na,b\n")
    with pytest.raises(UserError, match="line 2: it has more fields than the first row names"):
        read_dataset(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text('word\n"a\n')
    with pytest.raises(UserError, match="Correct it there"):
        read_dataset(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("word", "args", "said"),
    [
        ("boom", [], "RuntimeError: it broke, at ***"),
        ("hang", ["--timeout", "0.3"], "no result after 0.3 s"),
        ("ask", [], "waits for a person"),
    ],
)
def test_an_item_that_fails_counts_as_failed(
    project: Path, fanloom: Fanloom, word: str, args: list[str], said: str
) -> None:
    given = written(project, words(("one", "ONE"), (word, "X")))
    done = fanloom(given, *args, "--evaluator", "exact,field=answer", "--misses")
    assert done.exit_code == 3, done.output
    assert "expected 'X'" not in done.stdout
    assert "loud: 1 of 2 items failed, and count as wrong:" in done.stdout
    assert f"line 2: {said}" in done.stdout
    assert re.search(r"accuracy +50\.0 %", done.stdout)


def test_a_run_in_which_all_items_fail_has_failed(project: Path, fanloom: Fanloom) -> None:
    done = fanloom(written(project, words(*[("boom", "X")] * 12)))
    assert done.exit_code == 1
    assert "no item has a result: RuntimeError" in done.stderr
    assert "... and 2 more" in done.stdout


@pytest.mark.parametrize(
    ("about", "args", "said"),
    [
        ({"graph": None}, [], "give --graph, one of loud, quiet, picky"),
        ({}, ["--graph", "lout"], "Did you mean 'loud'?"),
        ({}, ["--compare", "quit"], "'quit' is no graph (Did you mean 'quiet'?) and no model"),
        ({}, ["--model", "offlin"], "unknown model 'offlin'"),
        ({}, ["--set", "colour=red"], "there is no context field 'colour'"),
        ({"context": {"colour": "red"}}, [], "context has no field 'colour'"),
        ({}, ["--model", "google_genai:gemini-2.5-flash"], "set GOOGLE_API_KEY"),
        ({}, ["--graph", "quiet", "--model", "offline"], "takes no context"),
        ({}, ["--where", "word"], "--where takes FIELD=VALUE"),
        ({}, ["--where", "word=none"], "no item of data set 'words' has word=none"),
        ({"input": ["term"]}, [], "has no input for the graph: term"),
        ({"evaluators": [EXACT, EXACT]}, [], "two evaluators measure 'accuracy'"),
        ({"evaluators": [{**TASKS, "at": "nowhere", "expected": "word"}]}, [], "'nowhere' is no place"),
        (
            {"evaluators": [{"name": "sources", "at": "output.answer", "documents": "answer"}]},
            [],
            "line 1: evaluator 'sources' cannot judge it",
        ),
        ({"evaluators": []}, [], "no evaluator"),
        (
            {"evaluators": [{"name": "delivered", "at": "output.answer", "asked": "word"}]},
            [],
            "'word' is 'boom', not how",
        ),
        # What is mistyped must not look like a graph that is wrong, nor, with nothing expected, like one that is right.
        ({"evaluators": [{**EXACT, "field": "anser", "expected": "answer"}]}, [], "it has answer, usage"),
        ({"evaluators": [{**TASKS, "at": "updates.pln.plan", "expected": "word"}]}, [], "it has plan, act"),
        ({"evaluators": [{**TASKS, "at": "output.tasks", "expected": "word"}]}, [], "it has answer, usage"),
        ({"graph": "picky"}, [], "line 1: 'answer' is 'X', but can only be yes, no."),
        ({"environment": {"A=B": "c"}}, [], "'A=B' cannot be set"),
        ({"environment": {"A": "\0"}}, [], "'A' cannot be set"),
        ({}, ["--evaluator", "exact,field=reply"], "line 1: the item has no 'reply' to judge by"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    project: Path, fanloom: Fanloom, about: dict[str, Any], args: list[str], said: str
) -> None:
    done = fanloom(written(project, words(("boom", "X")), **about), *args)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert not done.stdout


def test_other_graphs_and_models_are_compared_on_the_same_items(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(("One", "ONE"), ("two", "TWO"), ("three", "three!"), ("boom", "boom")))
    done = fanloom(given, "--compare", "quiet", "--json")
    assert done.exit_code == 3
    loud, quiet = json.loads(done.stdout)["candidates"]
    assert [loud["name"], quiet["name"]] == ["loud", "quiet"]
    assert (loud["failed"], quiet["failed"]) == (1, 0)
    # The exact comparison does not see case: 2 of 4 against 3 of 4.
    assert quiet["differences"]["accuracy"]["value"] == pytest.approx(0.25)
    assert quiet["differences"]["seconds"]["n"] == 3
    assert loud["differences"] == {}
    shown = fanloom(given, "--compare", "quiet", "--limit", "2")
    assert re.search(r"accuracy +loud +100\.0 % .*\n +quiet +100\.0 % +34\.2 to 100\.0 +2 +\+0\.0 %", shown.stdout)
    assert re.search(r"model calls +loud +1\.0 .*\n +quiet +unknown", shown.stdout)


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (["--compare", "openai:x"], ["default model", "openai:x"]),
        (["--model", "offline", "--compare", "openai:x"], ["offline", "openai:x"]),
        (["--model", "offline"], ["loud@offline"]),
        (["--compare", "loud"], ["loud"]),
        (["--model", "offline", "--compare", "loud@openai:x", "--compare", "loud"], ["offline", "openai:x"]),
    ],
)
def test_a_candidate_is_called_what_tells_it_from_the_others(
    project: Path, fanloom: Fanloom, monkeypatch: pytest.MonkeyPatch, args: list[str], names: list[str]
) -> None:
    monkeypatch.setattr("fanloom.cli.commands.judging.evaluated_graphs.chat_model", lambda model: model)
    done = fanloom(written(project, words(("one", "ONE"))), *args, "--json")
    assert done.exit_code == 0, done.output
    assert [candidate["name"] for candidate in json.loads(done.stdout)["candidates"]] == names


def test_what_has_ended_is_judged_and_not_run_again(project: Path, fanloom: Fanloom) -> None:
    def asked() -> list[str]:
        return (project / "asked").read_text().split() if (project / "asked").exists() else []

    given = written(project, words(*[(f"w{n}", f"W{n}") for n in range(6)], ("boom", "BOOM")))
    module = project / f"{os.environ['MODULE']}.py"
    noted = "async def shout(state, runtime):\n    open('asked', 'a').write(state['word'] + '\\n')\n"
    module.write_text(module.read_text().replace("async def shout(state, runtime):\n", noted))
    out = str(project / "kept")
    fanloom(given, "--out", out, "--limit", "4")
    assert len(asked()) == 4
    # What a kill leaves of the last line.
    results = project / "kept/loud/results.jsonl"
    results.write_bytes(results.read_bytes()[:-5])
    whole = fanloom(given, "--out", out, "--json")
    assert whole.exit_code == 3, whole.output
    assert len(asked()) == 8
    again = fanloom(given, "--out", out, "--json")
    assert len(asked()) == 8
    assert json.loads(again.stdout)["candidates"] == json.loads(whole.stdout)["candidates"]
    fanloom(given, "--out", out, "--retry-failed")
    assert asked()[8:] == ["boom"]
    refused = fanloom(written(project, words(("other", "OTHER"))), "--out", out)
    assert (refused.exit_code, "the input's content differs" in refused.stderr) == (2, True)


def test_an_evaluation_that_breaks_off_goes_on_with_the_same_command(project: Path, fanloom: Fanloom) -> None:
    def asked() -> list[str]:
        return (project / "asked").read_text().split()

    given = written(project, words(*[(f"w{n}", f"W{n}") for n in range(6)]), concurrency=1)
    module = project / f"{os.environ['MODULE']}.py"
    stops = (
        "async def shout(state, runtime):\n"
        "    open('asked', 'a').write(state['word'] + '\\n')\n"
        "    if state['word'] == 'w3' and not os.path.exists('on'):\n"
        "        raise KeyboardInterrupt\n"
    )
    module.write_text("import os\n" + module.read_text().replace("async def shout(state, runtime):\n", stops))
    broken = fanloom(given)
    assert broken.exit_code != 0
    assert "3 runs are kept in" in broken.stderr
    assert [each.stat().st_mode & 0o077 for each in (project / ".fanloom").rglob("*")].count(0) > 0
    (project / "on").touch()
    done = fanloom(given, "--json")
    assert "3 runs are taken from an evaluation that broke off" in done.stderr
    assert asked() == ["w0", "w1", "w2", "w3", "w3", "w4", "w5"]
    assert len(json.loads(done.stdout)["candidates"][0]["results"]) == 6
    # One that has ended leaves nothing, and the next begins anew.
    assert not (project / ".fanloom/evaluations").exists()
    assert "broke off" not in fanloom(given).stderr
    assert len(asked()) == 13


def test_one_that_broke_off_is_not_gone_on_with_where_it_is_to_begin_afresh(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(("one", "ONE")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fanloom.cli.commands.judging.unfinished._forget", lambda place: None)
        patch.setattr("fanloom.cli.commands.judging.unfinished.shutil.rmtree", lambda place: None)
        fanloom(given)
    assert "broke off" not in fanloom(given, "--fresh").stderr
    assert not (project / ".fanloom/evaluations").exists()


def test_an_evaluation_that_cannot_be_kept_says_so(project: Path, fanloom: Fanloom) -> None:
    (project / ".fanloom").write_text("a file where the folder would be")
    done = fanloom(written(project, words(("one", "ONE"))))
    assert done.exit_code == 0
    assert "Nothing is kept of this evaluation while it runs" in done.stderr


def test_the_folder_of_a_data_sets_environment_is_kept_too(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(("one", "ONE")), environment={"VOICE": "{folder}"})
    fanloom(given, "--out", str(project / "kept"))
    (result,) = (json.loads(line) for line in (project / "kept/loud/results.jsonl").read_text().splitlines())
    assert result["output"]["output"]["answer"] == f"{project / 'kept/loud/environment'}ONE"


def test_no_more_items_at_a_time_than_wanted(project: Path, fanloom: Fanloom) -> None:
    given = written(project, words(*[("one", "ONE")] * 30), concurrency=3)
    peaks = []
    for wanted in ([], ["--concurrency", "7"]):
        done = fanloom(given, *wanted)
        assert done.exit_code == 0, done.output
        module = __import__(os.environ["MODULE"])
        peaks.append(module.peak)
    assert peaks[0] <= 3
    assert 3 < peaks[1] <= 7


def test_what_is_chosen_for_an_item(project: Path, fanloom: Fanloom) -> None:
    items = [*words(("one", "ONE")), *words(("two", "TWO"), context={"model": "offline"})]
    given = written(project, items, context={"max_tasks": 3, "model": "openai:x"}, environment={"VOICE": "{folder}"})
    models = {}
    for args in ([], ["--model", "openai:y"]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("fanloom.cli.commands.judging.evaluated_graphs.chat_model", lambda model: model)
            done = fanloom(given, "--json", *args)
        results = json.loads(done.stdout)["candidates"][0]["results"]
        models[len(args)] = [next(iter(result["output"]["usage"]["by_model"])) for result in results]
        folders = [Path(result["output"]["answer"].removesuffix("ONE").removesuffix("TWO")) for result in results]
        assert all(folder.is_absolute() and folder.parent.parent.parent.name == "evaluations" for folder in folders)
        assert not any(folder.exists() for folder in folders)
    assert models == {0: ["openai:x", "offline"], 2: ["openai:y", "openai:y"]}
    assert "VOICE" not in os.environ


def test_evaluators_of_ones_own(project: Path, fanloom: Fanloom) -> None:
    given, module = written(project, words(("one", "ONE"), ("boom", "X"))), os.environ["MODULE"]
    done = fanloom(given, "--evaluator", f"{module}:half", "--evaluator", f"{module}:several", "--json")
    assert done.exit_code == 3, done.output
    figures = json.loads(done.stdout)["candidates"][0]["figures"]
    # The item that failed is 0 of 1 in each.
    assert figures["half"]["value"] == pytest.approx(0.25)
    assert figures["planned"]["value"] == pytest.approx(0.5)
    assert "sources" not in figures


@pytest.mark.parametrize(
    ("name", "said"), [("broken", "fails: KeyError: 'nowhere'"), ("odd", "must return a number from 0 to 1")]
)
def test_an_evaluator_that_fails_costs_the_item_not_the_run(
    project: Path, fanloom: Fanloom, name: str, said: str
) -> None:
    given, module = written(project, words(("one", "ONE"))), os.environ["MODULE"]
    done = fanloom(given, "--evaluator", f"{module}:{name}", "--json")
    assert done.exit_code == 1
    (result,) = json.loads(done.stdout)["candidates"][0]["results"]
    assert said in result["error"]
    assert result["output"]["answer"] == "ONE"


def test_progress_is_shown_on_a_terminal(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # By which Rich takes what it writes to for a terminal.
    monkeypatch.setenv("FORCE_COLOR", "1")
    data = read_dataset(Path(written(project, words(("one", "ONE")))))
    evaluation = Evaluation(Candidate("loud", "loud", None, None))  # type: ignore[arg-type]
    with progress("loud", data, evaluation, True) as done:
        done(ItemResult(1, ItemRun(error="no"), {}, []))
    assert "loud, 1 failed" in capsys.readouterr().err
    assert evaluation.failed()[0].number == 1


# What is shipped


def test_the_shipped_data_sets_are_large_enough() -> None:
    sizes = {path.stem: len(read_dataset(path).items) for path in SHIPPED}
    assert sizes.keys() == {"faq", "support_desk", "support_router"}
    assert sizes["support_router"] >= 90
    assert sizes["support_desk"] >= 60
    titles = {
        source["title"] for item in read_dataset(EVALS / "faq.jsonl").items.values() for source in item["sources"]
    }
    assert len(titles) >= 5


def test_every_expected_fact_stands_in_its_document() -> None:
    for item in read_dataset(EVALS / "faq.jsonl").items.values():
        contents = {source["title"]: source["content"] for source in item["sources"]}
        for fact in item["facts"]:
            assert support(fact["words"], [contents[fact["source"]]]) == 1, fact


def test_stems_are_the_same_with_pystemmer_and_without() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(EVALS.glob("*.jsonl")))
    words = sorted(set(re.findall(r"[^\W\d_]+", text.casefold())))
    assert len(words) > 2_000
    assert EnglishStemmer().stemWords(words) == Stemmer("english").stemWords(words)


FLOORS = {
    "faq": {"sentences supported": 0.95, "sources valid": 1, "facts told": 0.55, "told facts well sourced": 0.9},
    "support_desk": {"precision": 0.9, "recall": 0.9, "F1": 0.9, "all tasks right": 0.85},
    "support_router": {"accuracy": 0.9},
}


@pytest.mark.parametrize(
    "path", [slow(path) if path.stem == "support_router" else path for path in SHIPPED], ids=lambda path: path.stem
)
def test_the_understudies_on_the_shipped_data_sets(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "mine.db"
    monkeypatch.setenv("FANLOOM_DATABASE_URL", f"sqlite:///{database}")
    limit = ["--limit", "60"] if path.stem == "support_desk" else []
    done = CliRunner().invoke(cli, ["-C", str(ROOT), "eval", str(path), "--json", *limit])
    assert done.exit_code == 0, done.stderr
    (candidate,) = json.loads(done.stdout)["candidates"]
    assert candidate["models"] == ["offline"]
    found = {name: figure["value"] for name, figure in candidate["figures"].items()}
    print(path.stem, {name: round(value, 3) for name, value in found.items()})
    assert {name: floor for name, floor in FLOORS[path.stem].items() if found[name] < floor} == {}
    assert not database.exists()

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.refine import graph
from understudies.refine import evaluate, write_draft
from understudies.refine.criteria import rules_of
from understudies.refine.rules import joined, pieces_of, with_piece


def judge(draft: str, criteria: list[str]) -> list[Any]:
    judged = evaluate("", [{"number": "", "text": text} for text in criteria], draft)
    return [SimpleNamespace(**one) for one in judged["feedback"]]


LETTER = "Dear reader,\n\nthank you for your order of 3 bottles.\n\n- One\n- Two\n\nCall us today!"

# A criterion, a draft that meets it, and one that does not.
JUDGED = [
    ("At most 4 words", "one two three four", "one two three four five"),
    ("Under 4 words.", "one two three", "one two three four"),
    ("No more than 2 sentences", "One. Two.", "One. Two. Three."),
    ("Exactly three sentences", "One. Two. Three.", "One. Two."),
    ("in a single sentence", "One.", "One. Two."),
    ("between 2 and 3 words", "one two", "one"),
    ("2-3 words", "one two three", "one two three four"),
    ("More than 2 words", "one two three", "one two"),
    ("at least 10 characters", "1234567890", "123456789"),
    ("Under 280 characters", "x" * 279, "x" * 280),
    ("About 10 words", "w " * 11, "w " * 13),
    ("100-word limit", "w " * 100, "w " * 101),
    ("≤ 4 words", "one two three", "one two three four five"),
    ("Length: <4 words", "length one two", "length two three four"),
    (">= 2 bullets", "- a\n- b\n- c", "- a"),
    ("Limit it to 4 words", "one two three", "one two three four five"),
    ("One or two sentences", "One.", "One. Two. Three."),
    ("At most twenty-five words", "w " * 25, "w " * 26),
    ("At least one hundred and fifty words", "w " * 150, "w " * 149),
    ("Between one hundred and two hundred words", "w " * 150, "w " * 201),
    ("No exclamation marks and at most 3 words", "one two three", "one two three four"),
    ("Two paragraphs", "One.\n\nTwo.", "One. Two."),
    ("Exactly 2 bullet points", "- a\n- b", "- a\n- b\n- c"),
    ("Uses a bullet list", "Two:\n\n- a\n- b", "a, b"),
    ("No bullet points", "a, b", "- a\n- b"),
    ("Mentions the lifetime warranty", "A lifetime warranty is included.", "A warranty is included."),
    ("Mentions price and delivery", "Prices are low, deliveries fast.", "Prices are low."),
    ('Must include "Acme Ltd"', "From Acme Ltd.", "From Acme."),
    ("Must not mention the price", "It is blue.", "The price is low."),
    ("Does not use the word 'cheap'", "It is good value.", "It is cheap."),
    ('Mentions "->"', "a -> b", "a b"),
    ("MAX. 2 WORDS", "one two", "one two three"),
    ("Asks a question", "Ready?", "Ready."),
    ("Ends with a question", "It is here. Ready?", "Ready? It is here."),
    ("No questions", "Ready.", "Ready?"),
    ("Has a heading", "# Bottles\n\nThey hold water.", "They hold water."),
    ("Starts with a heading", "# Bottles\n\nThey hold water.", "They hold water.\n\n# Bottles\n\nMore."),
    ("Includes a call to action", "It is blue. Order yours today.", "It is blue."),
    ("Ends with a clear call to action", "It is blue. Order yours today.", "Order yours. It is blue."),
    ("No exclamation marks", "Great.", "Great!"),
    ("Under 6 words and mentions tea", "Tea is hot.", "Coffee is hot."),
    ("Compares heat pumps with gas boilers", "Heat pumps compare well to gas boilers.", "Heat is good."),
    ("Avoids jargon", "Plain words.", "This is jargon."),
]


@pytest.mark.parametrize(("criterion", "good", "bad"), JUDGED)
def test_a_criterion_is_told_from_the_draft(criterion: str, good: str, bad: str) -> None:
    (met,), (unmet,) = judge(good, [criterion]), judge(bad, [criterion])
    assert met.met, met.feedback
    assert not unmet.met, unmet.feedback
    assert "asked for" in unmet.feedback
    assert "asked for" not in met.feedback


UNJUDGED = [
    "Explains how insulation works",
    "Avoids jargon",
    "Be engaging",
    "Witty",
    "Friendly tone",
    "Formal",
    "!",
    # Of each part: what is counted in the whole says nothing of it.
    "No sentence longer than 20 words",
    "Each sentence has at most 20 words",
    "Fewer than 5 sentences per paragraph",
    "It does not have any paragraph of more than 50 words",
]


@pytest.mark.parametrize("criterion", UNJUDGED)
def test_what_no_rule_can_judge_is_said_to_be_so(criterion: str) -> None:
    assert not any(rule.measured for rule in rules_of(criterion))
    (found,) = judge("A text.", [criterion])
    assert "No rule can judge this" in found.feedback


@pytest.mark.parametrize(
    ("draft", "text", "place", "expected"),
    [
        ("A one.", "B two.", "", "A one. B two."),
        ("A one.", "B two.", "end", "A one.\n\nB two."),
        ("A one.", "# B", "start", "# B\n\nA one."),
        ("A one.", "- b", "", "A one.\n\n- b"),
        ("A:\n\n- a", "- b", "", "A:\n\n- a\n- b"),
        ("A one. B two.\n\nC three.", "B two.", "end", "A one.\n\nC three.\n\nB two."),
        ("", "A one.", "", "A one."),
    ],
)
def test_a_piece_is_added_where_it_belongs_and_stands_there_once(
    draft: str, text: str, place: str, expected: str
) -> None:
    assert with_piece(draft, text, place) == expected


def test_what_can_be_measured_is_told_in_figures() -> None:
    (found,) = judge(LETTER, ["At most 10 words"])
    assert found.feedback == "Words: 15; asked for: at most 10."


TASKS = [
    ("Write a product description for a steel bottle.", "a steel bottle"),
    ("Please write an email to customers about the delay", "the delay"),
    ("Explain how tides work. Use examples.", "how tides work"),
    ("Write about our app", "our app"),
    ("Write a note", "a note"),
    ("Fahrräder!", "Fahrräder"),
]


@pytest.mark.parametrize(("task", "subject"), TASKS)
def test_the_first_draft_is_about_the_task(task: str, subject: str) -> None:
    assert write_draft(task, []).startswith(f"The subject of this text: {subject}. ")


BOTTLE = "Write a product description for a water bottle"
LOOPS = [
    (BOTTLE, ["At most 60 words", "Mentions the lifetime warranty", "Ends with a call to action", "Friendly tone"]),
    (BOTTLE, ["Uses a bullet list", "Exactly 3 sentences", "Mentions the moon"]),
    (BOTTLE, ["Starts with a heading", "Ends with a question", "at least 120 words", "Must not mention steel"]),
    (BOTTLE, ["Under 100 characters", "Compares heat pumps with gas boilers"]),
    ("Write an email about the delay", ["Polite", "Two paragraphs", "No exclamation marks", "Asks a question"]),
    ("Schreibe über Fahrräder", ["Erwähnt die Bremsen", "höflich"]),
]


@pytest.mark.parametrize(("task", "criteria"), LOOPS)
def test_offline_the_loop_improves_until_all_is_met(task: str, criteria: list[str]) -> None:
    def run() -> dict[str, Any]:
        result: dict[str, Any] = graph.invoke({"task": task, "criteria": criteria}, context={"model": "offline"})
        return result

    result = run()
    met = [sum(one["met"] for one in entry["feedback"]) for entry in result["rounds"]]
    assert result["accepted"]
    assert 2 <= len(met) <= 3
    assert met == sorted(set(met))
    assert run() == result


def test_offline_what_cannot_be_met_ends_when_nothing_changes_any_more() -> None:
    given = {"task": "Write about our app", "criteria": ["Must not mention the app", "Has a heading"], "max_rounds": 9}
    result = graph.invoke(given, context={"model": "offline"})
    assert len(result["rounds"]) == 2
    assert result["usage"]["model_calls"] == 5
    assert not result["accepted"]
    assert [one["met"] for one in result["rounds"][-1]["feedback"]] == [False, True]


WORDS = st.sampled_from(
    ["One.", "two", "# Three", "- four", "5. five", "\n", "\n\n", "Six?", "!", "**seven**"]
) | st.text(max_size=9)


@given(st.lists(WORDS, max_size=20).map(" ".join))
def test_a_draft_that_is_taken_apart_keeps_its_words(draft: str) -> None:
    assert joined(pieces_of(draft)).split() == draft.split()


LONG = ["." * 100_000, "!" * 100_000, "\n" * 100_000 + "x", "# " * 50_000, "'" * 100_000, "**" * 50_000, " ." * 50_000]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("draft", LONG, ids=lambda text: repr(text[:2]))
def test_judging_takes_no_longer_than_reading(draft: str) -> None:
    every = [criterion for criterion, _, _ in JUDGED]
    assert len(judge(draft, every)) == len(every)


HOSTILE = [
    "between " * 250,
    "no " * 600,
    "1-" * 1_000,
    "'" * 2_000,
    "mention a," * 200,
    "start with a " * 150,
    "9" * 2_000,
    "twenty " * 280,
    "hundred and " * 160,
    "<= " * 600,
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("criterion", HOSTILE, ids=lambda text: repr(text[:8]))
def test_reading_a_criterion_takes_no_longer_than_it_is_long(criterion: str) -> None:
    assert rules_of(criterion)

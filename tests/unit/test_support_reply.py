"""A reply can neither hide nor invent, whatever the outcomes are and whatever the model writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fanloom import Outcome
from fanloom.runs.outcome import done, not_done
from fanloom.steps.prompt import escape
from nodes.support_desk.identifiers import normal
from nodes.support_desk.points import Point, points, template
from nodes.support_desk.reply_check import courteous, letter, letter_by_template, problems
from tests.support_points import letter_of, reply_with

DATA = Path(__file__).parents[1] / "data"
quick = settings(deadline=None, max_examples=50)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
# What breaks in prompts, in Markdown and in identifiers.
awkward = texts | st.sampled_from(
    ["&lt;b>", "<b>", "a.b", "http://x.y/z.", "x@y.zz,", "on Friday", "_A-1_", "**9**", '"']
)
digits = st.integers(10_000_000, 99_999_999).map(str)
dates = st.dates().map(lambda day: day.isoformat())
maybe = st.none() | st.sampled_from(["Swift Parcel", "Northern Freight"])

cases = st.fixed_dictionaries(
    {
        "case_id": digits.map("CASE-{}".format),
        "invoice_number": digits.map("INV-{}".format),
        "concern": awkward,
        "resolution_time": st.just("2 business days"),
        "due": dates,
        "already_open": st.booleans(),
    }
)
rmas = st.fixed_dictionaries(
    {
        "rma_number": digits.map("RMA-{}".format),
        "product_name": awkward,
        "already_open": st.booleans(),
        "shipping_instructions": digits.map("Write RMA-{} on it.".format),
    }
)
orders = st.fixed_dictionaries(
    {
        "order_id": digits.map("A-{}".format),
        "order_status": st.sampled_from(["processing", "shipped", "delayed", "delivered", "lost at sea"]),
        "carrier": maybe,
        "tracking_number": st.none() | digits.map("SP{}".format),
        "expected_delivery": st.none() | dates,
    }
)
RESULTS = {"BillingInquiry": cases, "ProductReturn": rmas, "StatusUpdate": orders, "Other": cases}
FIELDS = {"BillingInquiry": "invoice_number", "ProductReturn": "product_name", "StatusUpdate": "order_id"}
ERRORS = [("failed", "not_found"), ("failed", "database"), ("timed_out", "timeout"), ("skipped", "budget")]
ENDS = [*ERRORS, ("needs_input", "needs_input"), ("declined", "declined")]


def from_file(name: str) -> list[dict[str, str]]:
    """Return replies that were written before the check was, without a look at it."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@st.composite
def ended(draw: Any) -> tuple[dict[str, Any], Outcome]:
    worker = draw(st.sampled_from(sorted(RESULTS)))
    task_id = f"t{draw(st.integers(1, 10_000_000))}"
    field = FIELDS.get(worker, "summary")
    task = {"task_id": task_id, "type": worker, field: draw(awkward if worker == "Other" else st.none() | awkward)}
    if draw(st.booleans()):
        return task, done(task_id, worker, draw(RESULTS[worker]))
    status, kind = draw(st.sampled_from(ENDS))
    return task, not_done(task_id, worker, draw(awkward), status=status, kind=kind)


@st.composite
def some_points(draw: Any) -> list[Point]:
    pairs = draw(st.lists(ended(), max_size=4, unique_by=lambda pair: pair[0]["task_id"]))
    return points([task for task, _ in pairs], [outcome for _, outcome in pairs])


@quick
@given(some_points())
def test_the_template_always_passes(told: list[Point]) -> None:
    assert not told or problems(template(told), told) == []
    assert letter_by_template(told).startswith("Hello")


@quick
@given(some_points())
def test_a_model_that_copies_escaped_text_passes_too(told: list[Point]) -> None:
    assume(told)
    reply = template(told)
    copied = {**reply, "parts": [{**part, "text": escape(part["text"])} for part in reply["parts"]]}
    assert problems(copied, told) == []


@quick
@given(some_points(), st.data())
def test_a_reply_that_lost_a_fact_never_passes(told: list[Point], data: Any) -> None:
    facts = [(point["id"], word) for point in told for word in point["happened"].split() if any(map(str.isalnum, word))]
    assume(facts)
    where, fact = data.draw(st.sampled_from(facts))
    reply = template(told)
    for part in reply["parts"]:
        if part["id"] == where:
            part["text"] = " ".join(part["text"].split()).replace(fact, "or")
    assert problems(reply, told)


@quick
@given(some_points(), st.data())
def test_a_reply_that_lacks_or_doubles_a_part_never_passes(told: list[Point], data: Any) -> None:
    assume(told)
    reply = template(told)
    part = data.draw(st.sampled_from(reply["parts"]))
    assert problems({**reply, "parts": [one for one in reply["parts"] if one is not part]}, told)
    assert problems({**reply, "parts": [*reply["parts"], part]}, told)


@quick
@given(some_points(), st.data(), digits, st.sampled_from(["CASE-{}", "RMA-{}", "{}", "#{}", "SP{}", "+49 {}", "{}.00"]))
def test_a_reply_with_an_identifier_of_its_own_never_passes(
    told: list[Point], data: Any, number: str, form: str
) -> None:
    assume(number not in normal(str(told)))
    reply = template(told)
    spot = data.draw(st.sampled_from(["greeting", "closing", *range(len(told))]))
    if isinstance(spot, str):
        reply[spot] = f"{reply[spot]} {form.format(number)}"
    else:
        part = reply["parts"][spot]
        part["text"] = f"{form.format(number)}\n{part['text']}"
    assert any(number in wrong for wrong in problems(reply, told))


def order(number: str, tracking: str, when: str = "2026-11-24") -> Outcome:
    said = {"order_id": number, "order_status": "shipped", "carrier": "Swift Parcel", "tracking_number": tracking}
    return done(number, "StatusUpdate", {**said, "expected_delivery": when})


TWO = points(
    [{"task_id": name, "type": "StatusUpdate", "order_id": name} for name in ("A-1234", "A-12345")],
    [order("A-1234", "SP1"), order("A-12345", "SP22")],
)


def reply(first: str = "", closing: str = "Bye.") -> dict[str, Any]:
    made = template(TWO)
    made["parts"][0]["text"] = made["parts"][0]["text"] + first if not first.startswith("=") else first[1:]
    return {**made, "closing": closing}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (reply(), []),
        (reply(" Thank you for asking about **A-1234**."), []),
        (reply(closing="Thanks for your questions about A-12345 and _sp22_!"), []),
        (reply("= Here is the news on order A-1234: Order A-1234 has been shipped."), ["A-1234 has been shipped. The"]),
        (reply(" It comes in 2026, on the 24."), ["comes", "2026", "24"]),
        (reply(closing="Order A-12345 and sp22 are both on their way."), ["both", "way"]),
        (reply(" SP22"), ["SP22"]),
        (reply(" SP1\u20112"), ["1"]),
        (reply(" \u2460 Thank you."), ["1"]),
        (reply(closing="Bye on MONDAY."), ["MONDAY"]),
        (reply(closing="<a href=ftp://x.example>help</a>"), ["href=ftp://x.example"]),
        (reply(closing="Ask help@desk"), ["help@desk"]),
        (reply(closing="evil.example"), ["evil"]),
        (reply(closing="Thank you! " * 50), ["400 signs"]),
        (reply(closing="Thank\u200b you\u00ad."), []),
        (reply("?"), ["a sentence of its own"]),
        (reply("=We hope: " + TWO[0]["happened"]), ["a sentence of its own"]),
        (reply("=It is a pity that " + TWO[0]["happened"]), ["a sentence of its own"]),
        (reply(closing=" "), ["closing"]),
        (reply("= We know that an unexpected delay is annoying. " + TWO[0]["happened"] + " Once more, sorry!"), []),
        (reply("=We are sorry that order A-1234 was not what you expected. " + TWO[0]["happened"]), []),
        (reply(closing="Do get in touch with questions about your order, your return and A-1234. Yours, the team"), []),
        (reply(" At once."), ["once"]),
        (reply(" We contacted you."), ["contacted"]),
        (reply(" You get more."), ["get"]),
        (reply(" Thank you for the parcel."), ["parcel"]),
    ],
)
def test_what_may_stand_in_a_reply(said: dict[str, Any], wrong: list[str]) -> None:
    found = problems(said, TWO)
    assert bool(found) == bool(wrong)
    assert all(any(name in problem for problem in found) for name in wrong)


def test_what_happened_is_sent_as_code_wrote_it() -> None:
    made = reply("=Thank you. " + TWO[0]["happened"].replace("A-1234", "\uff21-\u200b1234") + " **Thanks** again!")
    assert problems(made, TWO) == []
    assert f"Thank you. {TWO[0]['happened']} Thanks again!" in letter(made, TWO)


@pytest.mark.parametrize(
    "said",
    [*from_file("false_replies"), *from_file("more_false_replies"), *from_file("outside_false_replies")],
    ids=lambda said: said["text"][:60],
)
def test_no_false_reply_is_sent(said: dict[str, str]) -> None:
    false, told = reply_with(said["at"], said["text"])
    assert problems(false, told)
    # It is refused, or sent without what is false: then nothing is left in it that is no courtesy.
    sent = courteous(false, told)
    assert sent is None or problems(sent, told) == []


def test_what_is_no_courtesy_is_left_out_and_what_has_a_figure_an_address_or_an_effect_is_refused() -> None:
    left, told = reply_with("status", "We know. Thank you for asking! {statement} The dog has it. Thanks again.")
    (status,) = [part["text"] for part in (courteous(left, told) or {})["parts"] if part["id"] == "status"]
    assert status == f"Thank you for asking! {told[2]['happened']} Thanks again."
    for bad in ("The dog has 2.", "The dog. It was cancelled.", "The dog: evil.example", "The dog sits at DOG", "狗"):
        assert courteous(*reply_with("closing", f"Kind regards. {bad}")) is None
    nothing, told = reply_with("greeting", "The dog has it.")
    assert (courteous(nothing, told) or {})["greeting"] == template(told)["greeting"]


def test_honest_letters_get_through() -> None:
    letters = [letter_of(said) for said in from_file("honest_letters")]
    sent = [reply for reply, told in letters if not problems(reply, told) or courteous(reply, told)]
    assert len(letters) >= 200
    assert len(sent) >= 0.95 * len(letters)


@pytest.mark.parametrize(("name", "least"), [("honest_replies", 60), ("more_honest_replies", 20)])
def test_honest_replies_are_sent(name: str, least: int) -> None:
    honest = from_file(name)
    sent = [said for said in honest if not problems(*reply_with(said["at"], said["text"]))]
    assert len(honest) >= least
    assert len(sent) >= 0.9 * len(honest)


def test_parts_stand_in_plan_order_under_titles_that_code_writes() -> None:
    made = template(TWO)
    text = letter({**made, "parts": made["parts"][::-1]}, TWO)
    assert text.index("**Order A-1234**") < text.index("SP1") < text.index("**Order A-12345**") < text.index("SP22")


def test_a_huge_reply_is_judged_in_no_time() -> None:
    for text in ("a" * 50_000, "a-" * 25_000, "a.a" * 15_000, "x@" * 25_000, "1 " * 25_000):
        assert isinstance(problems(reply(f" {text}"), TWO), list)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            order("A-1", "SP1"),
            "Order A-1 has been shipped. The carrier is Swift Parcel. The tracking number is SP1. The",
        ),
        (
            not_done("t", "StatusUpdate", "order A-9 was not found on your account", kind="not_found"),
            "Order A-9 was not found on your account. Please check how it is written and send it to us again.",
        ),
        (
            not_done("t", "ProductReturn", "", status="declined", kind="declined"),
            "A colleague has looked at the return of a lamp and declined it. If you see it differently",
        ),
        (
            not_done("t", "ProductReturn", "Too old.", status="declined", kind="declined"),
            "declined it: Too old. If you",
        ),
        (
            not_done("t", "StatusUpdate", "no tasks left", status="skipped", kind="budget"),
            "We have not got to these yet: order A-9. Please send them again in a message of their own.",
        ),
        (
            not_done("t", "BillingInquiry", "SELECT failed at 10.0.0.1", kind="database", retryable=True),
            "A technical problem kept us from taking care of invoice INV-9. We are sorry; please write",
        ),
    ],
)
def test_the_words_of_each_end(outcome: Outcome, told: str) -> None:
    task = {"task_id": outcome["task_id"], "type": outcome["worker"]}
    task |= {"order_id": "A-9", "invoice_number": "INV-9", "product_name": "a lamp"}
    text = letter_by_template(points([task], [outcome]))
    assert told in text
    assert "SELECT" not in text

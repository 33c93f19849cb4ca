"""Usage adds up, whatever the order in which a graph's reducer meets it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langgraph.channels import BinaryOperatorAggregate

from fanloom.runs.prices import cost_usd
from fanloom.runs.usage import METER, Meter, ModelUsage, Usage, add_usage, is_counted, meter, no_usage, usage_of

COUNTS = ["model_calls", "input_tokens", "output_tokens", "cached_tokens"]
TOKENS = st.integers(0, 1_000_000)
# Costs that are exact in binary, so that the order in which they are added does not matter.
COSTS = st.one_of(st.none(), st.integers(0, 1 << 20).map(lambda n: n / 1024))
ANSWERS = st.tuples(
    st.sampled_from(["offline", "a:b", "c:d"]),
    st.sampled_from(["plan", "answer"]),
    st.builds(
        ModelUsage,
        model_calls=st.just(1),
        input_tokens=TOKENS,
        output_tokens=TOKENS,
        cached_tokens=TOKENS,
        cost_usd=COSTS,
    ),
)


def metered(answers: list[tuple[str, str, ModelUsage]]) -> Usage:
    counted = Meter()
    for answer in answers:
        counted.record(*answer)
    return counted.usage


USAGES = st.lists(ANSWERS, max_size=4).map(metered)


@given(USAGES, USAGES, USAGES)
def test_order_and_grouping_do_not_matter(a: Usage, b: Usage, c: Usage) -> None:
    assert add_usage(a, b) == add_usage(b, a)
    assert add_usage(add_usage(a, b), c) == add_usage(a, add_usage(b, c))


@given(USAGES)
def test_nothing_adds_nothing(a: Usage) -> None:
    for nothing in (None, {}, no_usage()):
        assert add_usage(nothing, a) == add_usage(a, nothing) == a  # type: ignore[arg-type]


@given(USAGES, USAGES)
def test_what_is_added_is_not_touched(a: Usage, b: Usage) -> None:
    before = repr((a, b))
    together = add_usage(a, b)
    together["by_model"]["new"] = together["by_step"]["new"] = ModelUsage(
        **dict.fromkeys(ModelUsage.__annotations__, 9)
    )  # type: ignore[typeddict-item]
    assert repr((a, b)) == before


@given(st.lists(USAGES, max_size=5))
def test_models_and_steps_each_sum_up_to_the_whole(usages: list[Usage]) -> None:
    whole = no_usage()
    for usage in usages:
        whole = add_usage(whole, usage)
    for parts in (whole["by_model"].values(), whole["by_step"].values()):
        for count in COUNTS:
            assert whole[count] == sum(part[count] for part in parts) >= 0  # type: ignore[literal-required]
        costs = [part["cost_usd"] for part in parts]
        assert whole["cost_usd"] == (None if None in costs else sum(cost or 0 for cost in costs))


@given(st.lists(USAGES, max_size=4), st.lists(USAGES, max_size=4))
def test_a_channel_adds_up_over_supersteps(first: list[Usage], second: list[Usage]) -> None:
    channel: Any = BinaryOperatorAggregate(Usage, add_usage).from_checkpoint({})
    for writes in (first, second):
        channel.update(writes)
        channel = channel.from_checkpoint(channel.checkpoint())
    expected = no_usage()
    for usage in first + second:
        expected = add_usage(expected, usage)
    assert (channel.get() or no_usage()) == expected


def test_a_state_from_before_steps_were_counted_goes_on() -> None:
    old: Any = {name: value for name, value in no_usage().items() if name != "by_step"}
    assert add_usage(old, no_usage()) == no_usage()


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}, (100, 20, 0)),
        (
            {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "input_token_details": {"cache_read": 60}},
            (100, 20, 60),
        ),
    ],
)
def test_an_answer_is_counted_as_its_provider_counts_it(metadata: Any, expected: tuple[int, int, int]) -> None:
    used = usage_of("google_genai:gemini-2.5-flash", AIMessage("", usage_metadata=metadata))
    assert (used["input_tokens"], used["output_tokens"], used["cached_tokens"]) == expected
    assert used["model_calls"] == 1
    assert used["cost_usd"] == cost_usd("google_genai:gemini-2.5-flash", *expected)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (None, (7, 3)),
        ({"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}, (7, 3)),
        ({"input_tokens": 20, "output_tokens": 0, "total_tokens": 20}, (20, 3)),
        ({"input_tokens": 0, "output_tokens": 9, "total_tokens": 9}, (7, 9)),
    ],
)
def test_what_no_provider_has_counted_is_estimated_and_its_cost_is_unknown(
    metadata: Any, expected: tuple[int, int]
) -> None:
    message = AIMessage("Yes, it is.", usage_metadata=metadata)
    used = usage_of("google_genai:gemini-2.5-flash", message, prompt_tokens=7)
    assert not is_counted(message)
    assert (used["input_tokens"], used["output_tokens"], used["cost_usd"]) == (*expected, None)
    assert usage_of("offline", message)["cost_usd"] == 0


@pytest.mark.parametrize(
    "written",
    [
        {"cache_creation": 1000},
        {"cache_creation": 0, "ephemeral_5m_input_tokens": 1000},
        {"cache_creation": 0, "ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
    ],
)
def test_what_was_written_to_the_cache_is_priced_as_such(written: Any) -> None:
    model = "bedrock_converse:us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    metadata: Any = {"input_tokens": 1500, "output_tokens": 9, "total_tokens": 1509, "input_token_details": written}
    used = usage_of(model, AIMessage("", usage_metadata=metadata))
    assert used["cost_usd"] == cost_usd(model, 1500, 9, 0, 1000) > cost_usd(model, 1500, 9)  # type: ignore[operator]


def test_an_unknown_cost_makes_the_sum_unknown() -> None:
    priced = metered([("offline", "s", ModelUsage(**dict.fromkeys(COUNTS, 1), cost_usd=1.0))])
    unpriced = metered([("x:y", "s", ModelUsage(**dict.fromkeys(COUNTS, 1), cost_usd=None))])
    both = add_usage(priced, unpriced)
    assert both["cost_usd"] is None
    assert both["by_model"]["offline"]["cost_usd"] == 1.0


def test_a_node_has_a_meter_of_its_own() -> None:
    meter().record("offline", "s", ModelUsage(**dict.fromkeys(COUNTS, 1), cost_usd=0.0))
    assert meter().usage == no_usage()
    mine = Meter()
    token = METER.set(mine)
    meter().attempted(3)
    meter().attempted(2)
    METER.reset(token)
    assert mine.attempts == 3

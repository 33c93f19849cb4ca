# ruff: noqa: RUF001 - dashes of every kind are what is tested
"""Identifiers and product names: when two are the same, and whether a text holds one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.support_desk.identifiers import identifiers_in, mentions, mentions_product, normal


@pytest.mark.parametrize(
    "written", ["#INV-7890", "inv-7890", "INV 7890", "inv_7890", "INV‑7890", "Inv – 7890", "ＩＮＶ－７８９０"]
)
def test_one_identifier_however_it_is_written(written: str) -> None:
    assert normal(written) == "INV7890"
    assert mentions(f"It is about {written}.", "INV-7890")
    assert mentions("It is about INV-7890.", written)


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("where is inv-7890?", "INV-7890"),
        ("invoice 7890", "7890"),
        ("invoice no. INV 7890", "INV-7890"),
        ("(#inv7890)", "INV-7890"),
        ("order-12345", "12345"),
        ("A-12345—where is it", "A-12345"),
        ("invoice—INV-7890", "INV-7890"),
        ("INV-2024-0012", "INV20240012"),
        ("INV-78901 and INV-7890", "INV-7890"),
        ("INV-7890, INV-7891", "INV-7891"),
    ],
)
def test_what_stands_in_a_text(query: str, identifier: str) -> None:
    assert mentions(query, identifier)
    assert normal(identifier) in map(normal, identifiers_in(query))


@pytest.mark.parametrize(
    ("query", "identifier"),
    [
        ("INV-78901", "INV-7890"),
        ("XINV-7890", "INV-7890"),
        ("INV-7890-2", "INV-7890"),
        ("INV-7890B", "INV-7890"),
        ("INV-7890", "7890"),
        ("X-INV-7890", "INV-7890"),
        ("invoice 7890", "INV-7890"),
        ("anything", ""),
        ("anything #-", "#-"),
        ("1" * 65, "1" * 65),
    ],
)
def test_what_does_not_stand_in_a_text(query: str, identifier: str) -> None:
    assert not mentions(query, identifier)


@given(st.from_regex(r"[A-Z]{1,4}-[0-9]{1,8}", fullmatch=True), st.text(max_size=50))
def test_an_identifier_stands_among_any_words(identifier: str, text: str) -> None:
    assert mentions(f"{text} , {identifier} , {text}", identifier)
    mentions(text, identifier)
    mentions(identifier, text)


@pytest.mark.parametrize("name", ["SuperWidget 5000", "super widget 5000", "superwidget-5000s", "'SuperWidget5000'"])
@pytest.mark.parametrize("query", ["My SuperWidget 5000 broke", "two super widget 5000s", "SUPERWIDGET-5000!"])
def test_a_product_however_it_is_written(query: str, name: str) -> None:
    assert mentions_product(query, name)


@pytest.mark.parametrize(
    ("query", "name"),
    [("my kettle", "Blue Kettle"), ("SuperWidget 500", "SuperWidget 5000"), ("a kettle", ""), ("a kettle", "'-'")],
)
def test_a_product_of_which_a_word_is_missing(query: str, name: str) -> None:
    assert not mentions_product(query, name)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["A-", "1-1", "A 1", " ", "INV-7890x ", "inv-"])
def test_the_longest_text_takes_linear_time(part: str) -> None:
    text = part * (200_000 // len(part))
    assert not mentions(text, "A-1111111111-1111111111")
    assert not mentions_product(text, "No such thing")


def test_what_may_be_an_identifier_is_listed_as_it_is_written() -> None:
    found = list(identifiers_in("Hello, invoice no. INV 7890 and order-12345, RMA-XYZ; call 030 123 456. Thanks!"))
    assert {"INV 7890", "12345", "RMA-XYZ", "030 123 456"} <= set(found)
    assert not {"Hello", "Thanks", "order", "and"} & set(found)
    assert list(identifiers_in("My last bill is too high!")) == []


@given(st.from_regex(r"\A[A-Z]{1,4}[-_ ]?[0-9]{2,9}\Z"), st.sampled_from(["Where is {}?", "{}, please", "#{} (late)"]))
def test_whatever_a_customer_writes_is_listed(identifier: str, sentence: str) -> None:
    query = sentence.format(identifier)
    assert normal(identifier) in map(normal, identifiers_in(query))
    assert all(mentions(query, found) for found in identifiers_in(query))

"""Find the identifiers in a message, and tell which are invoices and which orders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from nodes.support.clauses import Message
from nodes.support.identifiers import mentions
from nodes.support.vocabulary import listed

Kind: TypeAlias = Literal["invoice", "order", "unknown", "other"]

_NEAR = 48  # signs before an identifier that can say what it is
_LONGEST = 40

_IDENTIFIER = re.compile(
    r"(?<![\w@./$€£-])#?("
    r"(?:inv|invoice|ord|order|bill|po|so)[-_/]\d[a-z0-9]{0,15}(?:[-_/][a-z0-9]{1,12}){0,3}|"
    r"(?:inv|ord)[. ]{0,2}#?\d{1,15}(?:[-/]\d{1,12}){0,2}|"
    r"[a-z]{1,6}[-_](?=[a-z]{0,4}\d)[a-z0-9]{1,16}(?:[-_/][a-z0-9]{1,12}){0,3}|"
    r"[a-z](?: (?=\d{4}))\d{4,12}|"
    r"[a-z]{1,6}\d{2,15}(?:[-_/][a-z0-9]{1,12}){0,3}|"
    r"\d{1,15}(?:[-/][a-z0-9]{1,12}){0,3}"
    r")(?![\w@]|[.,]\d|[-_]\w)"
)
_NOUNS: dict[str, Kind] = {
    **dict.fromkeys(listed("invoice invoices inv bill bills billing"), "invoice"),
    **dict.fromkeys(
        listed(
            "order orders ord parcel parcels package packages packet packets shipment shipments delivery deliveries "
            "consignment consignments"
        ),
        "order",
    ),
    "tracking": "unknown",
    **dict.fromkeys(
        listed(
            "customer account phone tel telephone mobile fax case ticket rma serial model postcode zip card "
            "iban vat client member membership sku room flat street"
        ),
        "other",
    ),
}
_NOUN = "|".join(sorted(_NOUNS, key=len, reverse=True))
_LABELLED = re.compile(
    rf"(?<![\w-])(?P<noun>{_NOUN})(?P<label>(?:\s*[.:#(=,'\"\-\u2013]|\s+(?:with|has|having|had|the|a|"
    rf"an|its|whose|my|our|as|on|under|"
    r"number|numbers|no|nr|num|nos|nrs|id|ids|ref|reference|code|is|are|was|were|called|not|it's|its|that is|namely)"
    r"(?![\w]))*)\s*#?$"
)
_AFTERWARDS = re.compile(r" ?\)? ?(invoice|order|bill|parcel|package|shipment|delivery)(?!\w)")
_LISTED = re.compile(r"(?:\s|,|&|/|\+|;|#|'|\"|and|or|as well as|also|then|no|number)*$")
_MEASURE = re.compile(
    r"\s*(?:%|€|\$|£|:\d|(?:eur|euros?|usd|gbp|dollars?|pounds?|bucks|cents?|percent|times|x|pieces?|"
    r"pcs|units?|days?|weeks?|"
    r"months?|years?|hours?|minutes?|am|pm|kg|cm|mm|inch|inches|watts?|volts?|st|nd|rd|th|january|"
    r"february|march|april|"
    r"may|june|july|august|september|october|november|december)(?!\w))"
)
_PREFIXES: dict[str, Kind] = {
    **dict.fromkeys(listed("inv invoice bill"), "invoice"),
    **dict.fromkeys(listed("ord order po so"), "order"),
    **dict.fromkeys(listed("rma case cust ticket tel covid mp usb mk vat"), "other"),
}
_PREFIX = re.compile(r"[a-z]*")
_LETTER_FIRST = re.compile(r"[a-z][-_ ]?\d{1,12}$")


class Reference(NamedTuple):
    """An identifier as the customer wrote it, without the #; `labelled` if a noun before or after says what it is."""

    kind: Kind
    text: str
    start: int
    end: int
    labelled: bool


def references(message: Message) -> list[Reference]:
    """Return the identifiers of a message in order, each once for each place."""
    return list(_found(message))


def _found(message: Message) -> Iterator[Reference]:
    before: Reference | None = None
    for found in _IDENTIFIER.finditer(message.plain):
        start, end = found.span(1)
        text = message.text[start:end]
        kind, labelled = _kind(message.plain, found, before)
        if kind is None or end - start > _LONGEST:
            continue
        # As strict about what stands alone as the check that each plan goes through.
        around = message.text[max(0, start - _NEAR) : end + 2]
        if not mentions(around, text):
            continue
        before = Reference(kind, text, start, end, labelled)
        yield before


def _kind(plain: str, found: re.Match[str], before: Reference | None) -> tuple[Kind | None, bool]:
    end = found.end(1)
    near = plain[max(0, found.start() - _NEAR) : found.start()]
    prefix = _PREFIX.match(found[1])
    known = _PREFIXES.get(prefix[0] if prefix else "")
    bare = found[1][0].isdigit()
    if known:
        return known, True
    named = _LABELLED.search(near)
    if named and not (bare and _is_amount(plain, found, named["label"])):
        return _NOUNS[named["noun"]], True
    after = _AFTERWARDS.match(plain, end)
    if after and (not bare or found[0][0] == "#"):
        return _NOUNS[after[1]], True
    if before and _goes_on(plain, found, before, prefix[0] if prefix else ""):
        return before.kind, before.labelled
    if bare:
        return ("unknown" if _may_be_number(plain, found) else None), False
    return ("order" if _LETTER_FIRST.match(found[1]) else "unknown"), False


def _goes_on(plain: str, found: re.Match[str], before: Reference, prefix: str) -> bool:
    """Tell that an identifier goes on a list: "invoices 7890, 7891 and 7892"."""
    alike = not prefix or before.text.lower().startswith(prefix)
    near = found.start() - before.end <= 16
    return (
        alike
        and near
        and bool(_LISTED.match(plain[before.end : found.start()]))
        and not _MEASURE.match(plain, found.end(1))
    )


def _is_amount(plain: str, found: re.Match[str], label: str) -> bool:
    """Tell an amount from a number: the digits in "order 2 lamps" are no order's."""
    said = "#" in found[0] or any(word in label for word in ("no", "nr", "num", "id", "ref", "code", "#"))
    return (
        bool(_MEASURE.match(plain, found.end())) or ("/" in found[1] and not said) or (len(found[1]) < 3 and not said)
    )


def _may_be_number(plain: str, found: re.Match[str]) -> bool:
    digits = found[1]
    if _MEASURE.match(plain, found.end()) or not digits.isdigit():
        return False
    return found[0][0] == "#" or (len(digits) >= 5)

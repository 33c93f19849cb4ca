"""Find the identifiers in a message, and tell which are invoices and which orders."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from nodes.support_desk.identifiers import mentions
from understudies.support_desk.clauses import Message

Kind: TypeAlias = Literal["invoice", "order", "unknown", "other"]

_NEAR = 48  # signs before an identifier that can say what it is
_LONGEST = 40
_SHORTEST_NUMBER = 5  # digits of what nothing calls a number
_SHORTEST_LABELLED = 3

_IDENTIFIER = re.compile(
    r"(?<![\w@./$€£-])#?((?:(?:inv|ord)[. ]{0,2}#?\d{1,15}|[a-z]{1,7}[-_/](?=[a-z]{0,4}\d)[a-z0-9]{1,16}|"
    r"[a-z] \d{4,12}|[a-z]{1,6}\d{2,15}|\d{1,15})(?:[-_/][a-z0-9]{1,12}){0,3})(?![\w@]|[.,]\d|[-_]\w)"
)
_NOUNS: dict[Kind, str] = {
    "invoice": "invoices?|inv|bills?|billing",
    "order": "orders?|ord|parcels?|packages?|packets?|shipments?|deliver(?:y|ies)|consignments?",
    "other": "customer|account|phone|tel|telephone|mobile|fax|case|ticket|rma|serial|model|postcode|zip|card|iban|vat|"
    "client|membership|sku|room|flat|street",
    "unknown": "tracking",
}
_LABELLED = re.compile(
    rf"(?<![\w-])(?:{'|'.join(f'(?P<{kind}>{nouns})' for kind, nouns in _NOUNS.items())})"
    r"(?P<label>(?:\s*[.:#(=,'\"\-\u2013]|\s+(?:with|has|having|the|a|an|its|whose|my|our|as|on|under|numbers?|no|nr|num|"
    r"nos|ids?|ref|reference|code|is|are|was|were|called|not|it's|namely)(?!\w))*)\s*#?$"
)
_LISTED = re.compile(r"(?:\s|,|&|/|\+|;|#|'|\"|and|or|as well as|also|then|no|number){0,16}")
_PREFIXES: dict[str, Kind] = {
    **dict.fromkeys(("inv", "invoice", "bill"), "invoice"),
    **dict.fromkeys(("ord", "order", "po", "so"), "order"),
    **dict.fromkeys(("rma", "case", "cust", "ticket", "tel", "covid", "mp", "usb", "mk", "vat"), "other"),
}
_PREFIX = re.compile(r"[a-z]*")
_LETTER_FIRST = re.compile(r"[a-z][-_ ]?\d{1,12}$")


class Reference(NamedTuple):
    """An identifier as the customer wrote it, without the #, and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int


def references(message: Message) -> list[Reference]:
    """Return the identifiers of a message in order, each once for each place."""
    return list(_found(message))


def _found(message: Message) -> Iterator[Reference]:
    before: Reference | None = None
    for found in _IDENTIFIER.finditer(message.plain):
        start, end = found.span(1)
        text, kind = message.text[start:end], _kind(message.plain, found, before)
        # As strict about what stands alone as the check that each plan goes through.
        if kind and end - start <= _LONGEST and mentions(message.text[max(0, start - _NEAR) : end + 2], text):
            before = Reference(kind, text, start, end)
            yield before


def _kind(plain: str, found: re.Match[str], before: Reference | None) -> Kind | None:
    """Tell what an identifier names by its prefix, the noun before it, the list it goes on, or its form."""
    prefix = _PREFIX.match(found[1])
    if prefix and prefix[0] in _PREFIXES:
        return _PREFIXES[prefix[0]]
    number = found[1][0].isdigit()
    named = _LABELLED.search(plain[max(0, found.start() - _NEAR) : found.start()])
    if named and (len(found[1]) >= _SHORTEST_LABELLED or re.search(r"n[or]|num|id|ref|#", named["label"])):
        return next(kind for kind in _NOUNS if named[kind])
    alike = before and (not prefix or before.text.lower().startswith(prefix[0]))
    if before and alike and _LISTED.fullmatch(plain, before.end, found.start()):
        return before.kind
    if number:
        return "unknown" if found[0][0] == "#" or (found[1].isdigit() and len(found[1]) >= _SHORTEST_NUMBER) else None
    return "order" if _LETTER_FIRST.match(found[1]) else "unknown"

"""Find the customer's concern with one invoice, in the customer's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nodes.support import requests
from nodes.support.clauses import Clause, Message, read
from nodes.support.identifiers import mentions
from nodes.support.references import references
from nodes.support.vocabulary import listed
from nodes.support.wishes import Wish, wishes

NO_CONCERN = "General question about the invoice."
_LONGEST_CONCERN = 1_000
_TRAILING = re.compile(r"(?:,\s|\s)(?:and|but|also|plus)$", re.IGNORECASE)
_NAMES = re.compile(r"\S*\d\S*")
_PAPER = listed("invoice invoices inv bill bills number no received got it's recently yesterday last week month sent")


def extract_concern(query: str, invoice_number: str) -> str:
    """Return what the customer says about one invoice, in the customer's words, or that it is a general question."""
    message = read(query)
    wanted = wishes(message, references(message))
    for wish in wanted:
        if wish.kind == "billing" and (said := _concern(message, wish, invoice_number)):
            return said
    return NO_CONCERN


def _concern(message: Message, wish: Wish, invoice_number: str) -> str | None:
    """Return what a wish says about an invoice: in the words beside its number, or in the sentences that follow."""
    about = [clause for clause in wish.clauses if mentions(message.text[clause.start : clause.end], invoice_number)]
    if wish.references and not about:
        return None
    own = _parts_about(wish, about[0]) if about else wish.clauses
    if any(_says_why(message, clause) for clause in own):
        return _sentence(message, own[0].start, own[-1].end)
    after = [clause for clause in [*wish.clauses, *wish.after] if clause.start >= own[-1].end]
    return _following(message, after) or _following(message, wish.before[::-1])


def _parts_about(wish: Wish, first: Clause) -> list[Clause]:
    """Return the clauses from one that names an invoice to the next that names another."""
    rest = wish.clauses[wish.clauses.index(first) :]
    starts = [one.start for one in wish.references if one.kind == "invoice" and one.start > first.end]
    return [clause for clause in rest if clause.sentence == first.sentence and not (starts and clause.end > starts[0])]


def _following(message: Message, clauses: Sequence[Clause]) -> str | None:
    """Return the first sentence of the clauses that says something."""
    for at, clause in enumerate(clauses):
        if _says_why(message, clause) and not requests.is_greeting(message.plain[clause.start : clause.end]):
            same = [one for one in clauses[at:] if one.sentence == clause.sentence]
            return _sentence(message, min(one.start for one in same), max(one.end for one in same))
    return None


def _says_why(message: Message, clause: Clause) -> bool:
    plain = _NAMES.sub(" ", message.plain[clause.start : clause.end])
    return "wrong" in plain or bool(set(requests.content(plain)) - _PAPER)


def _sentence(message: Message, start: int, end: int) -> str:
    # What joins it to the next wish is no part of it.
    end = start + len(_TRAILING.sub("", message.text[start:end]))
    stop = message.text[end : end + 1]
    return " ".join(message.text[start:end].split())[:_LONGEST_CONCERN] + (stop if stop in (".", "!", "?") else "")

"""Find the customer's concern with one invoice, in the customer's own words."""

import re
from collections.abc import Sequence

from nodes.support_desk.identifiers import mentions
from understudies.support_desk import requests
from understudies.support_desk.clauses import Clause, Message, read
from understudies.support_desk.references import references
from understudies.support_desk.wishes import Wish, wishes

NO_CONCERN = "General question about the invoice."
_LONGEST = 1_000
_TRAILING = re.compile(r"(?:,\s|\s)(?:and|but|also|plus)$", re.IGNORECASE)
_NAMES = re.compile(r"\S*\d\S*")
_PAPER = {"invoice", "invoices", "inv", "bill", "bills", "number", "received", "got", "recently", "yesterday", "month"}


def extract_concern(query: str, invoice_number: str) -> str:
    """Return what the customer says about one invoice, in the customer's words, or that it is a general question."""
    message = read(query)
    billing = (wish for wish in wishes(message, references(message)) if wish.kind == "billing")
    said = (_concern(message, wish, invoice_number) for wish in billing)
    return next(filter(None, said), NO_CONCERN)


def _concern(message: Message, wish: Wish, invoice_number: str) -> str | None:
    """Return what a wish says about an invoice: in the words beside its number, or in the sentences around."""
    about = [clause for clause in wish.clauses if mentions(message.text[clause.start : clause.end], invoice_number)]
    if wish.references and not about:
        return None
    first = about[0] if about else wish.clauses[0]
    others = [one.start for one in wish.references if one.kind == "invoice" and one.start > first.end]
    own = [one for one in wish.clauses if first.start <= one.start and one.end <= min(others, default=wish.end)]
    for clause in [*own, *wish.after, *reversed(wish.before)]:
        plain = _NAMES.sub(" ", message.of(clause))
        says_why = "wrong" in plain or not _PAPER.issuperset(requests.content(plain))
        if says_why and not requests.GREETING.match(message.of(clause)):
            group = own if clause in own else [*wish.before, *wish.after]
            return _sentence(message, [one for one in group if one.sentence == clause.sentence])
    return None


def _sentence(message: Message, clauses: Sequence[Clause]) -> str:
    """Return the clauses as they are written, without what joins them to the next wish."""
    start, end = clauses[0].start, clauses[-1].end
    end = start + len(_TRAILING.sub("", message.text[start:end]))
    stop = message.text[end : end + 1]
    return " ".join(message.text[start:end].split())[:_LONGEST] + (stop if stop in (".", "!", "?") else "")

"""Find why a product goes back, in the customer's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nodes.support import requests
from nodes.support.clauses import Clause, Message
from nodes.support.products import Product
from nodes.support.vocabulary import listed
from nodes.support.wishes import Wish

_LONGEST = 500
_NEAR = 3  # clauses of the context that are looked at

_EVIDENCE = re.compile(
    r"\b(?:not|never|no longer|without|too|wrong|broke\w*|faulty|defective|damaged|crack\w*|"
    r"scratch\w*|torn|missing|leak\w*|smell\w*|rattl\w*|"
    r"wobbl\w*|flicker\w*|collaps\w*|burn\w*|dies|died|dead|creak\w*|sinks?|pills|fail\w*|overheat\w*|stopp\w+|stops|keeps?|"
    r"hates?|hated|dislikes?|mistake|duplicate|twice|"
    r"changed my mind|mind|gift|unhappy|disappoint\w*|useless|loud|noisy|small|big|tight|loose|short|"
    r"long|heavy|expensive|cheaper|better|"
    r"incompatible|unsuitable|doesnt|dont|isnt|wont|cant|didnt|arrived|came|went|poor|bad|ugly|noise|"
    r"stuck|slow|hurts?|squeak\w*|crash\w*|explod\w*|"
    r"shrank|faded|jam\w*|buzz\w*|drip\w*|rip\w*|half|expected|described|advertised|different|"
    r"allerg\w*|unwanted|fell|falls|makes?|is|are|was|were|has|lets?|unfortunately|let)\b|n't\b"
)
_VERBLESS = re.compile(
    r"^(?:too|wrong|broken|faulty|defective|damaged|not|no|never|won't|doesn't|don't|didn't|isn't|"
    r"dead|it|its|they|incompatible|bad|poor|half)\b"
)
# In the wish itself: "return the lamp, it hums".
_OF_ITSELF = re.compile(r"(?:it|they)\s+[a-z]+")
_OPENING = re.compile(
    r"^[\s,;:()\-\u2013]*(?:(?:and|so|but|which|that|who|because|since|the reason is|"
    r"reason(?: for (?:the )?return)?)\b[\s:,]*)*",
    re.I,
)
_CLOSING = re.compile(r"(?:[\s.,;:!?()\-\u2013]|(?<=\s)(?:so|and|but|then|also|plus|for|the|my|our)(?!\w))+$", re.I)
_MARKED = re.compile(r"(?:\(|\s[-\u2013:=]+|:|\u2014)\s*$")
_BOUGHT = listed("bought purchased ordered received got yesterday week month ago")
_ONLY_MONEY = re.compile(r"\b(?:refund|money|back|return\w*|send|exchange|replacement|label|policy)\b")


def reason_for(message: Message, wish: Wish, product: Product | None, until: int) -> str | None:
    """Return the reason for the return of a product; `until` is where the wish's next product begins."""
    start = product.start if product else wish.start
    near = [clause for clause in wish.clauses if start < clause.end and clause.start < until]
    rest = [clause for clause in wish.clauses if clause not in near]
    told = next((text for text in _told(message, wish, product, near, rest, until) if text), None)
    return told[:_LONGEST] if told else (product.condition if product else None)


def _told(
    message: Message,
    wish: Wish,
    product: Product | None,
    near: Sequence[Clause],
    rest: Sequence[Clause],
    until: int,
) -> Iterator[str | None]:
    """Yield what may be the reason, the likeliest first."""
    yield _explicit(message, near, until)
    yield _behind(message, product, near)
    yield _stated(message, [clause for clause in near if not (product and clause.start <= product.start < clause.end)])
    yield _explicit(message, rest)
    yield _stated(message, [clause for clause in rest if clause is not wish.clauses[0]])
    inside = [clause for clause in wish.before if product and clause.start <= product.start < clause.end]
    yield _stated(message, inside, spoken=True)
    if wish.before and wish.before[-1].sentence == wish.clauses[0].sentence:
        yield _explicit(message, wish.before[-_NEAR:]) or _stated(message, wish.before[-_NEAR:], spoken=True)
    after = [clause for clause in wish.after if clause.sentence - wish.sentence <= _NEAR]
    yield _explicit(message, after) or _stated(message, _about(message, after, product), spoken=True)
    yield _explicit(message, wish.before[-_NEAR:])
    yield _stated(message, wish.before[-_NEAR:], spoken=True)
    yield _predicate(message, product, inside)


def _predicate(message: Message, product: Product | None, inside: Sequence[Clause]) -> str | None:
    """Return the clause that says anything at all about the product, but that it was bought."""
    for clause in inside:
        said = requests.content(message.plain[product.end if product else clause.start : clause.end])
        if said and not _BOUGHT.intersection(said):
            return _clean(message, clause.start, _last(message, inside[inside.index(clause) :]).end)
    return None


def _about(message: Message, clauses: Sequence[Clause], product: Product | None) -> list[Clause]:
    """Prefer the sentences that name the product, when another product has its own."""
    words = [word for word in product.name.lower().split() if len(word) > 3] if product else []
    naming = [any(word in message.plain[clause.start : clause.end] for word in words) for clause in clauses]
    return list(clauses[naming.index(True) :] if any(naming) else clauses)


def _explicit(message: Message, clauses: Sequence[Clause], until: int | None = None) -> str | None:
    """Return what follows because, since, as or due to, as far as the next product."""
    for at, clause in enumerate(clauses):
        if clause.reason is not None and clause.reason < clause.end:
            end = _last(message, clauses[at:]).end
            return _clean(message, clause.reason, min(end, until or end))
    return None


def _behind(message: Message, product: Product | None, clauses: Sequence[Clause]) -> str | None:
    """Return what the product's own clause says after its name: "headphones I no longer want"."""
    for clause in clauses:
        if product and clause.start <= product.start < clause.end:
            tail = message.plain[product.end : clause.end]
            verb = re.search(
                r"\b(?:i|we) (?:no longer|don't|do not|never|can't|didn't)\b|\b(?:it's|its|they're|"
                r"it is|it|they|that|which|too|arrived|came|broke|is|are|was|were|"
                r"doesn't|does not|don't|isn't|won't|keeps|has|have)\b",
                tail,
            )
            if verb and _EVIDENCE.search(tail, verb.start()) and not re.match(r"\W*(?:has|have|needs?) to\b", tail):
                return _clean(message, product.end + verb.start(), _last(message, clauses[clauses.index(clause) :]).end)
    return None


def _stated(message: Message, clauses: Sequence[Clause], *, spoken: bool = False) -> str | None:
    """Return the first clause that says what is wrong, or stands in brackets or behind a dash."""
    for at, clause in enumerate(clauses):
        plain = message.plain[clause.start : clause.end]
        marked = not spoken and _MARKED.search(message.plain[max(0, clause.start - 3) : clause.start])
        told = _EVIDENCE.search(plain) or (marked and not any(map(str.isdigit, plain)))
        told = told or (not spoken and _OF_ITSELF.match(plain))
        asked = requests.asks(plain) and not _VERBLESS.match(plain)
        if told and not asked and not requests.is_greeting(plain) and not _ONLY_MONEY.search(plain):
            return _clean(message, clause.start, _last(message, clauses[at:]).end)
    return None


def _last(message: Message, clauses: Sequence[Clause]) -> Clause:
    """Return the last of the clauses of a sentence that go on saying why."""
    last = clauses[0]
    for clause in clauses[1:]:
        plain = message.plain[clause.start : clause.end]
        if (
            clause.sentence != last.sentence
            or requests.asks(plain)
            or _ONLY_MONEY.search(plain)
            or requests.is_greeting(plain)
        ):
            break
        last = clause
    return last


def _clean(message: Message, start: int, end: int) -> str | None:
    text = _CLOSING.sub("", _OPENING.sub("", " ".join(message.text[start:end].split())[: 2 * _LONGEST]))
    return text or None

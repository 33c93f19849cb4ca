"""Find why a product goes back, in the customer's own words."""

import re
from collections.abc import Iterator, Sequence

from understudies.support_desk import requests
from understudies.support_desk.clauses import Clause, Message
from understudies.support_desk.products import Product
from understudies.support_desk.wishes import Wish

_LONGEST = 500
_NEAR = 3  # clauses or sentences of the context that are looked at

_WRONG = re.compile(
    r"\b(?:not|never|no longer|without|too|wrong|broke\w*|faulty|defective|damaged|crack\w*|scratch\w*|torn|missing|"
    r"leak\w*|smell\w*|rattl\w*|wobbl\w*|flicker\w*|collaps\w*|burn\w*|dies|died|dead|creak\w*|sinks?|fail\w*|overheat\w*|"
    r"stopp\w+|stops|keeps?|hate[sd]?|dislikes?|mistake|duplicate|twice|mind|gift|unhappy|disappoint\w*|useless|loud|noisy|small|big|"
    r"tight|loose|short|long|heavy|expensive|cheaper|better|incompatible|unsuitable|(?:does|do|is|wo|ca|did)nt|arrived|came|"
    r"went|poor|bad|ugly|noise|stuck|slow|hurts?|half|expected|described|advertised|different|allerg\w*|unwanted|fell|falls|"
    r"makes?|is|are|was|were|has|lets?)\b|n't\b|(?:it|they) \w"
)
_MONEY = re.compile(r"\b(?:refund|money|back|return\w*|send|exchange|replacement|label|policy)\b")
_OPENING = re.compile(
    r"^[\s,;:()\-\u2013]*(?:(?:and|so|but|which|that|who|because|since|(?:the )?reason(?: is)?)\b[\s:,]*)*", re.I
)
_CLOSING = re.compile(r"(?:[\s.,;:!?()\-\u2013]|(?<=\s)(?:so|and|but|then|also|plus|for|the|my|our)(?!\w))+$", re.I)


def reason_for(message: Message, wish: Wish, product: Product | None, until: int) -> str | None:
    """Return the reason for the return of a product; `until` is where the wish's next product begins."""
    told = next(filter(None, _told(message, wish, product, until)), None)
    return told[:_LONGEST] if told else (product.condition if product else None)


def _told(message: Message, wish: Wish, product: Product | None, until: int) -> Iterator[str | None]:
    """Yield what may be the reason, the likeliest first."""
    start = product.start if product else wish.start
    near = [clause for clause in wish.clauses if start < clause.end and clause.start < until]
    own = [clause for clause in [*near, *wish.before] if product and clause.start <= start < clause.end]
    yield _why(message, [clause for clause in [*near, *wish.clauses[1:]] if clause not in own])
    before = wish.before[-_NEAR:]
    after = [one for one in wish.after if one.sentence - wish.clauses[-1].sentence <= _NEAR]
    same = [one for one in before if one.sentence == wish.clauses[0].sentence]
    yield _why(message, [*same, *after, *before])
    # "Return: Clay Vase - chipped", "The fan hums": anything that is said of it.
    for clause in [*(one for one in near if one not in own), *own]:
        said = message.plain[max(clause.start, product.end if product else 0) : clause.end]
        if requests.content(said) and not _asks(said):
            yield _clean(message, clause.start, clause.end)


def _why(message: Message, clauses: Sequence[Clause]) -> str | None:
    """Return the first clause that says why or what is wrong, as far as its sentence goes on saying so."""
    for at, clause in enumerate(clauses):
        plain = message.of(clause)
        tells = _WRONG.search(plain) and not _asks(plain) and not requests.GREETING.match(plain)
        if clause.reason or tells:
            more = [one.end for one in clauses[at:] if one.sentence == clause.sentence and not _asks(message.of(one))]
            end = max(more, default=clause.end)
            return _clean(message, clause.reason or clause.start, end)
    return None


def _asks(plain: str) -> bool:
    return requests.asks(plain) or bool(_MONEY.search(plain))


def _clean(message: Message, start: int, end: int) -> str | None:
    text = _CLOSING.sub("", _OPENING.sub("", " ".join(message.text[start:end].split())[: 2 * _LONGEST]))
    return text or None

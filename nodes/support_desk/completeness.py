"""A plan leaves nothing out: identifiers and quoted products of the message are in a task, or a person gets them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from fanloom import stems
from nodes.support_desk.identifiers import half_width, may_mean, mentions, mentions_product, normal, place_of
from nodes.support_desk.tasks import BillingInquiry, Other, ProductReturn, StatusUpdate, Task
from nodes.support_desk.wording import clause_at, sentence_at
from nodes.support_desk.words import WORDS

Kind: TypeAlias = Literal["invoice", "order", "product", "unknown"]
Known: TypeAlias = Mapping[str, Kind]
"""What the customer's own identifiers and products are, each in its normal form."""

MOST_NAMED = 200
MOST_SAID = 5_000  # signs, of all that one task hands over
_LITTLE = 2  # words that mean something
_NEAR = 40
_IDENTIFIER = re.compile(
    r"(?<![^\W_])(?<![@.$€£-])(?<!\D/)(?:"
    r"#[a-z0-9]{0,7}[-_ ]?\d[\w-]{1,20}"  # #A-12345, #771
    r"|[a-z]{1,7}[-_/]\d{2,}[a-z0-9]*(?:[-_/](?![a-z]{1,7}[-_]?\d{3})[a-z0-9]+)*"  # A-12345
    r"|[a-z]{1,4}\d{4,15}"  # A12345
    rf"|(?:{WORDS['invoice']}|{WORDS['order']})[\s.:#]*(?:,?\s*(?:{WORDS['number']})\b[\s.:#]*(?:(?:{WORDS['is']})\s+)?)?\(?"
    r"(?P<figure>[a-z]{0,3}[-_/]?\d[a-z0-9]*(?:[-_/][a-z0-9]+)*\d+)"  # order 12345
    r")(?![^\W_]|@|[.,]\d|[-_]\w)",
    re.IGNORECASE,
)
_KINDS = rf"(?:(?P<invoice>{WORDS['invoice']})|(?P<order>{WORDS['order']}))"
_PREFIXED = re.compile(rf"#?{_KINDS}[-_ .]?\d", re.IGNORECASE)
_LABELLED = re.compile(rf".*\b{_KINDS}\W*(?:[^\W\d]+\W+){{0,2}}$", re.IGNORECASE)
_OF_ANOTHER = re.compile(rf"#?(?:{WORDS['neither']})[-_ ]?\d", re.IGNORECASE)
# What is no number of the shop's, and what is quoted from another mail.
_ANOTHERS = re.compile(
    rf"(?:\b(?:{WORDS['anothers']})(?![a-z])[\W_]*(?:(?:{WORDS['anothers_joints']})\b\W*)*|^>.*|\n>.*)$",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"[\"\u201c\u201e\u00ab](?P<a>[^\"\u201c\u201d\u201e\u00ab\u00bb\n]{2,80})[\"\u201d\u201c\u00bb]"
    r"|(?<!\w)['\u2018](?P<b>[^'\u2018\u2019\n]{2,80})['\u2019](?!\w)"
    r"|[\u00bb\u203a](?P<c>[^\u00ab\u00bb\u2039\u203a\n]{2,80})[\u00ab\u2039]"
    r"|[`\u2039\u300c\u300e](?P<d>[^`\u2039\u203a\u300c-\u300f\n]{2,80})[`\u203a\u300d\u300f]"
)
_NAME = re.compile(r"[A-Z0-9][\w+./-]*(?: [\w+./-]+){0,6}")


class Named(NamedTuple):
    """Something that a message names, as it is written, and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int


def named_in(message: str, known: Known) -> list[Named]:
    """Return the identifiers and the quoted products of a message, in its order, each once, the first 200."""
    found: dict[str, Named] = {}
    numbers = [*_identifiers(message, known)]
    own = [one for one in _their_own(message, known) if not any(_overlap(one, other) for other in numbers)]
    for one in sorted((*numbers, *own, *_quoted(message, known)), key=lambda one: one.start):
        found.setdefault(normal(one.text), one)
        if len(found) == MOST_NAMED:
            break
    return list(found.values())


def complete(tasks: Sequence[Task], message: str, known: Known, bought: Iterable[str] = ()) -> list[Task]:
    """Return the tasks with what the message says: numbers looked up as what they are, blanks filled, nothing lost.

    What the customer has `bought` fills a blank too, without quotation marks.
    """
    named = named_in(message, known)
    kinds = {normal(one.text): one.kind for one in named} | dict(known)
    made = [_as_it_is(task, kinds) for task in tasks]
    candidates = [*named, *_meant(message, named, bought)]
    made = [_filled(task, made, candidates) for task in made]
    lost = [one for one in named if not any(_holds(task, one, message) for task in made)]
    told = {sentence_at(message, one.start, one.end): normal(one.text) in known for one in lost}
    return _with_sentences(made, told)


def numbers_of(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield the numbers that tasks are about."""
    for task in tasks:
        match task:
            case BillingInquiry(invoice_number=str(number)) | StatusUpdate(order_id=str(number)):
                yield number


def _identifiers(message: str, known: Known) -> Iterator[Named]:
    plain, seen = half_width(message), set[str]()
    for found in _IDENTIFIER.finditer(plain):
        text = normal(found["figure"] or found[0])
        if (
            text in seen
            or len(seen) == MOST_NAMED
            or _ANOTHERS.search(plain[max(0, found.start() - _NEAR) : found.start()])
        ):
            continue
        seen.add(text)
        start, end = found.span("figure" if found["figure"] else 0)
        yield Named(_kind(plain, found, known), message[start:end], start, end)


def _their_own(message: str, known: Known) -> Iterator[Named]:
    """Yield the customer's own identifiers, however they are typed: A 12345 is one where there is an A-12345."""
    for key, kind in known.items():
        place = place_of(message, key) if kind != "product" and not key.isdecimal() else None
        if place:
            yield Named(kind, message[slice(*place)], *place)


def _overlap(one: Named, other: Named) -> bool:
    return one.start < other.end and other.start < one.end


def _kind(plain: str, found: re.Match[str], known: Known) -> Kind:
    """Tell what an identifier is: as the customer's rows say, else its own letters, else the noun before it."""
    text = found["figure"] or found[0]
    if kind := known.get(normal(text)):
        return kind
    start = found.start("figure" if found["figure"] else 0)
    said = _PREFIXED.match(text) or _LABELLED.search(plain[max(0, start - _NEAR) : start])
    return "unknown" if said is None else "invoice" if said["invoice"] else "order"


def _quoted(message: str, known: Known) -> Iterator[Named]:
    for found in _QUOTED.finditer(message):
        group = found.lastgroup or 0
        name = found[group]
        is_name = _NAME.fullmatch(name) and any(map(str.isalpha, name))
        if is_name or known.get(normal(name)) == "product":
            yield Named("product", name, *found.span(group))


def _meant(message: str, named: Sequence[Named], bought: Iterable[str]) -> Iterator[Named]:
    """Yield the product that the message names without quotation marks, if it can mean no other that was bought."""
    quoted = any(one.kind == "product" for one in named)
    possible = [name for name in bought if may_mean(message, name) or mentions_product(message, name)]
    if not quoted and len(possible) == 1 and mentions_product(message, possible[0]):
        yield Named("product", possible[0], 0, 0)


def _as_it_is(task: Task, kinds: Known) -> Task:
    """Return the task for what its number is: an order among the invoices is asked about as an order, and so on."""
    match task:
        case BillingInquiry(invoice_number=str(number)) if kinds.get(normal(number)) == "order":
            return StatusUpdate(type="StatusUpdate", order_id=number)
        case StatusUpdate(order_id=str(number)) if kinds.get(normal(number)) == "invoice":
            return BillingInquiry(type="BillingInquiry", invoice_number=number, quote=None)
        case _:
            return task


def _filled(task: Task, tasks: Sequence[Task], named: Sequence[Named]) -> Task:
    """Fill in what a task leaves open if the message names exactly one thing of that kind that no such task has.

    A number of which nobody knows what it is counts where there is none of that kind.
    """
    match task:
        case BillingInquiry(invoice_number=None):
            kind, field = "invoice", "invoice_number"
        case StatusUpdate(order_id=None):
            kind, field = "order", "order_id"
        case ProductReturn(product_name=None):
            kind, field = "product", "product_name"
        case _:
            return task
    candidates = [one for one in named if one.kind == kind]
    if not candidates and kind != "product":
        candidates = [one for one in named if one.kind == "unknown" and not _OF_ANOTHER.match(one.text)]
    alike = [other for other in tasks if type(other) is type(task)]
    taken = any(_says(other, candidates[0]) for other in alike) if len(candidates) == 1 else True
    return task if taken else task.model_copy(update={field: candidates[0].text})


def _holds(task: Task, one: Named, message: str) -> bool:
    """Tell whether a task has something that is named, or is about what stands in one clause with it."""
    if _says(task, one):
        return True
    clause = clause_at(message, one.start, one.end)
    match task:
        case ProductReturn(product_name=str(name)):
            return mentions_product(clause, name)
        case BillingInquiry(invoice_number=str(number)) | StatusUpdate(order_id=str(number)):
            return mentions(clause, number) and not _alike(one, task, number)
        case _:
            return False


def _alike(one: Named, task: Task, number: str) -> bool:
    """Tell whether two numbers are of one kind or one form, so that the second is no more about the first."""
    kind = "invoice" if isinstance(task, BillingInquiry) else "order"
    return one.kind == kind or (one.kind == "unknown" and _letters(one.text) == _letters(number) != "")


def _letters(number: str) -> str:
    return re.sub(r"\d.*", "", normal(number))


def _says(task: Task, one: Named) -> bool:
    said = " \n ".join(text for text in task.model_dump(exclude={"type", "quote"}).values() if isinstance(text, str))
    # An identifier may stand without its prefix: 7890 is INV-7890.
    return mentions_product(said, one.text) if one.kind == "product" else mentions(said, one.text) or _ends(said, one)


def _ends(said: str, one: Named) -> bool:
    digits, bare, named = re.search(r"\d{3,}$", one.text), normal(said), normal(one.text)
    return digits is not None and bare.endswith(digits[0]) and (bare in named or (named.isdecimal() and named in bare))


def _with_sentences(tasks: Sequence[Task], told: Mapping[str, bool]) -> list[Task]:
    """Give sentences that name what no task has to a person, each with whether what it names is the customer's own.

    A task that a person gets anyhow takes them in; a return takes in what says no more than a number.
    """
    made = list(tasks)
    takes = next((at for at, task in enumerate(made) if isinstance(task, Other) and task.summary), None)
    returns = next((at for at, task in enumerate(made) if isinstance(task, ProductReturn)), None)
    for sentence, own in told.items():
        if takes is not None:
            made[takes] = _longer(made[takes], "summary", sentence)
        elif returns is not None and not own and _says_little(sentence):
            made[returns] = _longer(made[returns], "quote", sentence)
        else:
            made.append(Other(type="Other", summary=sentence, quote=sentence))
            takes = len(made) - 1
    return made


def _longer(task: Task, field: str, sentence: str) -> Task:
    said = getattr(task, field) or ""
    return task if len(said) > MOST_SAID else task.model_copy(update={field: f"{said} {sentence}".strip()})


def _says_little(sentence: str) -> bool:
    """Tell whether a sentence names something and hardly says anything of it: "Order 55310."""
    return "?" not in sentence and len(stems(_IDENTIFIER.sub(" ", half_width(sentence)))) <= _LITTLE

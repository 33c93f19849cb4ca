"""Phrase what a clause says as questions that its sentence answers."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from understudies.prose.clauses import Clause
from understudies.prose.english import AUXILIARIES, DETERMINERS, LINKERS, PREPOSITIONS, is_adverb
from understudies.prose.lexicon import OBJECT_VERBS, ROLES, STATIC_VERBS
from understudies.prose.patterns import (
    ABOUT,
    BE_QUESTIONS,
    BREAK,
    CIRCUMSTANCES,
    COMPLETED,
    COUNTED,
    DECIDED,
    DEFINED,
    MEASURED,
    MOVED,
    NAMING,
    NUMBER,
    ORDERED,
    POINTS_ELSEWHERE,
    PROPERTY,
    REPORTED,
    SHARED,
    SUPERLATIVE,
    TIME,
    UNIT,
    YEAR,
)
from understudies.prose.phrases import QUANTIFIERS, is_noun_phrase, is_participle, plural
from understudies.prose.sentences import listed


class Draft(NamedTuple):
    """A question and how good a one it is: 3 asks for what the sentence says, below 1 is a makeshift."""

    weight: float
    question: str


# Without one of these a predicate would say something else.
TELLING_ADVERBS = listed(
    "more most less far too very almost nearly much rather quite never rarely seldom hardly barely"
)


def ask_for_clause(clause: Clause) -> Iterator[Draft]:
    predicate = strip_adverbs(clause.predicate)
    yield from ask_for_circumstance(clause, predicate)
    if clause.auxiliary in ("is", "are", "was", "were"):
        yield from ask_for_state(clause, predicate)
    elif clause.auxiliary in ("does", "do", "did"):
        yield from ask_for_action(clause, predicate)
    elif clause.auxiliary in ("can", "could", "must", "shall", "should", "may", "will"):
        yield from ask_for_modal(clause, predicate)
    if clause.subject != "you":
        yield Draft(1.0, f"What is said about {clause.subject}?")


def ask_for_circumstance(clause: Clause, predicate: str) -> Iterator[Draft]:
    """Ask why, how long, how often, how soon, when and how."""
    for asked, weight, pattern in CIRCUMSTANCES:
        found = pattern.match(predicate)
        part = before_agent(found[1], clause) if found else ""
        joined = clause.subject == "you" and " and " in part
        named = clause.auxiliary in ("is", "are", "was", "were") and NAMING.fullmatch(part)
        if is_plain(part) and not joined and not named and (asked != "When" or is_dated(clause.auxiliary, part)):
            yield Draft(weight, f"{asked} {clause.auxiliary} {clause.subject} {part}?")
    whole = before_agent(re.split(r"[,;:]", predicate)[0].strip(), clause)
    dated = re.match(rf"{TIME}$", clause.lead[:1].lower() + clause.lead[1:]) and not re.search(YEAR, whole)
    if dated and is_plain(whole) and is_dated(clause.auxiliary, whole):
        yield Draft(2.9, f"When {clause.auxiliary} {clause.subject} {whole}?")


def before_agent(part: str, clause: Clause) -> str:
    """Leave out who did it: "built by my grandfather" asks as "built"."""
    passive = clause.auxiliary in ("is", "are", "was", "were") or part.startswith("be ")
    part = re.sub(rf" (?:just|only|partly|mainly|largely|simply|mostly|{ABOUT})$", "", part)
    return re.split(r" by (?!\w+ing\b|\d)", part)[0] if passive else part


def is_dated(auxiliary: str, predicate: str) -> bool:
    if re.search(r"\d|\bfrom\b", predicate):
        return False
    if auxiliary in ("is", "are"):
        return is_participle(predicate.split()[-1])
    return auxiliary in ("was", "were", "did", "will", "must", "shall", "should")


def ask_for_state(clause: Clause, predicate: str) -> Iterator[Draft]:
    auxiliary, subject = clause.auxiliary, clause.subject
    for pattern, weight, form in BE_QUESTIONS:
        found = pattern.match(predicate)
        if found:
            it = found[1] if found.lastindex else ""
            yield Draft(weight, form.format(aux=auxiliary, subject=subject, it=it, first=predicate.split()[0]))
    highest = SUPERLATIVE.match(re.split(r"[,;:]| and | that | which ", predicate)[0].strip())
    numeric = bool(re.match(NUMBER, predicate)) and subject.startswith("the ")
    if highest and is_plain(highest[1]):
        person = bool(ROLES.intersection(highest[1].split()))
        yield Draft(2.7, f"{'Who' if person else 'What'} {auxiliary} {highest[1].strip()}?")
    elif numeric or (DEFINED.match(predicate) and subject.split(" ")[0] not in QUANTIFIERS):
        person = subject[0].isupper() and bool(ROLES.intersection(re.findall(r"\w+", predicate)[:6]))
        if person or numeric or auxiliary in ("is", "are"):
            yield Draft(3.0, f"{'Who' if person else 'What'} {auxiliary} {subject}?")


def ask_for_action(clause: Clause, predicate: str) -> Iterator[Draft]:
    asking = f"{clause.auxiliary} {clause.subject}"
    verb, _, rest = predicate.partition(" ")
    special = ask_for_complement(asking, predicate)
    if special:
        yield special
    elif verb in ("work", "function", "operate") and re.search(r"\b(?:by|through|using|on)\b", predicate):
        yield Draft(2.6, f"How {asking} {verb}?")
    elif verb in OBJECT_VERBS and takes_object(rest):
        yield Draft(2.4, f"What {asking} {verb}?")
    elif (
        clause.auxiliary != "did"
        and rest
        and not rest.startswith("and ")
        and verb not in STATIC_VERBS | OBJECT_VERBS | {"not"}
    ):
        yield Draft(1.6, f"What {asking} do?")


def takes_object(rest: str) -> bool:
    first = rest.split(" ")[0].rstrip(",;")
    return bool(first) and first not in PREPOSITIONS - {"over", "about"} and not is_adverb(first) and first != "not"


def ask_for_complement(asking: str, predicate: str) -> Draft | None:
    """Ask for an amount, a share or whatever else the verb says by its own preposition."""
    measured, counted, shared = MEASURED.match(predicate), COUNTED.match(predicate), SHARED.match(predicate)
    moved, owned = MOVED.match(predicate), PROPERTY.match(predicate)
    linked = COMPLETED.match(predicate) or REPORTED.match(predicate)
    decided = DECIDED.match(predicate)
    if measured:
        return Draft(3.0, f"How {'much' if measured[1] else 'long'} {asking} {measured[1] or measured[2]}?")
    if counted and plural(counted[1]) and not UNIT.search(counted[1]):
        return Draft(2.8, f"How many {counted[1]} {asking} {predicate.split()[0]}?")
    if shared and is_plain(shared[1]):
        return Draft(2.8, f"What share of {shared[1]} {asking} account for?")
    if moved:
        return Draft(2.8, f"By how much {asking} {moved[1]}?")
    if owned:
        return Draft(2.6, f"What {owned[1]} {asking} have?")
    if decided:
        return Draft(2.5, f"What {asking} {decided[1]} to do?")
    return Draft(2.6, f"What {asking} {linked[1]}?") if linked else None


def ask_for_modal(clause: Clause, predicate: str) -> Iterator[Draft]:
    asking = f"{clause.auxiliary} {clause.subject}"
    negated = "not " if predicate.startswith("not ") else ""
    action = strip_adverbs(predicate.removeprefix("not "))
    verb, _, rest = action.partition(" ")
    special = None if negated else ask_for_complement(asking, action)
    if clause.subject == "you":
        yield from ask_for_order(action)
    elif special:
        yield special
    elif verb == "mean":
        yield Draft(3.0, f"What {'do' if plural(clause.subject) else 'does'} {clause.subject} mean?")
    elif verb == "be":
        if is_participle(rest.split(" ")[0]) and clause.auxiliary in ("must", "shall", "should"):
            yield Draft(1.8, f"What {clause.auxiliary} {negated}be done with {clause.subject}?")
    elif verb in OBJECT_VERBS and takes_object(rest) and not negated:
        yield Draft(2.4, f"What {asking} {verb}?")
    elif rest and verb not in STATIC_VERBS:
        yield Draft(2.2, f"What {asking} {negated}do?")


def ask_for_order(action: str) -> Iterator[Draft]:
    target = ORDERED.match(action)
    left_so = action.split(" ")[0] in ("leave", "keep", "make", "avoid", "hold", "read", "write")
    if target and not left_so and is_noun_phrase(target[1].split()):
        yield Draft(2.0, f"What should you do with {target[1]}?")


def strip_adverbs(predicate: str) -> str:
    words = predicate.split()
    while len(words) > 1 and is_adverb(words[0]) and words[0] not in TELLING_ADVERBS:
        del words[0]
    return " ".join(words)


def is_plain(part: str) -> bool:
    """Tell a part of a sentence that can stand in a question: short, one clause, nothing that points elsewhere."""
    words = part.lower().split()
    if not 1 <= len(words) <= 14 or words[-1] in LINKERS | DETERMINERS | AUXILIARIES | {"and"}:
        return False
    return not BREAK.search(part) and not POINTS_ELSEWHERE.intersection(words)

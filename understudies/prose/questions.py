# ruff: noqa: RUF001 - curly quotation marks are what texts have
"""Draft the questions that a passage answers, by a table of what a predicate can tell."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from understudies.prose.clauses import POINTING, Clause, find_clause, small_start
from understudies.prose.english import (
    ABOUT,
    AUXILIARIES,
    DETERMINERS,
    FUNCTION_WORDS,
    LINKERS,
    MONTHS,
    NUMBERS,
    PREPOSITIONS,
    is_adverb,
    is_foreign,
)
from understudies.prose.passages import Passage
from understudies.prose.verbs import OBJECT_VERBS


class Draft(NamedTuple):
    """A question and how good it is: from 2 it asks for what the sentence says, below 1 it is a makeshift.

    `whole` asks for all that the paragraph says.
    """

    weight: float
    question: str
    whole: bool = False


def one_of(words: frozenset[str]) -> str:
    return rf"(?:{'|'.join(sorted(words))})\b"


QUESTION_MARKS = ("?", "？", "؟")
NUMBER = rf"(?:(?:{ABOUT}) )*[€$£]?(?:\d[\d.,]*|{one_of(frozenset(NUMBERS))})(?: (?:million|billion|thousand))?"
SPAN = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|nights?|decades?|centuries)\b"
MONEY = r"(?:euros?|pounds?|dollars?|cents?|pence|percent|per cent|%)"
DAY = rf"(?:{MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|weekdays|the \w+ day of)\b"
TIME = (
    rf",? (?:in (?:the )?(?:(?:early |late )?(?:1[0-9]|20)\d\d\b|{MONTHS}|\w+ century)|(?:on|from) (?:\d+ )?{DAY}"
    r"|(?:at|from) (?:\d{1,2}[:.]\d\d|\d{1,2} ?[ap]\.?m|noon|midnight)|(?:when|if|as soon as|before|after) (?!\w+ing)\w+ )"
)
BE, DO = r"(?:is|are|was|were)", r"(?:do|does|did|can|could|may|must|should|will|shall)"
PLACED = r"(?:not )?(?:be )?(?:located|situated|kept|found|stored|held|built|booked|placed|returned|sold|served|displayed)"
LINKED = r"(?:(?:caus|power|driv|determin|cover|follow)e[dn] by|(?:made|composed) of|(?:made|derived) from|divided into|based on)"
ROLE = r"(?:\w+(?:ist|ician)|painter|writer|author|poet|king|queen|president|engineer|inventor|teacher|founder|doctor)\b"
# How a clause reads after its subject, the weight of a question that it answers, and the question; {a} is what <a> finds.
TABLE = [
    (r"\w+ (?P<a>.+?),? (?:because|due to|owing to|thanks to)\b", 3.0, "Why {aux} {s} {a}?"),
    (rf"\w+ (?P<a>.+?),? for (?:a )?{NUMBER}[ -]{SPAN}", 3.0, "How long {aux} {s} {a}?"),
    (rf"\w+ (?P<a>.+?),? (?:every (?:\w+ )?{SPAN}|(?:once|twice|{NUMBER} times) (?:an?|per|each) )", 3.0, "How often {aux} {s} {a}?"),
    (rf"\w+ (?P<a>.+?),? within {NUMBER} (?:\w+ )?{SPAN}", 2.9, "How soon {aux} {s} {a}?"),
    (rf"(?!{BE})\w+ (?P<a>\D+?){TIME}", 2.9, "When {aux} {s} {a}?"),
    (rf"{BE} (?P<a>(?:\w+ ){{0,2}}?(?:\w+ed|open|due|built|held|sold|paid)(?: \D+?)??){TIME}", 2.9, "When {aux} {s} {a}?"),
    (r"\w+ (?P<a>.+?),? by (?!far)\w+ing\b", 2.8, "How {aux} {s} {a}?"),
    (rf"{DO} (?P<a>cost|weigh|pay|charge) {NUMBER}", 3.0, "How much {aux} {s} {a}?"),
    (rf"{BE} {NUMBER} {MONEY}", 3.0, "How much {aux} {s}?"),
    (rf"{DO} (?P<a>last|take|stay|keep|run) (?:for )?(?:a )?{NUMBER} (?:\w+ )?{SPAN}", 3.0, "How long {aux} {s} {a}?"),
    (rf"{DO} account for {NUMBER}(?: ?%| per ?cent)? of (?P<a>[\w -]+)", 2.8, "What share of {a} {aux} {s} account for?"),
    (rf"{DO} (?P<a>\w+) by {NUMBER}", 2.8, "By how much {aux} {s} {a}?"),
    (rf"{DO} (?P<a>[a-z]+) {NUMBER} (?!{MONEY})(?P<n>(?:[a-z-]+ )?(?:[a-z-]+s|people))\b(?! of)", 2.8, "How many {n} {aux} {s} {a}?"),
    (rf"{BE} {NUMBER} (?:\w+ )?(?P<a>tall|high|long|wide|deep|thick|old)\b", 3.0, "How {a} {aux} {s}?"),
    (rf"{DO} have an? (?P<a>(?:[a-z]+ )?[a-z]+) of {NUMBER}", 2.6, "What {a} {aux} {s} have?"),
    (rf"\w+ (?P<a>{PLACED}) (?:in|on|at|near|under|along) (?!\w+ing|\d)", 2.2, "Where {aux} {s} {a}?"),
    (rf"{BE} used (?:to|for|in|as|when)\b", 2.8, "What {aux} {s} used for?"),
    (rf"{BE} (?P<a>{LINKED})(?! \w+ing\b)", 2.6, "What {aux} {s} {a}?"),
    (rf"{DO} (?P<a>(?:depend|rely|focus) on|consist of|(?:lead|refer|belong) to|result in)\b", 2.6, "What {aux} {s} {a}?"),
    (rf"{DO} not (?!be|have)\w", 2.2, "What {aux} {s} not do?"),
    (rf"{DO} (?P<a>{one_of(OBJECT_VERBS)}) (?!{one_of(PREPOSITIONS)}|{NUMBER}|(?:and|to|not|less|best|how|\w+ly)\b)", 2.4, "What {aux} {s} {a}?"),
    (rf"{BE} (?:an?|the) (?:\w+ ){{0,3}}?{ROLE}", 3.0, "Who {aux} {s}?"),
    (rf"(?:is|are) (?:an?|the|one of) (?!(?:\w+ ){{0,3}}?{ROLE}|(?:most|least|same|best) )[\w“\"]+", 2.7, "What {aux} {s}?"),
]  # fmt: skip
PATTERNS = [(re.compile(pattern), weight, form) for pattern, weight, form in TABLE]
BREAK = re.compile(rf"[,;:()\"“”?–—]| (?:due to|owing to|{one_of(LINKERS - {'or', 'than', 'as', 'until'})}|and {one_of(AUXILIARIES)})")
CODE = re.compile(r"[{}=<>\\|]|https?:|www\.|\w\(\)|::")
LABEL = re.compile(r"([^\W\d_][\w /&'().-]{1,40}?)\s*(?::| [–—-]) +\S")
CONDITION = re.compile(r"(If|When) ([^,;:()]+), (?:then )?(\w+) (\w+)")
PURPOSE = re.compile(r"To ([a-z]+ [^,;:()]{3,80}), (?!\w+(?: \w+)? (?:is|are|was|were|has)\b)\w+")
ORDER = re.compile(
    r"([A-Z][a-z]+) ((?:the|an?|your) [^,;:]+?)(?= (?:to|in|on|at|for|from|with|until|into|by|before|after|if|when|so)\b|[,;:(.]|$)"
)
ASKS = re.compile(rf"(?:what|who|whom|whose|which|when|where|why|how|{one_of(AUXILIARIES)})\b", re.I)
POINTS_BACK = re.compile(r"(?:It|They|This|These|Those|That|He|She|Its|Their|His|Her|Such|And|But|Or)\b")


def drafts_of(passage: Passage, names: frozenset[str], english: bool) -> list[Draft]:
    """Give the questions that a passage answers."""
    text = passage.text.capitalize() if passage.text.isupper() else passage.text
    if passage.kind in ("list", "steps"):
        drafts = list(ask_for_list(passage, names))
    elif passage.kind == "row":
        cells = [cell.rpartition(": ")[2] for cell in text.split("; ")]
        named = next((cell for cell in cells if any(map(str.isalpha, cell))), cells[0])
        drafts = [Draft(1.1 if ": " in text else 0.5, f"What does the table say about “{named}”?")]
    elif text.endswith(QUESTION_MARKS):
        drafts = [Draft(2.7, text)] if is_whole_question(text) else []
    else:
        drafts = list(ask_for_sentence(text, names)) if english and not is_foreign(text) else []
        if not POINTS_BACK.match(text) and (not english or (text[-1:] in '.!…”")' and len(text.split()) > 3)):
            drafts.append(Draft(0.2, f"What is said about “{opening(text)}”?"))
    return [draft for draft in drafts if is_sound(draft.question)]


def ask_for_sentence(text: str, names: frozenset[str]) -> Iterator[Draft]:
    label = LABEL.match(text)
    if label and len(label[1].split()) <= 4 and AUXILIARIES.isdisjoint(label[1].split()):
        yield Draft(0.7, f"What is stated under “{label[1].strip()}”?")
    elif not CODE.search(text) and (text[0].isupper() or text[0] in '"“') and 3 <= len(text.split()) <= 60:
        yield from ask_for_opening(text)
        if clause := find_clause(text, names):
            yield from ask_for_clause(clause)


def ask_for_opening(text: str) -> Iterator[Draft]:
    """Ask for what opens with a condition, a purpose or an order."""
    condition, purpose, order = CONDITION.match(text), PURPOSE.match(text), ORDER.match(text)
    if condition and is_plain(condition[2]) and len(condition[2].split()) > 2:
        ordered = condition[4] in DETERMINERS and condition[3] not in FUNCTION_WORDS
        yield Draft(2.3, f"What {'should you do' if ordered else 'happens'} {condition[1].lower()} {condition[2]}?")
    if purpose and is_plain(purpose[1]):
        yield Draft(3.0, f"How do you {purpose[1]}?")
    if order and order[1].lower() not in FUNCTION_WORDS and not order[1].endswith(("ing", "ed", "ly")):
        thing = re.split(r" and (?!the |an? )", order[2])[0]
        if is_plain(thing) and len(thing.split()) < 7:
            yield Draft(1.6, f"What should you do with {thing}?")


def ask_for_clause(clause: Clause) -> Iterator[Draft]:
    """Ask for what the predicate tells, by the table; and whether it is so, which every plain sentence answers."""
    words = clause.predicate.split()
    while len(words) > 1 and is_adverb(words[0]) and words[0] not in ("never", "rarely", "more", "most", "too", "only"):
        del words[0]
    aux, subject, predicate = clause.auxiliary, clause.subject, " ".join(words)
    if subject == "there":
        yield from ask_for_there(aux, BREAK.split(predicate)[0].strip())
        return
    for pattern, weight, form in PATTERNS:
        found = pattern.match(f"{aux} {predicate}")
        parts = {name: without_agent(part) for name, part in found.groupdict().items()} if found else {}
        if found and all(map(is_plain, parts.values())):
            yield Draft(weight, form.format(aux=aux, s=subject, **parts))
    whole = BREAK.split(predicate.removeprefix("not "))[0].strip()
    if is_plain(whole) and " " in whole and (subject != "you" or aux in ("can", "must", "should")):
        yield Draft(1.5, f"{aux.capitalize()} {subject} {whole}?")


def ask_for_there(aux: str, things: str) -> Iterator[Draft]:
    counted = re.match(rf"{NUMBER} (?=[a-z-]+)", things)
    if counted and is_plain(things):
        yield Draft(2.8, f"How many {things[counted.end() :]} {aux} there?")
    elif is_plain(things) and aux in ("is", "are"):
        yield Draft(1.6, f"{aux.capitalize()} there {re.sub('^no ', 'a ' if aux == 'is' else 'any ', things)}?")


def ask_for_list(passage: Passage, names: frozenset[str]) -> Iterator[Draft]:
    intro, announced, _ = passage.text.partition(":")
    if announced:
        intro = re.sub(r",? (?:as follows|the following.*|these .*)$", "", intro)
        yield from (draft for draft in ask_for_sentence(f"{intro} the following", names) if draft.weight > 2)
    if passage.heading and not passage.heading.endswith(QUESTION_MARKS):
        asked = "What are the steps" if passage.kind == "steps" else "What is listed"
        yield Draft(1.7, f"{asked} under “{passage.heading}”?")


def ask_for_heading(heading: str, names: frozenset[str]) -> Draft | None:
    """Ask what a section says; a heading that is a question asks it itself."""
    if heading.endswith(QUESTION_MARKS):
        return Draft(3.5, heading) if is_whole_question(heading) else None
    how = re.match(r"how to (.+)", heading, re.I)
    if how and is_plain(how[1]):
        return Draft(2.6, f"How do you {small_start(how[1], names)}?")
    if CODE.search(heading) or not 1 <= len(heading.split()) <= 10:
        return None
    topic = heading.lower() if heading.isupper() else small_start(heading, names)
    if re.fullmatch(r"[a-z][a-z' -]*(?:s|ing|ion|ment|ity|ness|ance)", topic) and topic.split()[0] not in FUNCTION_WORDS:
        return Draft(1.8, f"What should you know about {topic}?", whole=True)
    return Draft(1.4, f"What does the section “{heading}” say?", whole=True)


def without_agent(part: str) -> str:
    """Leave out who did it, and what measures what follows: "built by my grandfather" asks as "built"."""
    part = re.split(r" by (?!\w+ing\b|\d)", part)[0]
    return re.sub(rf"(?: (?:just|partly|mainly|largely|mostly|{ABOUT}))+$", "", part)


def is_plain(part: str) -> bool:
    """Tell a part of a sentence that can stand in a question: short, one clause, nothing that points elsewhere."""
    words = part.lower().split()
    if not 1 <= len(words) <= 13 or words[-1] in LINKERS | DETERMINERS | AUXILIARIES | {"and"}:
        return False
    return not BREAK.search(part) and (POINTING - {"there", "others", "none", "much"}).isdisjoint(words)


def is_whole_question(text: str) -> bool:
    words = [word.strip("?.,'\"").lower() for word in text.split()]
    named = ASKS.match(text) and 3 <= len(words) <= 25 and {"it", "they", "them", "this", "these", "he", "she"}.isdisjoint(words)
    return bool(named) or (is_foreign(text) and len(text) < 120)


def is_sound(question: str) -> bool:
    quoted = re.findall(r"“([^“”]*)”", question)
    balanced = len(quoted) == question.count("“") == question.count("”")
    return balanced and len(question) <= 200 and all(any(map(str.isalnum, quote)) for quote in quoted)


def opening(text: str) -> str:
    """Give the opening words of a passage, to quote."""
    start = re.split(r"[,;:!?](?=\s|$)|[。，；：！？、؟،()\"“”]", text.strip(' .,;:!?"“”()।。'))[0].strip()
    short = " ".join(start.split()[:7])[:60].strip() if " " in start else start[:24]
    return short if short == start else f"{short} …"

# ruff: noqa: RUF001 - curly quotation marks are what texts have
"""Draft the questions that a passage answers, by a table of what a predicate can tell."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from understudies.prose import english
from understudies.prose.clauses import POINTING, Clause, find_clause, small_start
from understudies.prose.english import AUXILIARIES, DETERMINERS, FUNCTION_WORDS, LINKERS, MONTHS, PREPOSITIONS
from understudies.prose.passages import Passage


class Draft(NamedTuple):
    """A question and how good it is; `whole` asks for all that the paragraph says."""

    weight: float
    question: str
    whole: bool = False


def one_of(words: Iterable[str]) -> str:
    return rf"(?:{'|'.join(sorted(words))})\b"


QUESTION_MARKS = ("?", "？", "؟")
ABOUT = "about|around|roughly|nearly|almost|over|at least|at most|up to|more than|less than|only|exactly|between"
NUMBER = rf"(?:(?:{ABOUT}) )*[€$£]?(?:\d[\d.,]*|{one_of([*english.NUMBERS, 'one'])})(?: (?:million|billion|thousand))?"
SPAN = r"(?:\w+ )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|nights?|decades?|centuries)\b"
MONEY = r"(?:euros?|pounds?|dollars?|cents?|pence|percent|per cent|%)"
DAY = rf"(?:{MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|weekdays|the \w+ day of)\b"
CLOCK = r"(?:\d+[:.]\d\d|\d+ ?[ap]\.?m|noon|midnight)"
TIME = (
    rf",? (?:in (?:the )?(?:(?:early |late )?(?:1[0-9]|20)\d\d\b|{MONTHS}|\w+ century)|(?:on|from) (?:\d+ )?{DAY}"
    rf"|(?:at|from) {CLOCK}|(?:when|if|as soon as|before|after) (?!\w+ing)\w+ )"
)
BE, DO = r"(?:is|are|was|were)", r"(?:do|does|did|can|could|may|must|should|will|shall)"
PLACED = "(?:not |be )*(?:located|kept|found|stored|held|built|booked|placed|sold|served|displayed)"
LINKED = "(?:caus|power|driv|determin|cover|follow)e[dn] by|(?:made|composed) of|made from|divided into|based on"
ROLE = r"(?:\w+ ){,3}?(?:\w+ic?ist|\w+ician|painter|writer|author|poet|king|president|engineer|teacher|founder)\b"
NO_OBJECT = (
    rf"(?:{one_of(PREPOSITIONS | english.ADVERBS | LINKERS - {'that'})}|{NUMBER}|(?:and|to|not|less|best|how|\w+ly)\b)"
)
NO_VERB = r"(?:be|become|remain|stay|look|go|come|keep|let|take|tell|last|get|happen|find|leave|end|make|put|cost)\b"
A = r"\w+ (?P<a>.+?),?"
# How good a question is, how it begins, the clause that answers it (its auxiliary and what follows; <a> comes into the
# question), and what ends the question in the place of <a>.
TABLE: list[tuple[float, str, str] | tuple[float, str, str, str]] = [
    (3.0, "Why", rf"(?!{BE} \w+(?:tion|ment|ness),? ){A} (?:because|due to|owing to|thanks to)\b"),
    (3.0, "How long", rf"{A} for (?:a )?{NUMBER}[ -]{SPAN}"),
    (3.0, "How long", rf"{DO} (?P<a>last|take|stay|keep|run) (?:for )?(?:a )?{NUMBER} {SPAN}"),
    (3.0, "How often", rf"{A} (?:every {SPAN}|(?:once|twice|{NUMBER} times) (?:an?|per|each) )"),
    (2.9, "How soon", rf"{A} within {NUMBER} {SPAN}"),
    (2.9, "When", rf"(?!{BE})\w+ (?P<a>\D+?){TIME}"),
    (2.9, "When", rf"{BE} (?P<a>(?:\w+ ){{,2}}?(?:\w+ed|open|due|built|held|sold|paid)(?: \D+?)??){TIME}"),
    (2.8, "How", rf"{A} by (?!far)\w+ing\b"),
    (3.0, "How much", rf"{DO} (?P<a>cost|weigh|pay|charge) {NUMBER}"),
    (3.0, "How much", rf"{BE} {NUMBER} {MONEY}"),
    (2.8, "How many {n}", rf"{DO} (?P<a>[a-z]+) {NUMBER} (?!{MONEY})(?P<n>(?:[a-z-]+ )?(?:[a-z-]+s|people))\b(?! of)"),
    (2.8, "What share of {n}", rf"{DO} account for {NUMBER}(?: ?%| per ?cent)? of (?P<n>[\w -]+)", "account for"),
    (2.8, "By how much", rf"{DO} (?P<a>\w+) by {NUMBER}"),
    (3.0, "How {n}", rf"{BE} {NUMBER} (?:\w+ )?(?P<n>tall|high|long|wide|deep|thick|old)\b"),
    (2.6, "What {n}", rf"{DO} have an? (?P<n>(?:[a-z]+ )?[a-z]+) of {NUMBER}", "have"),
    (2.2, "Where", rf"\w+ (?P<a>{PLACED}) (?:in|on|at|near|under|along) (?!\w+ing|\d)"),
    (2.8, "What", rf"{BE} used (?:to|for|in|as|when)\b", "used for"),
    (2.6, "What", rf"{BE} (?P<a>{LINKED})(?! \w+ing\b)"),
    (2.6, "What", rf"{DO} (?P<a>(?:depend|rely|focus) on|consist of|(?:lead|refer|belong) to|result in)\b"),
    (2.2, "What", r"(?:must|may|shall|should) not (?!be|have)\w", "not do"),
    (2.4, "What", rf"{DO} (?!{NO_VERB})(?P<a>{one_of(english.VERBS)}) (?!{NO_OBJECT})"),
    (3.0, "Who", rf"{BE} (?:an?|the) {ROLE}"),
    (2.7, "What", r"are (?:(?!\w+(?:ed|ing)\b)[a-z-]+ ){1,3}(?:that|which|used to|made of)\b"),
    (2.7, "What", rf"(?:is|are) (?:an?|the|one of) (?!{ROLE}|(?:most|least|same|best) )[\w“\"]+"),
]
PATTERNS = [(row[0], row[1], re.compile(row[2]), row[3:]) for row in TABLE]
ARTICLED = re.compile(rf"{BE} (?:an?|the) ")
COUNTED = re.compile(rf"{NUMBER} (?=[a-z-]+)")
SUBORDINATE = one_of(LINKERS - {"or", "than", "as", "until"})
BREAK = re.compile(rf"[,;:()\"“”?–—]| (?:due to|owing to|{SUBORDINATE}|and {one_of(AUXILIARIES)})")
END = re.compile(rf"{BREAK.pattern}| and \w+(?:ed|s)\b")
CODE = re.compile(r"[{}=<>\\|]|https?:|www\.|\w\(\)|::")
LABEL = re.compile(r"([^\W\d_][\w /&'().-]{1,40}?)\s*(?::| [–—-]) +\S")
CONDITION = re.compile(r"(If|When) (\S+ \S+ [^,;:()]+), (?:then )?(\w+) (\w+)")
PURPOSE = re.compile(r"To ([a-z]+ [^,;:()]{3,80}), (?!\w+(?: \w+)? (?:is|are|was|were|has)\b)\w+")
ENDS = rf"(?= (?:{one_of(PREPOSITIONS - {'of'})}|(?:if|when|so|once|twice|every|and (?!the |an? ))\b)|[,;:(.]|$)"
ORDER = re.compile(rf"([A-Z][a-z]+(?<!ing)(?<!ed)(?<!ly)) ((?:the|an?|your)(?: [^ ,;:.]+){{1,5}}?){ENDS}")
TELLING = {"never", "rarely", "more", "most", "too", "only"}  # adverbs without which it would say something else
POINTS_BACK = re.compile(r"(?:It|They|This|These|Those|That|He|She|Its|Their|His|Her|Such|And|But|Or)\b")
ASKS = re.compile(rf"(?:what|who|whom|whose|which|when|where|why|how|{one_of(AUXILIARIES)})\b", re.I)


def drafts_of(passage: Passage, names: frozenset[str]) -> list[Draft]:
    """Give the questions that a passage answers."""
    text = passage.text.capitalize() if passage.text.isupper() else passage.text
    if passage.kind in ("list", "steps"):
        asked = "What are the steps" if passage.kind == "steps" else "What is listed"
        headed = bool(passage.heading) and not passage.heading.endswith(QUESTION_MARKS)
        drafts = [Draft(1.7, f"{asked} under “{passage.heading}”?")] if headed else []
    elif passage.kind == "row":
        cells = [cell.rpartition(": ")[2] for cell in text.split("; ")]
        named = next((cell for cell in cells if any(map(str.isalpha, cell))), cells[0])
        drafts = [Draft(1.1, f"What does the table say about “{named}”?")]
    elif text.endswith(QUESTION_MARKS):
        drafts = [Draft(2.7, text)] if is_whole_question(text) else []
    else:
        foreign = english.is_foreign(text)
        drafts = [] if foreign else list(ask_for_sentence(text, names))
        if foreign or (not POINTS_BACK.match(text) and text[-1:] in '.!…”")' and len(text.split()) > 3):
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
    if condition and is_plain(condition[2]):
        ordered = condition[4] in DETERMINERS and condition[3] not in FUNCTION_WORDS
        yield Draft(2.3, f"What {'should you do' if ordered else 'happens'} {condition[1].lower()} {condition[2]}?")
    if purpose and is_plain(purpose[1]):
        yield Draft(3.0, f"How do you {purpose[1]}?")
    if order and order[1].lower() not in FUNCTION_WORDS and is_plain(order[2]):
        told = ask_for_clause(Clause("you", "should", text[0].lower() + text[1:].rstrip(" .!")))
        yield from (draft for draft in told if draft.question.startswith(("How often", "How long", "Why", "When")))
        yield Draft(1.6, f"What should you do with {order[2]}?")


def ask_for_clause(clause: Clause) -> Iterator[Draft]:
    """Ask for what the predicate tells, by the table; and whether it is so, which every plain sentence answers."""
    aux, subject, words = clause.auxiliary, clause.subject, clause.predicate.split()
    while len(words) > 1 and english.is_adverb(words[0]) and words[0] not in TELLING:
        del words[0]
    told = f"{aux} {' '.join(words)}"
    for weight, asked, pattern, end in PATTERNS if subject != "there" else []:
        found = pattern.match(told)
        parts = {name: without_agent(part) for name, part in found.groupdict().items()} if found else {}
        if found and all(map(is_plain, parts.values())):
            last = " ".join([subject, *end, *([parts["a"]] if "a" in parts else [])])
            yield Draft(weight, f"{asked.format(**parts)} {aux} {last}?")
    whole = END.split(" ".join(words).removeprefix("not "))[0].strip()
    counted = COUNTED.match(whole) if subject == "there" else None
    if counted and is_plain(whole):
        yield Draft(2.8, f"How many {whole[counted.end() :]} {aux} there?")
    elif is_plain(whole) and " " in whole and not ARTICLED.match(f"{aux} {whole}") and subject not in ("you", "there"):
        yield Draft(1.5, f"{aux.capitalize()} {subject} {whole}?")


def ask_for_heading(heading: str, names: frozenset[str]) -> Iterator[Draft]:
    """Ask what a section says; a heading that is a question asks it itself."""
    how = re.match(r"how to (.+)", heading, re.I)
    if heading.endswith(QUESTION_MARKS):
        yield from [Draft(3.5, heading)] if is_whole_question(heading) else []
    elif ASKS.match(heading) and heading.split()[1:2] and heading.split()[1] in AUXILIARIES | english.THIRDS.keys():
        yield Draft(3.0, f"{heading}?", whole=True)
    elif how and is_plain(how[1]):
        yield Draft(2.6, f"How do you {small_start(how[1], names)}?")
    elif not CODE.search(heading) and 1 <= len(heading.split()) <= 10:
        yield Draft(1.4, f"What does the section “{heading}” say?", whole=True)


def without_agent(part: str) -> str:
    """Leave out who did it, and what measures what follows: "built by my grandfather" asks as "built"."""
    return re.sub(rf" by (?!\w+ing\b|\d).*|(?: (?:partly|mainly|largely|mostly|{ABOUT}))+$", "", part)


def is_plain(part: str) -> bool:
    """Tell a part of a sentence that can stand in a question: short, one clause, nothing that points elsewhere."""
    words = part.lower().split()
    if not 1 <= len(words) <= 13 or words[-1] in LINKERS | DETERMINERS | AUXILIARIES | {"and"}:
        return False
    return not BREAK.search(part) and (POINTING - {"there", "others", "none", "much"}).isdisjoint(words)


def is_whole_question(text: str) -> bool:
    words = [word.strip("?.,'\"").lower() for word in text.split()]
    named = {"it", "they", "them", "this", "these", "he", "she"}.isdisjoint(words)
    return named and len(text) < 150 and (english.is_foreign(text) or bool(ASKS.match(text) and len(words) >= 3))


def is_sound(question: str) -> bool:
    quoted = re.findall(r"“([^“”]*)”", question)
    balanced = len(quoted) == question.count("“") == question.count("”")
    return balanced and len(question) <= 200 and all(any(map(str.isalnum, quote)) for quote in quoted)


def opening(text: str) -> str:
    """Give the opening words of a passage, to quote."""
    start = re.split(r"[,;:!?](?=\s|$)|[。，；：！？、؟،()\"“”]", text.strip(' .,;:!?"“”()।。'))[0].strip()
    short = " ".join(start.split()[:7])[:60].strip() if " " in start else start[:24]
    return short if short == start else f"{short} …"

# ruff: noqa: RUF001 - curly quotation marks and dashes are what texts have
"""Draft the questions that a passage answers; where no pattern is safe, ask what is said about what it names."""

import re
from collections.abc import Iterator

from understudies.prose.clauses import Clause, find_clause
from understudies.prose.english import AUXILIARIES, ENGLISH, FOREIGN, LINKERS, PREPOSITIONS
from understudies.prose.lexicon import IMPERATIVES
from understudies.prose.patterns import NUMBER, YEAR
from understudies.prose.phrases import Casing, has_attribute, key_phrases, plural
from understudies.prose.phrasing import Draft, ask_for_action, ask_for_clause, is_plain
from understudies.prose.sentences import listed
from understudies.prose.text import Passage

THERE_ARE = re.compile(
    rf"There (are|were) {NUMBER} ((?:[a-z-]+ )?[a-z-]+s(?: of [a-z -]+?| in [\w -]+?)?)(?:[.,:;]|$| that| which)"
)
CONDITION = re.compile(r"(If|When|Where) ([^,;:()]+), (?:then )?(\w+)")
PURPOSE = re.compile(r"To (?!date|this|that|these|my|our|some|the)([a-z]+ [^,;:()]{3,80}), (\w+)")
HAPPENED = re.compile(rf"In ((?:(?:January|March|April|May|June|July|August|\w+ber|February) )?{YEAR}),? .*\b\w+ed\b")
LABEL = re.compile(r"([^\W\d_][\w /&'().-]{1,40}?)\s*(?::| [–—-]) +\S")
FOLLOWING = re.compile(r"The following ([a-z -]+) (are|is) ([a-z -]+)$")
ANNOUNCED = re.compile(r",? (?:as follows|the following.*|these .*)$")
ASKS = re.compile(
    r"(?:what|who|whom|whose|which|when|where|why|how|is|are|can|could|do|does|did|should|will|may|must|has|have)\b",
    re.I,
)
POINTS_BACK = re.compile(r"(?:It|They|This|These|Those|That|He|She|Its|Their|His|Her|Such|And|But|Or)\b")
PARENTHESIS = re.compile(r"\s*\([^()]*\)")
BREAKS = re.compile(r"[,;:!?](?=\s|$)|[。，；：！？、؟،()\"“”]")
CODE = re.compile(r"[{}=<>\\|]|https?:|www\.|\w\(\)|::")
QUESTION_MARKS = ("?", "？", "؟")
UNNAMED = listed("it they them this that these those he she")
COUNTABLE = listed("introduction description conclusion discussion question section definition")
MASS = tuple(sorted(listed("tion sion ment ness ity ance ence ship ism ing ogy ics")))


def drafts_of(passage: Passage, casing: Casing, english: bool) -> list[Draft]:
    """Give the questions that a passage answers, the best first."""
    text = passage.text.capitalize() if passage.text.isupper() else passage.text
    if passage.kind in ("list", "steps"):
        drafts = list(ask_for_list(passage, casing))
    elif passage.kind == "row":
        named = ": " in text.split("; ")[0]
        drafts = [Draft(1.1 if named else 0.5, f"What does the table say about “{first_cell(text)}”?")]
    elif text.endswith(QUESTION_MARKS):
        drafts = [Draft(2.7, text)] if is_whole_question(text) else []
    elif (english or count_english(text) > 1) and not is_foreign(text):
        drafts = [*ask_for_sentence(text, casing), *quote_opening(passage)]
    else:
        drafts = [Draft(0.2, f"What is said about “{opening(text)}”?")]
    return [draft for draft in drafts if is_sound(draft.question)]


def ask_for_sentence(text: str, casing: Casing) -> Iterator[Draft]:
    label = LABEL.match(text)
    if label and len(label[1].split()) <= 4 and AUXILIARIES.isdisjoint(label[1].split()):
        yield Draft(0.7, f"What is stated under “{label[1].strip()}”?")
        return
    if not CODE.search(text) and not text[0].islower() and 3 <= len(text.split()) <= 60:
        clause = find_clause(text, casing)
        drafts = [*ask_for_opening(text), *(ask_for_clause(clause) if clause else [])]
        happened = HAPPENED.match(text)
        if happened and not clause:
            drafts.append(Draft(2.3, f"What happened in {happened[1]}?"))
        yield from sorted(drafts, key=lambda draft: -draft.weight)
    for phrase in key_phrases(text)[:5]:
        yield Draft(0.6 if has_attribute(phrase) else 0.4, f"What is said about {phrase}?")


def ask_for_opening(text: str) -> Iterator[Draft]:
    """Ask for what opens with a condition, a purpose, an order or "There are"."""
    condition, purpose, counted = CONDITION.match(text), PURPOSE.match(text), THERE_ARE.match(text)
    if condition and is_plain(condition[2]) and len(condition[2].split()) > 2:
        asked = "What should you do" if condition[3].lower() in IMPERATIVES else "What happens"
        yield Draft(2.1, f"{asked} {condition[1].lower()} {condition[2]}?")
    if purpose and is_plain(purpose[1]) and purpose[2].lower() in IMPERATIVES | {"you"}:
        yield Draft(3.0, f"How do you {purpose[1]}?")
    if counted:
        yield Draft(2.8, f"How many {counted[2].strip()} {counted[1]} there?")
    first, _, rest = text.rstrip(".!").partition(" ")
    if first.istitle() and first.lower() in IMPERATIVES and re.match(r"(?:the|an?|all|any) ", rest):
        yield from ask_for_clause(Clause("", "you", "should", f"{first.lower()} {PARENTHESIS.sub('', rest)}"))


def quote_opening(passage: Passage) -> Iterator[Draft]:
    """Quote a sentence as the last resort, if it is one and stands by itself."""
    whole = passage.text[-1:] in (".", "!", "…", "”", '"', ")") and len(passage.text.split()) > 3
    if whole and not POINTS_BACK.match(passage.text):
        yield Draft(0.2, f"What is said about “{opening(passage.text)}”?")


def ask_for_list(passage: Passage, casing: Casing) -> Iterator[Draft]:
    intro, announced, _ = passage.text.partition(":")
    if announced and ";" not in intro:
        yield from ask_for_announced(intro, casing)
    if passage.heading and not passage.heading.endswith(QUESTION_MARKS):
        asked = "What are the steps" if passage.kind == "steps" else "What is listed"
        yield Draft(1.5, f"{asked} under “{passage.heading}”?")


def ask_for_announced(intro: str, casing: Casing) -> Iterator[Draft]:
    following = FOLLOWING.match(intro)
    clause = find_clause(ANNOUNCED.sub(" the following", intro), casing)
    if following:
        yield Draft(2.6, f"Which {following[1]} {following[2]} {following[3]}?")
    elif clause and clause.auxiliary in ("does", "do", "did"):
        yield from (draft for draft in ask_for_action(clause, clause.predicate + " it") if draft.weight > 2)
    elif clause and clause.auxiliary in ("is", "are") and clause.predicate in ("", "the following"):
        yield Draft(2.8, f"What {clause.auxiliary} {clause.subject}?")


def ask_for_heading(heading: str, casing: Casing) -> Draft | None:
    """Ask what a section says; a heading that is a question asks it itself."""
    if heading.endswith(QUESTION_MARKS):
        return Draft(3.5, heading) if is_whole_question(heading) else None
    how = re.match(r"how to (.+)", heading, re.I)
    if how and len(heading.split()) > 3 and is_plain(how[1]):
        return Draft(2.6, f"How do you {small_words(how[1], casing)}?")
    if not 1 <= len(heading.split()) <= 10 or CODE.search(heading):
        return None
    if names_topic(heading):
        return Draft(1.3, f"What does the text say about {small_words(heading, casing)}?")
    return Draft(1.25, f"What does the section “{heading}” say?")


def names_topic(heading: str) -> bool:
    """Tell a heading that can follow "about" without an article: plural, abstract, no name and no label."""
    words = heading.split()
    small = heading.isupper() or all(word.islower() for word in words[1:])
    first = words[0].lower()
    if not small or not re.fullmatch(r"[A-Za-z' -]+", heading) or first in PREPOSITIONS | LINKERS | AUXILIARIES:
        return False
    return first not in IMPERATIVES | COUNTABLE and (plural(words[-1]) or words[-1].lower().endswith(MASS))


def small_words(heading: str, casing: Casing) -> str:
    """Write a heading as running text would: Title Case and CAPITALS go, names stay."""
    if heading.isupper() or (" " not in heading and heading not in casing.capital):
        return " ".join(word if word in casing.capital else word.lower() for word in heading.split())
    return " ".join(word.lower() if casing.is_common(word) else word for word in heading.split())


def is_whole_question(text: str) -> bool:
    if is_foreign(text):
        return len(text) < 120
    words = [word.strip("?.,'\"").lower() for word in text.split()]
    return bool(ASKS.match(text)) and 3 <= len(words) <= 25 and not UNNAMED.intersection(words)


def is_sound(question: str) -> bool:
    quoted = re.findall(r"“([^“”]*)”", question)
    balanced = len(quoted) == question.count("“") == question.count("”")
    return balanced and len(question) <= 200 and all(any(map(str.isalnum, quote)) for quote in quoted)


def is_foreign(text: str) -> bool:
    words = [word.strip(".,;:!?()") for word in text.lower().split()]
    if not text.isascii() and sum(character.isascii() for character in text) < 0.85 * len(text):
        return True
    return len(words) > 3 and len(FOREIGN.intersection(words)) > len(ENGLISH.intersection(words))


def is_english(text: str) -> bool:
    return count_english(text[:20_000]) >= 0.06 * len(text[:20_000].split())


def count_english(text: str) -> int:
    return sum(word in ENGLISH for word in text.lower().split())


def first_cell(row: str) -> str:
    cells = [cell.rpartition(": ")[2] for cell in row.split("; ")]
    return next((cell for cell in cells if any(map(str.isalpha, cell))), cells[0])


def opening(text: str) -> str:
    """Give the opening words of a passage, to quote."""
    start = BREAKS.split(text.strip(' .,;:!?"“”()।。'))[0].strip()
    words = start.split()
    short = " ".join(words[:7])[:60].strip() if len(words) > 1 else start[:24]
    return short if short == start else f"{short} …"

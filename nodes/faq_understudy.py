"""Answer for the FAQ steps by rule, from any documents: no model, no key, no network.

Each question is phrased from a sentence, so that the sentence answers it; one from elsewhere is looked up by BM25.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from understudies.prose.english import ENGLISH, FUNCTION_WORDS
from understudies.prose.phrasing import Draft
from understudies.prose.questions import QUESTION_MARKS
from understudies.prose.reading import Reading, read
from understudies.prose.sentences import listed, normalised, split_sentences, stems_of, words_of

NO_ANSWER = "The documents do not answer this question."


class Rule(NamedTuple):
    """What may be drawn, once the rules before it have drawn too little."""

    least: float  # weight of the draft
    again: bool  # from a passage that has given a question already
    same_matter: bool  # about what another question asks something else about


RULES = (
    Rule(0.5, again=False, same_matter=False),
    Rule(0.5, again=False, same_matter=True),
    Rule(1.0, again=True, same_matter=True),
    Rule(0.0, again=False, same_matter=True),
    Rule(0.5, again=True, same_matter=True),
)
SHARE_NAMED = 0.5  # of an answer's words that a passage must have to count as its source
SHARE_ASKED = 1 / 3  # of a question's words that a passage must have to count as its answer
SHARE_ASKED_ELSE = 0.15  # the same in other languages, whose small words are not known here
ENGLISH_ASKING = ENGLISH | listed("what who whom whose which when where why how do does did can should will")
ASKING = listed("""
    text document documents say says said tell mention mentions table stated explain describe done happen happens please
    listed section steps step know
""")
CONTINUES = re.compile(
    r"(?:It|They|This|These|Those|That|He|She|Its|Their|His|Her|Such|Both|However|Therefore|Thus|Hence|Otherwise|Instead|"
    r"As a result|For example|For instance|In addition|Consequently)\b"
)
POINTS_BACK = re.compile(r"(?:It|They|This|These|Those|He|She|Its|Their|His|Her|Such)\b")


def draw_questions(sources: Sequence[Mapping[str, str]], n_questions: int, already: Sequence[str] = ()) -> list[str]:
    """Draw up to n distinct questions from what the text says, spread over the documents and their sections."""
    reading = read(sources)
    drawn = Drawn(already)
    for rule in RULES:
        for at, draft in reading.offers:
            if len(drawn.questions) >= n_questions:
                return drawn.questions
            if draft.weight >= rule.least:
                drawn.offer(at, draft, rule)
    return drawn.questions


class Drawn:
    """The questions drawn so far, and what would repeat them."""

    def __init__(self, already: Iterable[str]) -> None:
        self.questions: list[str] = []
        self.passages: set[int] = set()
        self.known = [content_of(question) for question in already]
        self.contents = {content for _, content in self.known}

    def offer(self, at: int, draft: Draft, rule: Rule) -> None:
        asked, content = content_of(draft.question)
        if (at in self.passages and not rule.again) or (content in self.contents and not rule.same_matter):
            return
        if any(is_same((asked, content), one) for one in self.known):
            return
        self.questions.append(draft.question)
        self.passages.add(at)
        self.known.append((asked, content))
        self.contents.add(content)


def content_of(question: str) -> tuple[str, frozenset[str]]:
    """Give how a question asks, and the stems of what it asks about."""
    words = words_of(question)
    telling = [word for word in words if word not in FUNCTION_WORDS and word not in ASKING] or words
    return (words or [""])[0], frozenset(stems_of(telling))


def is_same(one: tuple[str, frozenset[str]], other: tuple[str, frozenset[str]]) -> bool:
    if one[1] == other[1]:
        return one[0] == other[0]
    return one[0] == other[0] and len(one[1] & other[1]) >= 0.75 * len(one[1] | other[1])


def write_faq(
    sources: Sequence[Mapping[str, str]], n_questions: int, already: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Draw questions from the documents, answer each from them, and name where the answer stands."""
    questions = draw_questions(sources, n_questions, already)
    answers = [answer_question(question, sources) for question in questions]
    return [
        {"question": question, "answer": answer, "sources": find_sources(question, answer, sources)}
        for question, answer in zip(questions, answers, strict=True)
    ]


def answer_question(question: str, sources: Sequence[Mapping[str, str]]) -> str:
    """Extract the sentence or two that answer the question."""
    reading = read(sources)
    at = reading.owners.get(normalised(question))
    if at is None:
        at = find_passage(question, reading)
    return NO_ANSWER if at is None else quote(at, reading)


def find_passage(question: str, reading: Reading) -> int | None:
    """Find the passage that matches the question best, if it matches enough."""
    words = [word for word in words_of(question) if word not in FUNCTION_WORDS]
    stems = stems_of([word for word in words if word not in ASKING] or words)
    scores = reading.ranking.scores(stems)
    if not scores:
        return None
    best = max(range(len(scores)), key=lambda at: (scores[at], -at))
    place = reading.places[best]
    context = f"{place.passage.text} {place.passage.heading} {reading.titles[place.document]}"
    needed = SHARE_ASKED if is_english_question(question) else SHARE_ASKED_ELSE
    return best if scores[best] > 0 and share_of(stems, context) >= needed else None


def is_english_question(question: str) -> bool:
    return question.isascii() and not ENGLISH_ASKING.isdisjoint(words_of(question))


def share_of(stems: Sequence[str], text: str) -> float:
    return len(set(stems) & set(stems_of(words_of(text)))) / max(len(set(stems)), 1)


def quote(at: int, reading: Reading) -> str:
    """Quote a passage, with the sentence before it or after it that it does not stand without."""
    text = reading.places[at].passage.text
    before, after = beside(at, at - 1, reading), beside(at, at + 1, reading)
    if before and POINTS_BACK.match(text):
        return f"{before} {text}"
    if after and (CONTINUES.match(after) or text.endswith(QUESTION_MARKS)):
        return after if text.endswith(QUESTION_MARKS) else f"{text} {after}"
    return text


def beside(at: int, other: int, reading: Reading) -> str:
    """Give the neighbour of a passage if it stands in the same paragraph, or answers it."""
    if not 0 <= other < len(reading.places):
        return ""
    place, neighbour = reading.places[at], reading.places[other]
    together = place.document == neighbour.document and place.passage.heading == neighbour.passage.heading
    same = place.passage.block == neighbour.passage.block and place.passage.kind == neighbour.passage.kind
    return neighbour.passage.text if together and (same or place.passage.text.endswith(QUESTION_MARKS)) else ""


def find_sources(question: str, answer: str, sources: Sequence[Mapping[str, str]]) -> list[str]:
    """Name the titles of the documents in which the answer really stands."""
    reading = read(sources)
    if not answer.strip() or answer.strip() == NO_ANSWER:
        return []
    found = containing(answer, reading)
    if not found:
        sentences = split_sentences(" ".join(answer.split()))
        found = {
            number for sentence in sentences for number in containing(sentence, reading) or closest(sentence, reading)
        }
    return list(dict.fromkeys(reading.titles[number] for number in sorted(found)))


def containing(answer: str, reading: Reading) -> set[int]:
    words = normalised(answer)
    if words.strip():
        return {number for number, plain in enumerate(reading.plain) if words in plain}
    return {place.document for place in reading.places if answer.strip() in place.passage.text}


def closest(sentence: str, reading: Reading) -> set[int]:
    """Find the documents that have a passage of nearly the same words."""
    stems = stems_of([word for word in words_of(sentence) if word not in FUNCTION_WORDS])
    scores = reading.ranking.scores(stems)
    if not scores:
        return set()
    best: dict[int, int] = {}
    for at, place in enumerate(reading.places):
        if scores[at] > scores[best.setdefault(place.document, at)]:
            best[place.document] = at
    near = [at for at in best.values() if scores[at] >= 0.8 * max(scores)]
    return {
        reading.places[at].document for at in near if share_of(stems, reading.places[at].passage.text) >= SHARE_NAMED
    }

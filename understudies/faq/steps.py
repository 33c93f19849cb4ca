"""What each step of the FAQ answers: questions drawn, a sentence or two quoted, the documents in which they stand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from understudies.faq.reading import Offer, Reading, read
from understudies.prose.english import ENGLISH, FUNCTION_WORDS
from understudies.prose.questions import QUESTION_MARKS
from understudies.prose.sentences import listed, normalised, split_sentences, stems_of, words_of

NO_ANSWER = "The documents do not answer this question."
LONGEST_ANSWER = 3  # sentences
SHARE_NAMED = 0.5  # of an answer's words that a passage must have to count as its source
SHARE_ASKED = 1 / 3  # of a question's words that a passage must have to count as its answer
SHARE_ASKED_ELSE = 0.15  # the same in other languages, whose small words are not known here
ENGLISH_ASKING = ENGLISH | listed("what who whom whose which when where why how does did can should will")
ASKING = listed("""
    text document documents say says said tell mention mentions table stated explain describe done happen happens please
    listed section steps step know much many long often soon
""")
CONTINUES = re.compile(
    r"(?:It|They|This|These|Those|That|He|She|Its|Their|His|Her|Such|Both|However|Therefore|Thus|Hence|Otherwise|Instead|"
    r"As a result|For example|For instance|In addition|Consequently)\b"
)
POINTS_BACK = re.compile(r"(?:It|They|This|These|Those|He|She|Its|Their|His|Her|Such)\b")


class Rule(NamedTuple):
    """What may be drawn, once the rules before it have drawn too little."""

    least: float  # weight of the draft
    again: bool  # from a passage that has given a question already
    same_matter: bool  # about what another question asks something else about


RULES = (
    Rule(1.0, False, False),
    Rule(1.0, False, True),
    Rule(1.0, True, True),
    Rule(0.0, False, True),
    Rule(0.0, True, True),
)


def draw_questions(
    sources: Sequence[Mapping[str, str]], n_questions: int, already: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Draw up to n distinct questions from what the text says, spread over the documents and their sections."""
    return {"questions": drawn(read(sources), n_questions, already)}


def drawn(reading: Reading, most: int, already: Sequence[str]) -> list[str]:
    draw = Draw(already)
    for rule in RULES:
        for offer in reading.offers:
            if len(draw.questions) >= most:
                return draw.questions
            draw.consider(offer, rule)
    return draw.questions


class Draw:
    """The questions drawn so far, and what would repeat them."""

    def __init__(self, already: Iterable[str]) -> None:
        self.questions: list[str] = []
        self.passages: set[int] = set()
        self.known = [content_of(question) for question in already]

    def consider(self, offer: Offer, rule: Rule) -> None:
        if offer.draft.weight < rule.least or (offer.at in self.passages and not rule.again):
            return
        asked, content = content_of(offer.draft.question)
        for other, known in self.known:
            same = content == known if other == asked else content == known and not rule.same_matter
            if same or (other == asked and len(content & known) >= 0.75 * len(content | known)):
                return
        self.questions.append(offer.draft.question)
        self.passages.add(offer.at)
        self.known.append((asked, content))


def content_of(question: str) -> tuple[str, frozenset[str]]:
    """Give how a question asks, and the stems of what it asks about."""
    words = words_of(question)
    return (words or [""])[0], frozenset(stems_of(telling(words)))


def telling(words: Sequence[str]) -> Sequence[str]:
    told = [word for word in words if word not in FUNCTION_WORDS]
    return [word for word in told if word not in ASKING] or told or words


def write_faq(sources: Sequence[Mapping[str, str]], n_questions: int, already: Sequence[str] = ()) -> dict[str, Any]:
    """Draw questions from the documents, answer each from them, and name where the answer stands."""
    questions = drawn(read(sources), n_questions, already)
    answers = [answer_question(question, sources) for question in questions]
    return {
        "faqs": [
            {"question": question, "answer": answer, **find_sources(question, answer, sources)}
            for question, answer in zip(questions, answers, strict=True)
        ]
    }


def answer_question(question: str, sources: Sequence[Mapping[str, str]]) -> str:
    """Quote the sentence or two that answer the question."""
    reading = read(sources)
    owner = reading.owners.get(normalised(question))
    if owner:
        return quote_paragraph(owner.at, reading) if owner.draft.whole else quote(owner.at, reading)
    at = find_passage(question, reading)
    return NO_ANSWER if at is None else quote(at, reading)


def find_passage(question: str, reading: Reading) -> int | None:
    """Find the passage that matches the question best, if it matches enough."""
    words = words_of(question)
    stems = stems_of(telling(words))
    scores = reading.ranking.scores(stems)
    if not scores:
        return None
    best = max(scores, key=lambda at: (scores[at], -at))
    place = reading.places[best]
    context = f"{place.passage.text} {place.passage.heading} {reading.titles[place.document]}"
    english = question.isascii() and not ENGLISH_ASKING.isdisjoint(words)
    return best if share_of(stems, context) >= (SHARE_ASKED if english else SHARE_ASKED_ELSE) else None


def share_of(stems: Sequence[str], text: str) -> float:
    return len(set(stems) & set(stems_of(words_of(text)))) / max(len(set(stems)), 1)


def quote(at: int, reading: Reading) -> str:
    """Quote a passage, with the sentence before it or after it that it does not stand without."""
    text = reading.places[at].passage.text
    before, after = beside(at, at - 1, reading), beside(at, at + 1, reading)
    if text.endswith(QUESTION_MARKS) and after:
        return after
    if before and POINTS_BACK.match(text):
        return f"{before} {text}"
    return f"{text} {after}" if CONTINUES.match(after) else text


def quote_paragraph(at: int, reading: Reading) -> str:
    """Quote the paragraph that a passage begins, up to the length of an answer."""
    ats = range(at + 1, min(at + LONGEST_ANSWER, len(reading.places)))
    block = reading.places[at].passage.block
    others = [beside(at, other, reading) for other in ats if reading.places[other].passage.block == block]
    return " ".join([reading.places[at].passage.text, *filter(None, others)])


def beside(at: int, other: int, reading: Reading) -> str:
    """Give the neighbour of a passage if it stands in the same paragraph, or answers it."""
    if not 0 <= other < len(reading.places):
        return ""
    (document, one), (elsewhere, two) = reading.places[at], reading.places[other]
    together = document == elsewhere and one.heading == two.heading
    same = one.block == two.block and one.kind == two.kind
    return two.text if together and (same or one.text.endswith(QUESTION_MARKS)) else ""


def find_sources(
    question: str, answer: str, sources: Sequence[Mapping[str, str]], invented: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Name the titles of the documents in which the answer really stands, whatever was invented before."""
    reading = read(sources)
    if not answer.strip() or answer.strip() == NO_ANSWER:
        return {"sources": []}
    found = containing(answer, reading) or {
        number
        for sentence in split_sentences(" ".join(answer.split()))
        for number in containing(sentence, reading) or closest(sentence, reading)
    }
    return {"sources": [reading.titles[number] for number in sorted(found)]}


def containing(answer: str, reading: Reading) -> set[int]:
    words = normalised(answer)
    if words.strip():
        return {number for number, plain in enumerate(reading.plain) if words in plain}
    return {place.document for place in reading.places if answer.strip() in place.passage.text}


def closest(sentence: str, reading: Reading) -> set[int]:
    """Find the documents that have a passage of nearly the same words."""
    stems = stems_of([word for word in words_of(sentence) if word not in FUNCTION_WORDS])
    scores = reading.ranking.scores(stems)
    near = [at for at, score in scores.items() if score >= 0.8 * max(scores.values())]
    return {
        reading.places[at].document for at in near if share_of(stems, reading.places[at].passage.text) >= SHARE_NAMED
    }

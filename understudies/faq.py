"""Answer for the FAQ steps by rule, from any documents: no model, no key, no network.

Each question is phrased from a sentence, so that the sentence answers it; one from elsewhere is looked up by BM25.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from understudies.prose.english import FUNCTION_WORDS, listed
from understudies.prose.questions import QUESTION_MARKS
from understudies.prose.reading import Reading, read
from understudies.prose.sentences import normalised, split_sentences, stems_of, words_of

Sources: TypeAlias = Sequence[Mapping[str, str]]
NO_ANSWER = "The documents do not answer this question."
LONGEST_ANSWER = 3  # sentences
SHARE_ASKED = 0.3  # of a question's words that a passage must have to count as its answer
ASKING = listed("""
    text document documents say says said tell mention mentions table stated explain describe done happen happens please
    listed section steps step know much many long often soon
""")
BACK = "It|They|This|These|Those|He|She|Its|Their|His|Her|Such"
POINTS_BACK = re.compile(rf"(?:{BACK})\b")
CONTINUES = re.compile(
    rf"(?:{BACK}|That|Both|However|Therefore|Thus|Hence|Otherwise|Instead|As a result|For example|In addition)\b"
)


def draw_questions(sources: Sources, n_questions: int, already: Sequence[str] = ()) -> dict[str, list[str]]:
    """Draw up to n distinct questions from what the text says, spread over the documents and their sections."""
    reading, questions, passages = read(sources), list[str](), set[int]()
    known = [content_of(question) for question in already]
    # Makeshifts come last, and first what asks of another passage.
    for makeshift, again in product((False, True), (False, True)):
        for at, draft in reading.offers:
            content = content_of(draft.question)
            fresh = (again or at not in passages) and not repeats(content, known)
            if len(questions) < n_questions and fresh and (makeshift or draft.weight >= 1):
                questions.append(draft.question)
                passages.add(at)
                known.append(content)
    return {"questions": questions}


def content_of(question: str) -> tuple[str, frozenset[str]]:
    """Give how a question asks, and the stems of what it asks about."""
    words = words_of(question)
    return (words or [""])[0], frozenset(stems_of(telling(words)))


def repeats(content: tuple[str, frozenset[str]], known: Sequence[tuple[str, frozenset[str]]]) -> bool:
    """Tell a question that asks what another one asks."""
    asked, about = content
    return any(asked == other and len(about & one) >= 0.75 * len(about | one) for other, one in known)


def telling(words: Sequence[str]) -> Sequence[str]:
    told = [word for word in words if word not in FUNCTION_WORDS]
    return [word for word in told if word not in ASKING] or told or words


def write_faq(sources: Sources, n_questions: int, already: Sequence[str] = ()) -> dict[str, Any]:
    """Draw questions from the documents, answer each from them, and name where the answer stands."""
    questions = draw_questions(sources, n_questions, already)["questions"]
    answers = {question: answer_question(question, sources) for question in questions}
    return {
        "faqs": [
            {"question": question, "answer": answer, **find_sources(question, answer, sources)}
            for question, answer in answers.items()
        ]
    }


def answer_question(question: str, sources: Sources) -> str:
    """Quote the sentence or two that answer the question."""
    reading = read(sources)
    owner = reading.owners.get(normalised(question))
    at = owner.at if owner else find_passage(question, reading)
    return NO_ANSWER if at is None else quote(at, reading, whole=bool(owner and owner.draft.whole))


def find_passage(question: str, reading: Reading) -> int | None:
    """Find the passage that matches the question best, if it matches enough."""
    stems = stems_of(telling(words_of(question)))
    known = [stem for stem in stems if stem in reading.ranking.vocab_dict]
    if not known or not reading.places:
        return None
    best = int(reading.ranking.get_scores(known).argmax())
    document, passage = reading.places[best]
    known = stems_of(words_of(f"{passage.text} {passage.heading} {reading.titles[document]}"))
    return best if len(set(stems) & set(known)) >= SHARE_ASKED * max(len(set(stems)), 1) else None


def quote(at: int, reading: Reading, whole: bool) -> str:
    """Quote a passage, with what it does not stand without, or its paragraph up to the length of an answer."""
    text = reading.places[at].passage.text
    before, after = beside(at, at - 1, reading), beside(at, at + 1, reading)
    if text.endswith(QUESTION_MARKS) and after:
        return after
    if whole:
        return " ".join(filter(None, [text, *(beside(at, at + n, reading) for n in range(1, LONGEST_ANSWER))]))
    if before and POINTS_BACK.match(text):
        return f"{before} {text}"
    return f"{text} {after}" if CONTINUES.match(after) else text


def beside(at: int, other: int, reading: Reading) -> str:
    """Give a neighbour of a passage if it stands in the same paragraph, or answers it."""
    if not 0 <= other < len(reading.places):
        return ""
    (document, one), (elsewhere, two) = reading.places[at], reading.places[other]
    same = (one.block, one.kind) == (two.block, two.kind) or one.text.endswith(QUESTION_MARKS)
    return two.text if document == elsewhere and one.heading == two.heading and same else ""


def find_sources(question: str, answer: str, sources: Sources, invented: Sequence[str] = ()) -> dict[str, list[str]]:
    """Name the titles of the documents in which the answer really stands, whatever was invented before."""
    reading, said = read(sources), " ".join(answer.split())
    if not said or said == NO_ANSWER:
        return {"sources": []}
    found = containing(said, reading).union(*(containing(one, reading) for one in split_sentences(said)))
    return {"sources": [reading.titles[number] for number in sorted(found)]}


def containing(answer: str, reading: Reading) -> set[int]:
    words = normalised(answer)
    if words.strip():
        return {number for number, plain in enumerate(reading.plain) if words in plain}
    return {place.document for place in reading.places if answer in place.passage.text}

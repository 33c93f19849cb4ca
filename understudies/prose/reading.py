"""Read a set of documents once: passages, an index over them, and every question they answer."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, zip_longest
from operator import itemgetter
from threading import Lock
from typing import NamedTuple

import bm25s

from understudies.prose.english import FUNCTION_WORDS, is_foreign
from understudies.prose.passages import Passage, read_passages
from understudies.prose.questions import LABEL, QUESTION_MARKS, Draft, ask_for_heading, drafts_of
from understudies.prose.sentences import normalised, stems_of, words_of

TIERS = (2.0, 1.0)  # from here a question asks for what is said, from here whether it is so; below it is a makeshift
SECTION = 12  # passages of a long section that count as one when questions are spread
MOST_ASKED = 2000  # passages that questions are phrased from; of more, every so manyth is
SMALL = re.compile(r"(?<![\w.@/-])[a-z]{2,}(?![\w@/])")
CAPITAL = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+|[A-Z]{2,}\b(?= [a-z]))")


class Place(NamedTuple):
    """The document in which a passage stands, and the passage."""

    document: int
    passage: Passage


class Offer(NamedTuple):
    """A question, and the passage that it is drawn from."""

    at: int
    draft: Draft


class Reading(NamedTuple):
    titles: list[str]
    places: list[Place]
    offers: list[Offer]  # what can be drawn, in the order of drawing
    owners: dict[str, Offer]  # by the normalised question
    plain: list[str]  # each document's words
    ranking: bm25s.BM25


def read(sources: Sequence[Mapping[str, str]]) -> Reading:
    """Read the documents, or remember how they read a moment ago."""
    with lock:  # several workers ask about the same documents at once: one reads, the others wait
        return read_once(tuple((source["title"], source["content"]) for source in sources))


lock = Lock()


@lru_cache(maxsize=4)
def read_once(sources: tuple[tuple[str, str], ...]) -> Reading:
    titles = [title for title, _ in sources]
    documents = [read_passages(content) for _, content in sources]
    places = [Place(number, passage) for number, passages in enumerate(documents) for passage in passages]
    plain = [normalised(" ".join(passage.text for passage in passages)) for passages in documents]
    # A passage is found by its own words, which count twice; its heading and title give the context.
    told = [words_of(f"{passage.text} {passage.text} {passage.heading} {titles[number]}") for number, passage in places]
    ranking = bm25s.BM25()
    ranking.index(
        [["", *stems_of([word for word in words if word not in FUNCTION_WORDS])] for words in told or [[]]],
        show_progress=False,
    )
    owners: dict[str, Offer] = {}  # the one passage that a question fits best
    for offer in sorted(draft_all(documents, titles), key=lambda offer: -offer.draft.weight):
        owners.setdefault(normalised(offer.draft.question), offer)
    return Reading(titles, places, ordered(places, owners.values()), owners, plain, ranking)


def draft_all(documents: Sequence[Sequence[Passage]], titles: Sequence[str]) -> Iterator[Offer]:
    """Phrase the questions of the passages; the first passage under a heading answers for it."""
    text = "\n".join(passage.text for passages in documents for passage in passages)
    # What is written with a capital inside a sentence, and never without one, is a name.
    names = frozenset(CAPITAL.findall(text)) - {word.capitalize() for word in SMALL.findall(text)}
    every, at = max(1, sum(map(len, documents)) // MOST_ASKED), 0
    for title, passages in zip(titles, documents, strict=True):
        start, heading, seen, asked = at, "", set[str](), 0
        for at, passage in enumerate(passages, start):
            drafts = drafts_of(passage, names) if at % every == 0 and passage.text not in seen else []
            if passage.heading not in ("", heading) and stands_for_section(passage):
                heading = passage.heading
                drafts += ask_for_heading(heading, names)
            seen.add(passage.text)
            asked += len(drafts)
            yield from (Offer(at, draft) for draft in drafts)
        if passages and not asked:
            yield Offer(start, Draft(0.1, f"What does the document “{title}” say?", whole=True))
        at = start + len(passages)


def stands_for_section(passage: Passage) -> bool:
    told = passage.kind == "prose" and len(passage.text.split()) > 3 and not LABEL.match(passage.text)
    return told and (not is_foreign(passage.text) or passage.heading.endswith(QUESTION_MARKS))


def ordered(places: Sequence[Place], offers: Iterable[Offer]) -> list[Offer]:
    """Order the questions by tier; in each, documents take turns, and in a document its sections."""
    turns, ranked = Counter[object](), list[tuple[int, int, int, Offer]]()
    for offer in sorted(offers, key=lambda offer: (-offer.draft.weight, offer.at)):
        document, passage = places[offer.at]
        tier = sum(offer.draft.weight < least for least in TIERS)
        section = (document, tier, passage.heading, offer.at // SECTION)
        ranked.append((document, tier, turns[section], offer))
        turns[section] += 1
    ranked.sort(key=itemgetter(0, 1, 2))
    queues = [[offer for *_, offer in group] for _, group in groupby(ranked, key=itemgetter(0))]
    return [offer for row in zip_longest(*queues) for offer in row if offer]

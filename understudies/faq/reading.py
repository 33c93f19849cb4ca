"""Read a set of documents once: passages, an index over them, and every question they answer."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, zip_longest
from threading import Lock
from typing import NamedTuple

from understudies.faq.ranking import Ranking
from understudies.prose.english import is_english
from understudies.prose.passages import Passage, read_passages
from understudies.prose.questions import LABEL, QUESTION_MARKS, Draft, ask_for_heading, drafts_of
from understudies.prose.sentences import normalised, spaced, words_of

TIERS = (10.0, 2.0, 1.0, 0.0)  # bounds: asks for what is said, asks whether it is so, a makeshift
SECTION = 12  # passages of a long section that count as one when questions are spread
MOST_ASKED = 2000  # passages that questions are phrased from; of more, every so manyth is
SMALL = re.compile(r"(?<![\w.@/-])[a-z]{2,}(?![\w@/])")
CAPITAL = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+|[A-Z]{2,}\b(?= [a-z]))")


class Place(NamedTuple):
    """A passage, and the document it stands in."""

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
    ranking: Ranking


def read(sources: Sequence[Mapping[str, str]]) -> Reading:
    """Read the documents, or remember how they read a moment ago."""
    with lock:  # several workers ask about the same documents at once: one reads, the others wait
        return read_once(tuple((source["title"], source["content"]) for source in sources))


lock = Lock()


@lru_cache(maxsize=4)
def read_once(sources: tuple[tuple[str, str], ...]) -> Reading:
    titles = [title for title, _ in sources]
    places = [
        Place(number, passage) for number, (_, content) in enumerate(sources) for passage in read_passages(content)
    ]
    words = [words_of(place.passage.text) for place in places]
    running: list[list[str]] = [[] for _ in sources]
    for place, own in zip(places, words, strict=True):
        running[place.document] += own
    # A passage is found by its own words, which count twice; its heading and title give the context.
    terms = [
        [*own, *own, *words_of(f"{place.passage.heading} {titles[place.document]}")]
        for place, own in zip(places, words, strict=True)
    ]
    owners = owners_of(draft_all(places, titles))
    return Reading(titles, places, ordered(places, owners), owners, [spaced(own) for own in running], Ranking(terms))


def draft_all(places: Sequence[Place], titles: Sequence[str]) -> Iterator[Offer]:
    """Phrase the questions of the passages, document after document; the first under a heading answers for it."""
    names = names_in(place.passage.text for place in places)
    every, at, seen = max(1, len(places) // MOST_ASKED), 0, set[str]()
    for number, group in groupby(places, key=lambda place: place.document):
        passages, heading, start, asked = [place.passage for place in group], "", at, False
        english = is_english(" ".join(passage.text for passage in passages[:200]))
        for at, passage in enumerate(passages, start):
            drafts: list[Draft | None] = []
            if at % every == 0 and passage.text not in seen:
                drafts += drafts_of(passage, names, english)
            if passage.heading not in ("", heading) and stands_for_section(passage, english):
                heading = passage.heading
                drafts.append(ask_for_heading(heading, names))
            seen.add(passage.text)
            asked = asked or any(drafts)
            yield from (Offer(at, draft) for draft in drafts if draft)
        at += 1
        if not asked:
            yield Offer(start, Draft(0.1, f"What does the document “{titles[number]}” say?"))


def stands_for_section(passage: Passage, english: bool) -> bool:
    told = passage.kind == "prose" and len(passage.text.split()) > 3 and not LABEL.match(passage.text)
    return passage.heading.endswith(QUESTION_MARKS) or (told and english)


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """Give the words that are mostly written with a capital inside a sentence."""
    small, capital = Counter[str](), Counter[str]()
    for text in texts:
        small.update(SMALL.findall(text))
        capital.update(CAPITAL.findall(text))
    return frozenset(word for word, count in capital.items() if count >= small[word.lower()])


def owners_of(offers: Iterable[Offer]) -> dict[str, Offer]:
    """Give each question to the one passage that it fits best."""
    owners: dict[str, Offer] = {}
    for offer in offers:
        key = normalised(offer.draft.question)
        if key not in owners or owners[key].draft.weight < offer.draft.weight:
            owners[key] = offer
    return owners


def ordered(places: Sequence[Place], owners: Mapping[str, Offer]) -> list[Offer]:
    """Order the questions by tier; in each, documents take turns, and in a document its sections."""
    queues: dict[int, dict[int, dict[tuple[str, int], list[Offer]]]] = {}
    for offer in sorted(owners.values(), key=lambda offer: (-offer.draft.weight, offer.at)):
        place = places[offer.at]
        tier = sum(offer.draft.weight < bound for bound in TIERS)
        section = (place.passage.heading, offer.at // SECTION)
        queues.setdefault(place.document, {}).setdefault(tier, {}).setdefault(section, []).append(offer)
    turns = [
        [
            offer
            for _, sections in sorted(tiers.items())
            for row in zip_longest(*sections.values())
            for offer in row
            if offer
        ]
        for _, tiers in sorted(queues.items())
    ]
    return [offer for row in zip_longest(*turns) for offer in row if offer]

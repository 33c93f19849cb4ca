"""Read a set of documents once: passages, a BM25 index over them, and every question they answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise, zip_longest
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

from understudies.prose.english import FUNCTION_WORDS
from understudies.prose.phrases import Casing, casing_of
from understudies.prose.phrasing import Draft
from understudies.prose.questions import LABEL, QUESTION_MARKS, ask_for_heading, drafts_of, is_english
from understudies.prose.sentences import normalised, spaced, stems_of, words_of
from understudies.prose.text import Passage, read_passages

TIERS = (10.0, 2.0, 1.0, 0.5, 0.0)  # bounds: well phrased, plain, about a phrase, about a quotation
SECTION = 12  # passages of a long section that count as one when questions are spread


class Placed(NamedTuple):
    """A passage, the document it stands in, and what it is worth."""

    document: int
    section: tuple[str, int]
    passage: Passage
    drafts: list[Draft]
    weight: float  # 0 to 1: how much of what the document is about it says


Offer: TypeAlias = tuple[int, Draft]  # a passage, and a question it answers


class Index:
    """Rank passages by bm25s; words are stemmed once per vocabulary, not once per text."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        words = sorted({word for text in texts for word in text} - FUNCTION_WORDS)
        self.stem_of = dict(zip(words, stems_of(words), strict=True))
        self.ids = {stem: number for number, stem in enumerate(sorted(set(self.stem_of.values())))}
        self.ranker: Any = None
        if self.ids:
            from bm25s import BM25

            tokens = [[self.ids[self.stem_of[word]] for word in text if word in self.stem_of] for text in texts]
            self.ranker = BM25(backend="numpy", csc_backend="numpy")
            self.ranker.index((tokens, self.ids), show_progress=False)

    def scores(self, stems: Sequence[str]) -> list[float]:
        """Score every passage for the stems that occur at all; none if no stem does."""
        known = [stem for stem in stems if stem in self.ids]
        return [float(score) for score in self.ranker.get_scores(known)] if known else []


class Reading(NamedTuple):
    titles: list[str]
    places: list[Placed]
    owners: dict[str, int]  # the normalised question -> the passage it is drawn from
    plain: list[str]  # each document's words
    offers: list[Offer]  # what can be drawn, in the order of drawing
    ranking: Index


def read(sources: Sequence[Mapping[str, str]]) -> Reading:
    """Read the documents, or remember how they read a moment ago."""
    with lock:  # several workers ask about the same documents at once: one reads, the others wait
        return read_once(tuple((source["title"], source["content"]) for source in sources))


lock = Lock()


@lru_cache(maxsize=4)
def read_once(sources: tuple[tuple[str, str], ...]) -> Reading:
    titles = [title for title, _ in sources]
    documents = [read_passages(content) for _, content in sources]
    flat = [(number, passage) for number, passages in enumerate(documents) for passage in passages]
    words = [words_of(passage.text) for _, passage in flat]
    ranking = Index(
        [terms_of(own, passage, titles[number]) for own, (number, passage) in zip(words, flat, strict=True)]
    )
    casing = casing_of(passage.text for _, passage in flat)
    drafts = [
        found
        for title, passages in zip(titles, documents, strict=True)
        for found in draft_document(passages, title, casing)
    ]
    sections = [section for passages in documents for section in sections_of(passages)]
    rows = zip(flat, sections, drafts, weigh([number for number, _ in flat], words, ranking), strict=True)
    places = [Placed(number, section, passage, found, weight) for (number, passage), section, found, weight in rows]
    running: list[list[str]] = [[] for _ in sources]
    for (number, _), own in zip(flat, words, strict=True):
        running[number] += own
    plain = [spaced(own) for own in running]
    owners = owners_of(places)
    return Reading(titles, places, owners, plain, offers_of(places, owners), ranking)


def terms_of(words: Sequence[str], passage: Passage, title: str) -> list[str]:
    """Give the words to find a passage by: its own count twice, its heading and title give the context."""
    return [*words, *words, *words_of(passage.heading), *words_of(title)]


def weigh(documents: Sequence[int], words: Sequence[Sequence[str]], ranking: Index) -> list[float]:
    """Weigh each passage by how well it matches the words its document uses most."""
    weights: list[float] = []
    for _, group in groupby(range(len(words)), key=lambda at: documents[at]):
        span = list(group)
        counts = Counter(word for at in span for word in words[at] if word in ranking.stem_of)
        scores = ranking.scores([ranking.stem_of[word] for word, _ in counts.most_common(20)]) or [0.0] * len(words)
        most = max(scores[at] for at in span) or 1.0
        weights += [scores[at] / most for at in span]
    return weights


def draft_document(passages: Sequence[Passage], title: str, casing: Casing) -> list[list[Draft]]:
    """Phrase the questions of each passage; the first under a heading answers for the section."""
    english = is_english(" ".join(passage.text for passage in passages[:200]))
    drafts: list[list[Draft]] = []
    heading, seen = "", set[str]()
    for passage in passages:
        found = [] if passage.text in seen else drafts_of(passage, casing, english)
        seen.add(passage.text)
        if (
            passage.heading not in ("", heading)
            and can_stand_for_section(passage)
            and (english or passage.heading.endswith(QUESTION_MARKS))
        ):
            asked = ask_for_heading(passage.heading, casing)
            found = sorted([*found, asked] if asked else found, key=lambda draft: -draft.weight)
            heading = passage.heading
        drafts.append(found)
    if passages and not any(drafts):
        drafts[0] = [Draft(0.1, f"What does the document “{title}” say?")]
    return drafts


def can_stand_for_section(passage: Passage) -> bool:
    return passage.kind == "prose" and len(passage.text.split()) > 3 and not LABEL.match(passage.text)


def sections_of(passages: Sequence[Passage]) -> list[tuple[str, int]]:
    sections: list[tuple[str, int]] = []
    for heading, group in groupby(passages, key=lambda passage: passage.heading):
        sections += [(heading, at // SECTION) for at, _ in enumerate(group)]
    return sections


def owners_of(places: Sequence[Placed]) -> dict[str, int]:
    """Give each question to the one passage that it fits best."""
    owners: dict[str, tuple[float, int]] = {}
    for at, place in enumerate(places):
        for draft in place.drafts:
            key = normalised(draft.question)
            if key not in owners or owners[key][0] < draft.weight:
                owners[key] = (draft.weight, at)
    return {key: at for key, (_, at) in owners.items()}


def offers_of(places: Sequence[Placed], owners: Mapping[str, int]) -> list[Offer]:
    """Order the drafts: the documents take turns, and each gives its best first."""
    orders: list[list[Offer]] = []
    for _, group in groupby(enumerate(places), key=lambda pair: pair[1].document):
        own = [
            (at, place, [each for each in place.drafts if owners[normalised(each.question)] == at])
            for at, place in group
        ]
        orders.append([offer for upper, lower in pairwise(TIERS) for offer in order_tier(own, lower, upper)])
    return [offer for row in zip_longest(*orders) for offer in row if offer]


def order_tier(own: Sequence[tuple[int, Placed, list[Draft]]], lower: float, upper: float) -> list[Offer]:
    """Order the drafts of about the same quality: section after section, in each by weight."""
    sections: dict[tuple[str, int], list[tuple[float, int, Draft]]] = {}
    for at, place, drafts in own:
        for draft in drafts:
            if lower <= draft.weight < upper:
                sections.setdefault(place.section, []).append((-draft.weight - place.weight, at, draft))
    ranked = sorted(sorted(offers) for offers in sections.values())
    return [(offer[1], offer[2]) for row in zip_longest(*ranked) for offer in row if offer]

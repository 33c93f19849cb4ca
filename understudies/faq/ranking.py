"""Rank passages by BM25, without an index file or a library of matrices."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

from understudies.prose.english import FUNCTION_WORDS
from understudies.prose.sentences import stems_of

SATURATION, BY_LENGTH = 1.5, 0.75  # k1 and b, as usual


class Ranking:
    """An index of texts, given as their words; small words do not count."""

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        counts = [Counter(text) for text in texts]
        words = sorted({word for count in counts for word in count} - FUNCTION_WORDS)
        stem_of = dict(zip(words, stems_of(words), strict=True))
        self.lengths = [count.total() for count in counts]
        self.holders: dict[str, dict[int, int]] = {}
        for at, count in enumerate(counts):
            for word, times in count.items():
                if stem := stem_of.get(word):
                    held = self.holders.setdefault(stem, {})
                    held[at] = held.get(at, 0) + times

    def scores(self, stems: Iterable[str]) -> dict[int, float]:
        """Score the texts that hold any of the stems."""
        total, scores = len(self.lengths), Counter[int]()
        usual = sum(self.lengths) / max(total, 1) or 1
        for held in (self.holders[stem] for stem in stems if stem in self.holders):
            rareness = log(1 + (total - len(held) + 0.5) / (len(held) + 0.5))
            for at, times in held.items():
                length = 1 - BY_LENGTH + BY_LENGTH * self.lengths[at] / usual
                scores[at] += rareness * times * (SATURATION + 1) / (times + SATURATION * length)
        return dict(scores)

"""Rank texts by BM25."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

from understudies.prose.english import FUNCTION_WORDS
from understudies.prose.sentences import stems_of

SATURATION, BY_LENGTH = 1.5, 0.75  # k1 and b, as usual


class Ranking:
    """An index of texts, given as their words; small words do not count."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        words = sorted({word for text in texts for word in text} - FUNCTION_WORDS)
        stem_of = dict(zip(words, stems_of(words), strict=True))
        self.lengths = [len(text) for text in texts]
        self.holders: dict[str, Counter[int]] = {stem: Counter() for stem in stem_of.values()}
        for at, text in enumerate(texts):
            for word in text:
                if word in stem_of:
                    self.holders[stem_of[word]][at] += 1

    def scores(self, stems: Iterable[str]) -> dict[int, float]:
        """Score the texts that hold any of the stems."""
        total, scores = len(self.lengths), dict[int, float]()
        usual = sum(self.lengths) / max(total, 1) or 1
        for held in (self.holders[stem] for stem in stems if stem in self.holders):
            rareness = log(1 + (total - len(held) + 0.5) / (len(held) + 0.5))
            for at, times in held.items():
                damped = times + SATURATION * (1 - BY_LENGTH + BY_LENGTH * self.lengths[at] / usual)
                scores[at] = scores.get(at, 0) + rareness * times * (SATURATION + 1) / damped
        return scores

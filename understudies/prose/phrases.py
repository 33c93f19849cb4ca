# ruff: noqa: RUF001 - curly quotation marks are what texts have
"""Tell and name noun phrases: what a sentence speaks of."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from understudies.prose.english import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    FUNCTION_WORDS,
    LINKERS,
    MONTHS,
    NUMBER_WORDS,
    OWNERS,
    PREPOSITIONS,
    PRONOUNS,
)
from understudies.prose.lexicon import (
    ALSO_NOUNS,
    COMMON,
    IMPERATIVES,
    IRREGULAR_PASTS,
    PARTICIPLES,
    PASTS,
    THIRDS,
    VERBS,
)
from understudies.prose.sentences import listed

VAGUE_NOUNS = listed("""
    time times year years month months week weeks day days hour hours minute minutes second seconds number amount
    way ways case cases example order part parts result end fact thing things use addition contrast total kind kinds
    type types lot first same rest means basis extent degree percent cent start beginning majority variety range
    purpose people person account own place fig note details nature instance particular general short brief
    conclusion turn theory principle reason reasons sort sorts side sides
""")
ARTICLES = {"a": "a ", "an": "an ", "the": "the ", **dict.fromkeys(sorted(OWNERS - {"such"}), "the ")}
QUANTIFIERS = listed("all most many some several each every both few")
NOT_FIRST = (
    PRONOUNS | PREPOSITIONS | LINKERS | ADVERBS | OWNERS | AUXILIARIES | NUMBER_WORDS | listed("and no not any")
) - QUANTIFIERS
NOT_INSIDE = (
    OWNERS
    | (LINKERS - {"or"})
    | listed("""
    it they we you them to following above below own also often always usually typically generally normally commonly
    still now then sometimes rarely already later never
""")
)
LOWERED_ENDINGS = tuple(sorted(listed("""
    tion sion ment ness ity ance ence ship ism ing ogy ive ous able ible ful less ure hood dom esis ysis osis
""")))  # fmt: skip
NAME = re.compile(r"(?<=[a-z0-9,] )[A-Z][\w'’-]+(?: (?:of (?:the )?)?[A-Z][\w'’-]+)*")
ASIDE = re.compile(r"\s*\([^()]*\)|[\"“”]")
SMALL = re.compile(r"(?<![\w.@/-])[a-z]{2,}(?![\w@/])")
CAPITAL = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+|[A-Z]{2,}\b(?= [a-z]))")
CALENDAR = re.compile(rf"(?:{MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|I)\b")
WORD_ALONE = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
SURELY_PAST = frozenset(IRREGULAR_PASTS) - PARTICIPLES


class Casing(NamedTuple):
    """Which words a set of documents writes small, and which it writes with a capital inside a sentence."""

    small: frozenset[str]
    capital: frozenset[str]

    def small_start(self, phrase: str) -> str:
        """Write a phrase that stood at the head of a sentence as it would stand inside one."""
        first, blank, rest = phrase.partition(" ")
        return (first.lower() if self.is_common(first) else first) + blank + rest

    def is_common(self, word: str) -> bool:
        low, head = word.lower(), word.partition("-")[0]
        if 2 < len(head) < len(word):
            return self.is_common(head)
        if word[1:] != low[1:] or (word in self.capital and low not in FUNCTION_WORDS):
            return False
        if low.endswith(LOWERED_ENDINGS) or low in FUNCTION_WORDS:
            return True
        return any(form in COMMON or form in VERBS or form in self.small for form in (low, low.removesuffix("s")))


def casing_of(texts: Iterable[str]) -> Casing:
    """Count how words are written; one that is mostly written with a capital is taken for a name."""
    small, capital = Counter[str](), Counter[str]()
    for text in texts:
        small.update(SMALL.findall(text))
        capital.update(CAPITAL.findall(text))
    names = (word for word, count in capital.items() if count >= small[word.lower()])
    return Casing(frozenset(small), frozenset(names))


def is_noun_phrase(words: Sequence[str]) -> bool:
    """Tell a phrase that can be the subject of a question and says by itself what is meant."""
    low = [word.lower() for word in words]
    if not 1 <= len(low) <= 9 or not low[0][0].isalpha() or low[-1] in FUNCTION_WORDS:
        return False
    if low[0] in NOT_FIRST or (low[0] in QUANTIFIERS and (len(low) == 1 or low[1] in FUNCTION_WORDS)):
        return False
    if (len(low) < 3 and low[-1] in VAGUE_NOUNS) or NOT_INSIDE.intersection(low) or CALENDAR.fullmatch(words[0]):
        return False
    if any(word[-1] in ",;:!?\"'" or word in "-–—&+" or "/" in word for word in words):
        return False
    if any(word == "first" and before not in DETERMINERS for before, word in pairwise(low)):
        return False
    ordered = low[0] in IMPERATIVES and len(low) > 1 and low[1] in DETERMINERS
    predicated = any(plural(one) and other in VERBS for one, other in pairwise(low))
    return not ordered and not predicated and not any(is_verb(word) for word in low[1:])


def is_verb(word: str) -> bool:
    base = THIRDS.get(word, word if word in VERBS else "")
    return word in AUXILIARIES or word in SURELY_PAST or (bool(base) and base not in ALSO_NOUNS)


def is_participle(word: str) -> bool:
    return word in PARTICIPLES or (
        word.endswith("ed") and len(word) > 4 and word not in ("hundred", "indeed", "exceed")
    )


def plural(word: str) -> bool:
    low = word.lower()
    if low in ("people", "children", "men", "women", "mice", "data", "bacteria", "police"):
        return True
    return len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s"))


def key_phrases(sentence: str) -> list[str]:
    """Name what a sentence mentions, phrases of several words first."""
    phrases = list(names_in(sentence))
    words = ASIDE.sub("", sentence).split()
    for at, word in enumerate(words[:-1]):
        low, after = word.lower(), words[at + 1].lower()
        if low in ARTICLES or (low in PREPOSITIONS - {"to", "like", "as"} and after not in ARTICLES):
            phrase = noun_run(words[at + 1 :], low in ARTICLES)
            if phrase and not (low in ("a", "an") and plural(phrase)):
                phrases.append(ARTICLES.get(low, "") + phrase)
    return sorted(dict.fromkeys(phrases), key=lambda phrase: not has_attribute(phrase))


def names_in(sentence: str) -> Iterator[str]:
    for found in NAME.finditer(sentence):
        if len(found[0]) > 3 and not CALENDAR.match(found[0]) and not found[0].isupper():
            before = sentence[: found.start()].split()[-1].lower()
            yield ARTICLES.get(before, "") + found[0]


def has_attribute(phrase: str) -> bool:
    return phrase.removeprefix("the ").removeprefix("an ").removeprefix("a ").count(" ") > 0


def noun_run(words: Sequence[str], articled: bool) -> str:
    """Read the noun and its attributes up to the small word or punctuation that ends them."""
    run: list[str] = []
    for word in words[:5]:
        plain = word.rstrip(".,;:!?)")
        if not plain or plain.lower() in FUNCTION_WORDS:
            ended = plain.lower()
            break
        run.append(plain)
        if plain != word:
            ended = ""
            break
    else:
        return ""
    if ended in ("one", "ones") or (not articled and run and (run[0].endswith("ing") or run[0].lower() in VERBS)):
        return ""
    return " ".join(run) if is_attributed_noun(run, ended in AUXILIARIES) else ""


def is_attributed_noun(run: Sequence[str], before_verb: bool) -> bool:
    low = [word.lower() for word in run]
    if not 1 <= len(low) <= 3 or len(low[-1]) < 3 or low[-1] in VAGUE_NOUNS or NUMBER_WORDS.intersection(low):
        return False
    if (
        CALENDAR.match(run[-1])
        or not all(WORD_ALONE.fullmatch(word) for word in run)
        or any(is_verb(word) for word in low)
    ):
        return False
    if {"own", "following", "above", "below"}.intersection(low):
        return False
    if low[-1].endswith(("ly", "ed", "ing", "ous", "able", "ible", "ful", "est", "wise")) or is_participle(low[-1]):
        return False
    if "limitation" in low or any(plural(one) and other in VERBS for one, other in pairwise(low)):
        return False
    doubtful = low[1:-1] if before_verb else low[1:]
    return not any(word in THIRDS or word in PASTS for word in doubtful)

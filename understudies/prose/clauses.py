# ruff: noqa: RUF001 - dashes of every kind end a clause
"""Take an English sentence apart, where it is safe: what it speaks of, its verb, and what it says."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from understudies.prose.english import (
    ADVERBS,
    AUXILIARIES,
    DETERMINERS,
    DO,
    HAVE,
    LINKERS,
    NUMBER_WORDS,
    PREPOSITIONS,
    is_adverb,
)
from understudies.prose.lexicon import ALSO_NOUNS, PASTS, THIRDS, VERBS
from understudies.prose.phrases import Casing, is_noun_phrase, is_participle, plural

ASIDE = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
APPOSITION = re.compile(
    r"^([^,;:]+), (?:an?|the|who|which|whose|also|formerly|now|then) [^,;:]+, (?!and\b|or\b)(?=[a-z])"
)
QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]")
DATE_LEAD = re.compile(r"(?:In|On|Since|By) (?:[A-Z][a-z]+ )?(?:\d{1,2},? )?\d{4}(?= [a-zA-Z])")


class Clause(NamedTuple):
    """`auxiliary subject predicate` is the order of a question: "does" "the pump" "draw water"."""

    lead: str
    subject: str
    auxiliary: str
    predicate: str


def find_clause(sentence: str, casing: Casing) -> Clause | None:
    """Find subject and verb; None where they cannot be told with some certainty."""
    lead, words = split_lead(APPOSITION.sub(r"\1 ", ASIDE.sub("", sentence)).rstrip(" .!").split())
    for at in range(1, min(len(words), 14)):
        if words[at - 1][-1] in ",;:–—":
            return None
        if words[at] in LINKERS:
            return None
        found = verb_at(words, at)
        if found:
            subject = words[:at]
            while subject and is_adverb(subject[-1]):
                subject.pop()
            named = name_subject(subject, found[0], casing)
            return Clause(lead, named, found[0], found[1]) if named else None
    return None


def name_subject(words: Sequence[str], auxiliary: str, casing: Casing) -> str:
    """Write the subject as a question names it, or nothing if it does not say by itself what is meant."""
    phrase = " ".join(words)
    quoted = QUOTED.fullmatch(phrase)
    if quoted:
        return f"“{quoted[1]}”"
    plain = QUOTED.sub(r"\1", phrase)
    if not is_noun_phrase(plain.split()):
        return ""
    if plain != phrase:
        return casing.small_start(QUOTED.sub(r"“\1”", phrase))
    many = auxiliary in ("are", "were", "do") and plural(plain) and plain not in casing.capital
    return plain.lower() if many and plain.istitle() and " " not in plain else casing.small_start(plain)


def split_lead(words: list[str]) -> tuple[str, list[str]]:
    """Part an opening such as "In 1954," or "However," from the clause it introduces."""
    first = words[0].rstrip(",").lower() if words else ""
    dated = DATE_LEAD.match(" ".join(words[:5]))
    if dated:
        length = len(dated[0].split())
        return dated[0], words[length:]
    if first in PREPOSITIONS or first in ADVERBS or is_adverb(first) or first in ("and", "but", "so"):
        for at, word in enumerate(words[:9]):
            if word.endswith(","):
                return " ".join(words[: at + 1]).rstrip(","), words[at + 1 :]
    return "", words


def verb_at(words: Sequence[str], at: int) -> tuple[str, str] | None:
    """Give the auxiliary and the predicate of a question if the finite verb stands at this place."""
    word, after = words[at], words[at + 1] if at + 1 < len(words) else ""
    rest = " ".join(words[at + 1 :])
    if word in HAVE and not is_perfect(words[at + 1 :]):
        return {"has": "does", "have": "do", "had": "did"}[word], f"have {rest}"
    if word == "cannot":
        return "can", f"not {rest}"
    if word in AUXILIARIES:
        return (word, rest) if word not in DO or after == "not" or "'" in word else None
    if words[at - 1] == "to" or (after == "by" and word.endswith("ed")):
        return None
    base, auxiliary = main_verb(word, [each for each in words[:at] if not is_adverb(each)])
    if not base or ((base in ALSO_NOUNS or auxiliary == "did") and not surely_verb(words, at, auxiliary)):
        return None
    return auxiliary, f"{base} {rest}".strip()


def main_verb(word: str, before: Sequence[str]) -> tuple[str, str]:
    if word in THIRDS:
        return THIRDS[word], "does"
    if word in PASTS:
        return PASTS[word], "did"
    plural_before = bool(before) and (plural(before[-1]) or "and" in before)
    return (word, "do") if word in VERBS and plural_before else ("", "")


def surely_verb(words: Sequence[str], at: int, auxiliary: str) -> bool:
    """Tell a verb from the noun or participle that looks the same: another verb follows those."""
    after = words[at + 1] if at + 1 < len(words) else ""
    for word, next_word in pairwise([*stretch(words[at + 1 :]), ""]):
        other = word in AUXILIARIES or (word in THIRDS and THIRDS[word] not in ALSO_NOUNS)
        attribute = word in ("called", "named", "based", "used") or next_word in PREPOSITIONS
        if other or (auxiliary != "does" and word in PASTS and not attribute):
            return False
    if auxiliary == "does" and words[0].lower() not in DETERMINERS:
        return False
    opens_object = after in DETERMINERS or after in PREPOSITIONS - {"of"} or is_adverb(after) or after[:1].isdigit()
    return (
        auxiliary != "does" or opens_object or after in NUMBER_WORDS or not after or after in ("more", "less", "when")
    )


def stretch(words: Sequence[str]) -> Iterator[str]:
    """Give the words that surely belong to the same clause."""
    for word in words:
        if word in LINKERS or word in ("and", "to", "after", "before", "with"):
            return
        yield word.rstrip(",;:")
        if word[-1] in ",;:":
            return


def is_perfect(after: Sequence[str]) -> bool:
    following = next((word.rstrip(",") for word in after if not is_adverb(word)), "")
    return is_participle(following) or following in (
        "been",
        "become",
        "begun",
        "come",
        "fallen",
        "risen",
        "had",
        "had to",
    )

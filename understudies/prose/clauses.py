# ruff: noqa: RUF001 - dashes of every kind end a clause
"""Take an English sentence apart, where it is safe: what it speaks of, its verb, and what it says."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from understudies.prose import english
from understudies.prose.english import AUXILIARIES, FUNCTION_WORDS, LINKERS, MONTHS, OWNERS, PRONOUNS, is_adverb, listed

ASIDE = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]")
LEAD = re.compile(r"(?:In|On|At|Since|From|During|After|Before) (?:[\w-]+ ){0,4}[\w-]+")
ENUMERATION = re.compile(r"(?:[\w-]+(?: [\w-]+){,2}, )+[\w-]+(?: [\w-]+)? and ")
PERFECT = re.compile(r"\w+e[dn]|\w+wn|not|become|begun|come|gone|done|run|put|set")
UNFIT = re.compile(rf"[;:!?\"/–—&+]|\b(?:{MONTHS}|\w+day)\b")
QUANTIFIERS = listed("all most many some several each every both few")
NOT_FIRST = (FUNCTION_WORDS | english.NUMBERS.keys() | {"no", "any"}) - english.DETERMINERS - QUANTIFIERS
POINTING = (OWNERS | PRONOUNS) - QUANTIFIERS - {"more", "other", "you", "your"}
# Which thing is meant, these do not say by themselves.
VAGUE = listed("rest result reason way case thing part number amount example time sum table text process method value")
BEFORE_NOUNS = english.DETERMINERS | english.PREPOSITIONS | english.NUMBERS.keys()


class Clause(NamedTuple):
    """`auxiliary subject predicate` is the order of a question: "does" "the pump" "draw water"."""

    subject: str
    auxiliary: str
    predicate: str


def find_clause(sentence: str, names: frozenset[str]) -> Clause | None:
    """Find subject and verb; None where they cannot be told with some certainty."""
    words = without_opening(ASIDE.sub("", sentence).rstrip(" .!")).split()
    listing = len(found[0].split()) if (found := ENUMERATION.match(" ".join(words))) else 0
    for at in range(1, min(len(words), 12)):
        if (words[at - 1][-1] in ",;:–—" and at > listing) or words[at].lower() in LINKERS:
            return None
        if verb := verb_at(words, at):
            subject = name_subject(words[:at], names)
            return Clause(subject, *verb) if subject else None
    return None


def without_opening(sentence: str) -> str:
    """Write "In 1954, she left" as "she left in 1954", and leave out "However,"."""
    lead, comma, rest = sentence.partition(", ")
    if comma and is_adverb(lead.lower()):
        return rest
    moved = comma and LEAD.fullmatch(lead) and AUXILIARIES.isdisjoint(lead.split())
    return f"{rest} {lead[0].lower()}{lead[1:]}" if moved else sentence


def verb_at(words: Sequence[str], at: int) -> tuple[str, str] | None:
    """Give the auxiliary and the predicate of a question if the finite verb stands at this place."""
    word, before, rest = words[at], words[at - 1].lower(), " ".join(words[at + 1 :])
    following = next((each.rstrip(",") for each in words[at + 1 :] if not is_adverb(each)), "")
    if word in english.HAVE and not PERFECT.fullmatch(following) and following not in english.PASTS:
        return {"has": "does", "have": "do", "had": "did"}[word], f"have {rest}"
    if word in english.NEGATED:
        return english.NEGATED[word], f"not {rest}"
    if word in AUXILIARIES:
        return (word, rest) if following == "not" or word not in ("do", "does", "did") else None
    # A noun or a participle that looks like a verb: the verb follows.
    if before in BEFORE_NOUNS or following in english.THIRDS or following in english.PASTS or following in AUXILIARIES:
        return None
    if word in english.PASTS and not AUXILIARIES.isdisjoint(takewhile(lambda each: each not in LINKERS, words[at:])):
        return None
    if word in english.THIRDS and not english.is_plural(before):
        return "does", f"{english.THIRDS[word]} {rest}".strip()
    if word in english.PASTS and following != "by":
        return "did", f"{english.PASTS[word]} {rest}".strip()
    is_verb = word in english.VERBS and (english.is_plural(before) or "and" in words[:at])
    return ("do", f"{word} {rest}".strip()) if is_verb else None


def name_subject(words: Sequence[str], names: frozenset[str]) -> str:
    """Write the subject as a question names it, or nothing if it does not say by itself what is meant."""
    kept = list(words)
    while kept and is_adverb(kept[-1].lower()):
        kept.pop()
    phrase = QUOTED.sub(r"“\1”", " ".join(kept))
    low = re.sub("[“”]| such(?= as)", "", phrase).lower().split()
    if low in (["you"], ["there"]):
        return low[0]
    if not 1 <= len(low) <= 9 or low[0] in NOT_FIRST or low[-1] in FUNCTION_WORDS or not low[0][0].isalpha():
        return ""
    if not (POINTING | AUXILIARIES).isdisjoint(low) or (len(low) < 3 and low[-1] in VAGUE) or UNFIT.search(phrase):
        return ""
    return small_start(phrase, names)


def small_start(phrase: str, names: frozenset[str]) -> str:
    """Write a phrase from the head of a sentence as it would stand inside one; what may be a name keeps its capital."""
    first, blank, rest = phrase.partition(" ")
    named = first in names or first[1:] != first[1:].lower() or first[-1:] == "." or re.match(r"(?:and )?[A-Z]", rest)
    return phrase if named and first.lower() not in FUNCTION_WORDS else first.lower() + blank + rest

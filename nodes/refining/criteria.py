# ruff: noqa: RUF001 - the quotation marks of many scripts stand here on purpose
"""Read a criterion as rules: what of it can be counted, and what of it only its words show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import ceil, inf
from typing import TypeAlias

from nodes.refining import units
from nodes.refining.rules import Place, Rule
from nodes.refining.units import Unit, addressed, phrase
from understudies.prose.english import FUNCTION_WORDS, NUMBERS
from understudies.prose.sentences import listed, words_of

Make: TypeAlias = Callable[[re.Match[str]], list[Rule]]
Reader: TypeAlias = tuple[str, Make]
MOST_PHRASES = 20
LONGEST_PHRASE = 8  # words
SHARE_ADDRESSED = 2 / 3  # of a criterion's telling words

COUNTED: dict[str, Unit] = {
    r"words?": units.WORDS,
    r"sentences?": units.SENTENCES,
    r"char(?:acter)?s?|letters?": units.CHARACTERS,
    r"paragraphs?": units.PARAGRAPHS,
    r"bullet(?:ed)?[- ](?:points?|items?)|bullets?|list items?": units.BULLETS,
    r"(?:sub)?headings?|headlines?": units.HEADINGS,
    r"questions?": units.QUESTIONS,
    r"calls?[- ]to[- ]action|ctas?": units.CALLS,
    r"exclamation (?:marks?|points?)|exclamations?": units.EXCLAMATIONS,
    r"emojis?": units.EMOJIS,
}
ELEMENTS: dict[str, Unit] = {
    r"(?:bullet(?:ed)?|numbered)[- ](?:lists?|points?)|bullets": units.BULLETS,
    r"(?:sub)?heading|headline|title": units.HEADINGS,
    r"question(?: mark)?": units.QUESTIONS,
    r"call[- ]to[- ]action|cta": units.CALLS,
    r"exclamation (?:mark|point)|exclamation": units.EXCLAMATIONS,
    r"emoji": units.EMOJIS,
    r"contraction": units.CONTRACTIONS,
}
TONES: dict[str, tuple[Rule, ...]] = {
    r"friendly|warm(?:ly)?|welcoming|cordial": (Rule(units.WARMTH, least=1),),
    r"polite(?:ly)?|courteous|thankful|grateful": (Rule(units.COURTESY, least=1),),
    r"enthusiastic|energetic|upbeat|lively|excit(?:ing|ed)": (Rule(units.SPIRIT, least=1),),
    r"formal(?:ly)?|professional(?:ly)?|businesslike": (Rule(units.CASUAL, most=0),),
    r"neutral|objective(?:ly)?|factual|sober": (Rule(units.HYPE, most=0),),
    r"clear(?:ly)?|simple|simply|plain|concise(?:ly)?|easy to (?:read|understand)|readable": (
        Rule(units.LONG_SENTENCES, most=0),
    ),
    r"second person|(?:address|speak|talk)(?:es|s)?(?: directly)?(?: to)? the reader(?: directly)?": (
        Rule(units.ADDRESSES, least=1),
    ),
}
# Words that say that something is asked for, not what.
ASKING = FUNCTION_WORDS | listed("""
    text draft response answer answers output result content copy message email post article piece letter reply must
    should need needs have has use uses using used write written writing keep kept keeps tone style voice language
    reader readers tell tells explain explains describe describes discuss discusses length long short total overall
    include includes including contain contains limit limited make makes made sound sounds feel feels read reads end
    ends ending start starts begin begins close closes least most maximum minimum please exactly not no never avoid
    avoids without clear clearly description
""")

_WORTH = {"one": 1, "single": 1, **NUMBERS}
_WORD = f"(?:{'|'.join(_WORTH)})"
_NEXT_WORD = rf"(?:[- ]|(?<=hundred) and |(?<=thousand) and ){_WORD}\b"
# A number cannot end between "twenty" and "five".
_NUMBER = rf"(\d[\d,]{{0,8}}|(?:a )?{_WORD}\b(?:{_NEXT_WORD}){{0,5}}(?!(?<=ty)[- ]{_WORD}))"
_UNIT = rf"[- ]?(?:[a-z]+ )?({'|'.join(COUNTED)})\b"
_ELEMENT = "|".join(f"(?:{pattern})s?" for pattern in ELEMENTS)
_NOT = r"\b(?:no|not|never|without|avoids?|avoiding|free of|cannot|don['’]t|doesn['’]t|excludes?|omits?)\b"
_MENTION = (
    r"(?:mention|include|contain|name|reference|refer to|feature|list|cite|use the (?:word|words|phrase|term))"
    r"(?:e?s|e?d|ing)?|uses? the (?:word|words|phrase|term)|includ(?:es|ing)|mention of"
)
_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{1,200})[\"”»]|(?<!\w)['‘]([^'‘’]{1,200})['’](?!\w)")
_NAMED = re.compile(r"^(?:the\s+)?(?:words?|phrases?|terms?|name|keywords?)\s+", re.IGNORECASE)
_LEADING = re.compile(r"^(?:(?:the|a|an|its|our|your|their|both|all|any|at least|of|that|word)\s+)+", re.IGNORECASE)


def _number(text: str) -> int:
    if text[0].isdigit():
        return int(text.replace(",", ""))
    number = 0
    for word in re.findall("[a-z]+", text.lower()):
        value = _WORTH.get(word, 0)
        number = max(number, 1) * value if value >= 100 else number + value
    return number


def _found_in(table: dict[str, Unit], text: str) -> Unit:
    return next(unit for pattern, unit in table.items() if re.fullmatch(f"(?:{pattern})s?", text.lower()))


def _range(found: re.Match[str]) -> list[Rule]:
    low, high = sorted((_number(found[1]), _number(found[2])))
    return [Rule(_found_in(COUNTED, found[3]), least=low, most=high)]


def _bound(least: Callable[[int], float], most: Callable[[int], float]) -> Make:
    def made(found: re.Match[str]) -> list[Rule]:
        number = _number(found[1])
        return [Rule(_found_in(COUNTED, found[2]), least=least(number), most=most(number))]

    return made


def _element(found: re.Match[str]) -> list[Rule]:
    text = found["element"].lower()
    unit = _found_in(ELEMENTS, text)
    if found["negated"]:
        return [Rule(unit, most=0)]
    position = (found["position"] or "").lower()
    where: Place = "start" if position.startswith(("start", "begin", "open")) else "end" if position else "anywhere"
    least = 2 if unit is units.BULLETS and where == "anywhere" else 1
    return [Rule(unit, least=least, where=where)]


def _tone(rules: tuple[Rule, ...]) -> Make:
    # A tone that is not wanted cannot be told from its words.
    return lambda found: [] if found[1] else list(rules)


def _mention(found: re.Match[str]) -> list[Rule]:
    found_phrases = list(_phrases(found["what"]))[:MOST_PHRASES]
    if found["negated"]:
        return [Rule(unit, most=0) for unit in found_phrases]
    return [Rule(unit, least=1) for unit in found_phrases]


def _phrases(text: str) -> Iterator[Unit]:
    if quoted := [one or other for one, other in _QUOTED.findall(text)]:
        yield from map(phrase, quoted)
        return
    for part in re.split(r",|;|\||\band\b|\bor\b|&", text):
        in_full = _NAMED.sub("", part.strip(" .:!?"))
        bare = _LEADING.sub("", in_full)
        if any(word not in ASKING for word in words_of(bare)) and len(bare.split()) <= LONGEST_PHRASE:
            yield phrase(bare, in_full)


_AT_MOST = (
    r"(?:at most|no more than|not more than|no longer than|not (?:be )?longer than|not exceed(?:ing)?|up to|within|"
    r"maximum(?: of)?|max\.?|limit(?:ed)? (?:it )?(?:to|of))"
)
_BELOW = r"(?:under|below|(?:fewer|less|shorter) than)"
_AT_LEAST = r"(?:at least|no (?:less|fewer|shorter) than|not (?:less|fewer) than|minimum(?: of)?|min\.?)"
_ABOVE = r"(?:more than|over|above|longer than)"
_ABOUT = r"(?:about|around|roughly|approximately|some)"
_PLACED = r"(?P<position>\b(?:start|begin|open|end|close|finish|conclude)(?:e?s|ing)?) (?:with|in|on)\b"
_ASKED = rf"(?P<negated>{_NOT})|\b(?:any|an?|the|asks?|uses?|using|has|have|contains?|includes?|poses?|with)\b|\A"
_AROUND = r"(?:\b(?:an?|the|any|contain|include|use|have|ask|short|clear|rhetorical|strong|brief|catchy)\s+){0,3}"


def _compiled(readers: list[Reader]) -> list[tuple[re.Pattern[str], Make]]:
    # ASCII: else a dotted or a dotless i of Turkish would count as the i of a word, and the tables do not know it.
    return [(re.compile(pattern, re.IGNORECASE | re.ASCII), make) for pattern, make in readers]


_COUNTING = _compiled(
    [
        (rf"\bbetween {_NUMBER} and {_NUMBER}{_UNIT}", _range),
        (rf"(?:\bbetween )?\b{_NUMBER}\s*(?:-|–|to|or)\s*{_NUMBER}{_UNIT}", _range),
        (rf"\b{_AT_MOST} {_NUMBER}{_UNIT}", _bound(lambda n: 0, lambda n: n)),
        (
            rf"\b{_NUMBER}{_UNIT} (?:or (?:less|fewer|shorter)|at most|max(?:imum)?|limit)",
            _bound(lambda n: 0, lambda n: n),
        ),
        (rf"\b{_BELOW} {_NUMBER}{_UNIT}", _bound(lambda n: 0, lambda n: n - 1)),
        (rf"\b{_AT_LEAST} {_NUMBER}{_UNIT}", _bound(lambda n: n, lambda n: inf)),
        (rf"\b{_NUMBER}\+{_UNIT}", _bound(lambda n: n, lambda n: inf)),
        (rf"\b{_NUMBER}{_UNIT} (?:or (?:more|longer)|at least|minimum)", _bound(lambda n: n, lambda n: inf)),
        (rf"\b{_ABOVE} {_NUMBER}{_UNIT}", _bound(lambda n: n + 1, lambda n: inf)),
        (rf"\b{_ABOUT} {_NUMBER}{_UNIT}", _bound(lambda n: ceil(0.8 * n), lambda n: int(1.2 * n))),
        (rf"\b(?:exactly |only )?{_NUMBER}{_UNIT}", _bound(lambda n: n, lambda n: n)),
    ]
)
_READING = _compiled(
    [
        (rf"(?:{_PLACED}|{_ASKED})\s*{_AROUND}\b(?P<element>{_ELEMENT})\b", _element),
        *[(rf"({_NOT}(?: [a-z]+)? )?\b(?:{pattern})\b", _tone(rules)) for pattern, rules in TONES.items()],
        (rf"(?P<negated>{_NOT}(?: be)?) ?(?:{_MENTION})\b:?\s*(?P<what>[^.;]{{1,1000}})", _mention),
        (rf"(?P<negated>)\b(?:{_MENTION})\b:?\s*(?P<what>[^.;]{{1,1000}})", _mention),
    ]
)
# A bound on each part of a draft: what is counted here is counted in the whole of it.
_OF_EACH = re.compile(
    rf"\b(?:each|every|per)\b|\b(?:no|any) (?:{'|'.join(COUNTED)}) "
    r"(?:(?:is|are|has|have|with|of|may|should|must|that|which|longer|shorter|over|under|above|below)\b|exceed)",
    re.IGNORECASE,
)
_SIGNS = {"<=": "at most", "≤": "at most", ">=": "at least", "≥": "at least", "<": "under", ">": "over"}
_SIGN = re.compile(r"(<=|>=|[≤≥<>])\s*(?=\d)")


@lru_cache(maxsize=256)
def rules_of(criterion: str) -> tuple[Rule, ...]:
    """Return the rules that a criterion comes to, at least one."""
    rules: list[Rule] = []
    text = _SIGN.sub(lambda found: f"{_SIGNS[found[1]]} ", criterion)
    for pattern, make in _READING if _OF_EACH.search(text) else [*_COUNTING, *_READING]:

        def taken(found: re.Match[str], make: Make = make) -> str:
            made = make(found)
            rules.extend(made)
            return " | " if made else found[0]

        text = pattern.sub(taken, text)
    return tuple(dict.fromkeys([*rules, *_left_over(criterion, text, bool(rules))]))


def _left_over(criterion: str, rest: str, has_rules: bool) -> Iterator[Rule]:
    words = frozenset(words_of(rest)) - ASKING
    if not words and has_rules:
        return
    if words and re.search(_NOT, rest, re.IGNORECASE):
        # Of what is not wanted only the words themselves can be looked for.
        yield from (Rule(phrase(word), most=0, measured=False) for word in sorted(words)[:MOST_PHRASES])
        return
    all_words = frozenset(words_of(criterion))
    words = words or all_words - FUNCTION_WORDS or all_words or frozenset([criterion.strip()])
    yield Rule(addressed(criterion, words), least=ceil(SHARE_ADDRESSED * len(words)), measured=False)

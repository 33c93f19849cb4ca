"""Read a criterion as rules: what of it can be counted, and what of it only its words show."""
# ruff: noqa: RUF001 - the punctuation of many scripts stands here on purpose

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from math import ceil, inf

from understudies.prose.english import FUNCTION_WORDS, NUMBERS
from understudies.prose.sentences import listed, stems_of, words_of
from understudies.refine.rules import HEADING, ITEM, Rule, pieces_of

_MOST_PHRASES = 20
_LONGEST_PHRASE = 8  # words
_ACTS = "get|try|buy|order|call|contact|visit|click|sign up|subscribe|join|start|book|download|learn|find out|reply|see"
# Words that say that something is asked for, not what.
_ASKING = FUNCTION_WORDS | listed("""
    text draft answer content word words phrase term must should need needs use uses used keep tone style voice length
    long short include includes contain contains mentions limit make makes sound sounds read reads end ends start starts
    least most please exactly never avoid avoids clear clearly
""")


def _number_of(pattern: str) -> Callable[[str], int]:
    compiled = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    return lambda draft: sum(1 for _ in compiled.finditer(draft))


_AMOUNTS = {
    r"words?": Rule("Words", lambda draft: sum(any(map(str.isalnum, word)) for word in draft.split())),
    r"sentences?": Rule("Sentences", lambda draft: sum(piece.kind == "sentence" for piece in pieces_of(draft))),
    r"char(?:acter)?s?|letters?": Rule("Characters", lambda draft: len(draft.strip())),
    r"paragraphs?": Rule("Paragraphs", _number_of(r"(?:\A|\n[ \t]*\n)[^\s#]"), place="end"),
}
_POINTS = ("- What it is", "- Whom it concerns", "- What it takes", "- What comes next", "- Point {number}")
_CALL = rf"(?:^|(?<=[.!?] ))\W{{0,4}}(?:{_ACTS})\b|\b(?:contact us|learn more|find out more)\b"
_QUESTION = r"[?？][\"'”’»)\]*]*(?=\s|$)"
_ELEMENTS = {
    r"(?:bullet(?:ed)?|numbered)[- ](?:list|point|item)s?|bullets?|list items?": Rule(
        "List items", _number_of(f"^{ITEM}"), _POINTS
    ),
    r"(?:sub)?headings?|headlines?|titles?": Rule(
        "Headings", _number_of(f"^{HEADING}"), ("# About {subject}",), "start"
    ),
    r"questions?(?: marks?)?": Rule("Questions", _number_of(_QUESTION), ("What should you know about {subject}?",)),
    r"calls?[- ]to[- ]action|ctas?": Rule(
        "Calls to action", _number_of(_CALL), ("Find out more about {subject} today.",)
    ),
    r"exclamation(?: mark| point)?s?": Rule("Exclamation marks", _number_of("[!！]"), ("This is about {subject}!",)),
}
_WORTH = {"one": 1, "single": 1, **NUMBERS}
_WORD = f"(?:{'|'.join(_WORTH)})"
# A number cannot end between "twenty" and "five".
_NUMBER = (
    rf"(?:\d[\d,]{{0,8}}|(?:a )?{_WORD}\b(?:(?:[- ]|(?<=hundred) and |(?<=thousand) and ){_WORD}\b){{0,5}}"
    rf"(?!(?<=ty)[- ]{_WORD}))"
)
_COUNT = (
    r"(?:(?P<under><(?!=)|\b(?:under|below|(?:fewer|less|shorter) than))"
    r"|(?P<most>≤|<=|\b(?:at most|(?:no|not) (?:more|longer) than|up to|within|max(?:imum|\.)?(?: of)?|"
    r"limit(?:ed)? (?:it )?(?:to|of)))"
    r"|(?P<least>≥|>=|\b(?:at least|(?:no|not) (?:less|fewer) than|min(?:imum|\.)?(?: of)?))"
    r"|(?P<above>>(?!=)|\b(?:more than|over|above))|(?P<about>\b(?:about|around|roughly|approximately)))?\s*"
    rf"(?:\bbetween (?P<from>{_NUMBER}) and (?P<till>{_NUMBER})"
    rf"|\b(?P<low>{_NUMBER})(?:\s*(?:-|–|to|or)\s*(?P<high>{_NUMBER}))?)[- ]?(?:[a-z]+ )?"
    rf"(?P<unit>{'|'.join([*_AMOUNTS, *_ELEMENTS])})\b(?P<more> or more)?(?P<fewer> or (?:less|fewer)| max| limit)?"
)
# A bound on each part of a draft: what is counted here is counted in the whole of it.
_OF_EACH = r"\b(?:each|every|per)\b|\b(?:no|any) \w+ (?:(?:is|are|has|have|with|of|may|must|that|longer|over)\b|exceed)"
_NOT = r"\b(?:no|not|never|without|avoids?|avoiding|free of|don['’]t|doesn['’]t|excludes?|omits?)\b"
_ELEMENT = (
    r"(?:\b(?:(?P<start>start|begin|open)|(?P<end>end|close|finish|conclude))(?:e?s|ing)? (?:with|in|on)\b"
    rf"|(?P<negated>{_NOT})|\b(?:an?|the|asks?|uses?|using|has|have|contains?|includes?|with)\b|\A)\s*"
    rf"(?:\b(?:an?|the|any|contain|include|use|have|ask|short|clear|strong)\s+){{0,3}}\b(?P<unit>{'|'.join(_ELEMENTS)})\b"
)
_MENTION = (
    rf"(?P<negated>{_NOT}(?: be)? )?\b(?:(?:mention|include|contain|name|refer to|list|cite)(?:e?s|e?d|ing)?|including|"
    r"(?:says?|uses?) the (?:words?|phrase|term))\b:?\s*(?P<what>[^.;]{1,1000})"
)
_QUOTED = r"[\"“«]([^\"“”«»]{1,200})[\"”»]|(?<!\w)['‘]([^'‘’]{1,200})['’](?!\w)"


def _counted(found: re.Match[str]) -> list[Rule]:
    low, *more = sorted(_number(found[name]) for name in ("from", "till", "low", "high") if found[name])
    high = more[0] if more else low
    bounds = {
        "under": (0, low - 1),
        **dict.fromkeys(("most", "fewer"), (0, high)),
        **dict.fromkeys(("least", "more"), (low, inf)),
        "above": (low + 1, inf),
        "about": (ceil(0.8 * low), int(1.2 * high)),
    }
    least, most = next((bound for name, bound in bounds.items() if found[name]), (low, high))
    return [replace(_unit(found), least=least, most=most)]


def _number(text: str) -> int:
    if text[0].isdigit():
        return int(text.replace(",", ""))
    number = 0
    for value in (_WORTH.get(word, 0) for word in re.findall("[a-z]+", text.lower())):
        number = max(number, 1) * value if value >= 100 else number + value
    return number


def _unit(found: re.Match[str]) -> Rule:
    units = {**_AMOUNTS, **_ELEMENTS}
    return next(rule for pattern, rule in units.items() if re.fullmatch(pattern, found["unit"], re.IGNORECASE))


def _element(found: re.Match[str]) -> list[Rule]:
    unit, where = _unit(found), "start" if found["start"] else "end" if found["end"] else ""
    return [replace(unit, most=0) if found["negated"] else replace(unit, least=1, where=where)]


def _mentioned(found: re.Match[str]) -> list[Rule]:
    quoted = [one or other for one, other in re.findall(_QUOTED, found["what"])]
    parts = [part.strip(" .:!?") for part in re.split(r",|;|\band\b|\bor\b|&", found["what"])]
    named = [part for part in parts if set(words_of(part)) - _ASKING and len(part.split()) <= _LONGEST_PHRASE]
    phrases = [_phrase(text) for text in (quoted or named)[:_MOST_PHRASES]]
    return [replace(one, most=0) if found["negated"] else replace(one, least=1) for one in phrases]


def _phrase(text: str) -> Rule:
    """Say whether the telling words of a phrase are there, in any inflection."""
    wanted = _telling(text)
    name, sample = f"Mentions of {text!r}", f"It also covers {text}."
    return Rule(name, lambda draft: int(wanted <= _telling(draft)) if wanted else draft.count(text), (sample,))


def _telling(text: str) -> set[str]:
    return set(stems_of([word for word in words_of(text) if word not in _ASKING]))


_READERS = {_COUNT: _counted, _ELEMENT: _element, _MENTION: _mentioned}
# ASCII: else a dotted or a dotless i of Turkish would count as the i of a word, and the tables do not know it.
_FLAGS = re.IGNORECASE | re.ASCII


@lru_cache(maxsize=256)
def rules_of(criterion: str) -> tuple[Rule, ...]:
    """Return the rules that a criterion comes to, at least one."""
    rules: list[Rule] = []
    text = criterion
    for pattern, make in _READERS.items():
        if pattern is not _COUNT or not re.search(_OF_EACH, text, re.IGNORECASE):
            rules += [rule for found in re.finditer(pattern, text, _FLAGS) for rule in make(found)]
            text = re.sub(pattern, " | ", text, flags=_FLAGS)
    return (*rules, *_left_over(criterion, text, bool(rules)))


def _left_over(criterion: str, rest: str, has_rules: bool) -> Iterator[Rule]:
    """Yield rules for what no rule can judge: its telling words must be there, or none of what is not wanted."""
    words = [word for word in dict.fromkeys(words_of(rest)) if word not in _ASKING]
    if words and re.search(_NOT, rest, re.IGNORECASE):
        yield from (replace(_phrase(word), most=0, measured=False) for word in words[:_MOST_PHRASES])
    elif words or not has_rules:
        said = criterion.strip().rstrip(".!?") or criterion
        rule = replace(_phrase(" ".join(words) or said), samples=(f"Asked for as well: {said}.",))
        yield replace(rule, least=1, measured=False)

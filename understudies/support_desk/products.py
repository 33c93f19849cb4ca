"""Find the products in a part of a message, as the customer calls them."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from understudies.support_desk.clauses import Message

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
GENERIC = frozenset(_WORDS["generic"].split())
CONDITIONS = frozenset(_WORDS["conditions"].split())
SKIPPED = frozenset(_WORDS["skipped"].split())
STOPS = GENERIC.union(CONDITIONS, _WORDS["stops"].split())
NEVER = GENERIC.union(_WORDS["never"].split())
_LONGEST_NAME = 7  # words
_FURTHEST = 200  # signs in which a name stands
_MOST = 60

_WORD = re.compile(r"[^\W_](?:[\w'/.+-]*[^\W_])?")
_TRIGGER = re.compile(
    r"\b(?:return(?:s|ing|ed)?|send(?:ing)?|sent|giv(?:e|ing)|bring(?:ing)?|tak(?:e|ing)|ship(?:ping)?|hand|post|mail|"
    r"refund(?:ed|ing)?|money back|reimburse(?: me|d|ment)|rid|rma|want)\b"
    r"(?:\s*[:=-]\s|\s+(?:(?:me|us|you|back|off|in|request|label|form|order)\b\s*)*(?:for|of|on)?\b|(?=\s))"
)
# "Return the kettle because it leaks, and also the lamp, which hums": another one, with a reason of its own.
_ANOTHER = re.compile(
    r"\b(?:and|plus|also)\s(?:also\s)?(?:for\s)?(?=(?:the|my|our)\s[\w'\" -]{2,40}?[,\s(]{1,2}"
    r"(?:because|as|since|which|it's|it is|is too)\b)"
)
_OWNED = re.compile(
    r"\b(?:(?:bought|purchased|ordered|received|got|own)\s"
    r"(?!(?:on|in|from|at|for|to|last|this|yesterday|today|it|them)\b)|(?:item|product|article)(?: name)?\s?[:=]\s?)"
)
_DETERMINED = re.compile(r"(?<![\w'])(?:the|my|our|this|these|those|both|your|it's|it is|is|are)\s(?=[^\W_]|['\"])")
_NEXT = re.compile(
    r"(?:\s*\([^()\n]{0,80}\)|(?<=['\"])\s[a-z]+)?\s*"
    r"(?:[,&+/;\x1e]\s*(?:and|plus|also|or)?|\b(?:and|plus|or|as well as)\b)\s*(?:also\s+)?"
)
_COUNT = re.compile(r"\d{1,2}x?|x\d{1,2}")


class Product(NamedTuple):
    """A product's name in the message, where it stands, and the word for its condition before it, such as broken."""

    name: str
    start: int
    end: int
    condition: str | None


def asked_for(message: Message, start: int, end: int) -> list[Product]:
    """Return the products that a return verb or a refund names between two places of the message."""
    found: dict[int, Product] = {}
    for pattern in (_TRIGGER, _ANOTHER) if _TRIGGER.search(message.plain, start, end) else ():
        for trigger in pattern.finditer(message.plain, start, end):
            for product in _series(message, trigger.end(), end):
                found.setdefault(product.end, product)
    return list(found.values())


def spoken_of(message: Message, start: int, end: int) -> list[Product]:
    """Return the products that are spoken of between two places, as bought or with an article."""
    places = [found.end() for found in _OWNED.finditer(message.plain, start, end)]
    places += [found.start() for found in _DETERMINED.finditer(message.plain, start, end)]
    return next(filter(None, (_series(message, at, end) for at in sorted(places))), [])


def _from_quotes(message: Message, span: tuple[int, int]) -> Product | None:
    name = message.text[span[0] + 1 : span[1] - 1].strip(" .,")
    is_name = any(map(str.isalpha, name)) and len(name.split()) <= _LONGEST_NAME
    return Product(name, *span, None) if is_name else None


def _series(message: Message, start: int, end: int) -> list[Product]:
    """Return the products named one after the other from here on."""
    products: list[Product] = []
    while len(products) < _MOST and (product := _named(message, start, end)):
        products.append(product)
        joint = _NEXT.match(message.plain, product.end, end)
        if joint is None:
            break
        start = joint.end()
    return products


def _named(message: Message, start: int, end: int) -> Product | None:
    """Return the product that is named here, if one is."""
    condition, words, at = None, list[re.Match[str]](), start
    for word in _WORD.finditer(message.plain, start, min(end, start + _FURTHEST)):
        gap, at = message.plain[at : word.start()].strip(), word.end()
        if not words and word.start() - 1 in message.quotes:
            return _from_quotes(message, (word.start() - 1, message.quotes[word.start() - 1]))
        if gap if words else gap.strip(" \"'#:-\x1e"):
            break
        if not words and word[0] in CONDITIONS:
            condition = word[0]
        elif not words and (word[0] in SKIPPED or _COUNT.fullmatch(word[0])):
            continue
        elif word[0] in STOPS or len(words) == _LONGEST_NAME or (words and _ends(message, words, word)):
            break
        else:
            words.append(word)
        if word[0].endswith("'s"):
            # "The blender's motor" is about the blender.
            break
    return _product(message, words, condition)


def _ends(message: Message, words: list[re.Match[str]], word: re.Match[str]) -> bool:
    """Tell that a name of several capitals or numbers is over: what follows is small."""
    name = all(not message.text[one.start()].islower() for one in words)
    return len(words) > 1 and name and message.text[word.start()].islower()


def _product(message: Message, words: list[re.Match[str]], condition: str | None) -> Product | None:
    plain = [word[0] for word in words]
    if not plain or NEVER.intersection((plain[0], plain[-1], plain[-1].removesuffix("s"))):
        return None
    start, end = words[0].start(), words[-1].end() - len("'s") * plain[-1].endswith("'s")
    return Product(message.text[start:end], start, end, condition)

"""Find the products in a part of a message, as the customer calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from nodes.support.clauses import Message
from nodes.support.vocabulary import CONDITIONS, NEVER, SKIPPED, STOPS

_LONGEST_NAME = 7  # words
_MOST = 60
_POSSESSIVE = len("'s")

_WORD = re.compile(r"[^\W_][\w'/.+-]*[^\W_]|[^\W_]")
_TRIGGER = re.compile(
    r"\b(?:return|returns|returning|returned|retrun|retun|sending|send|sent|giving|give|bringing|"
    r"bring|taking|take|shipping|ship|"
    r"hand|post|mail|refund|refunded|refunding|money back|reimburse me|reimbursement|rid|rma|reimbursed|want)\b"
    r"(?:\s*[:=-]\s|\s+(?:(?:me|us|you|back|off|in|request|label|form|order)\b\s*)*(?:for|of|on)?\b|(?=\s))"
)
# "Return the kettle because it leaks, and also the lamp, which hums": another one, with a reason of its own.
_ANOTHER = re.compile(
    r"\b(?:and|plus|also)\s(?:also\s)?(?:for\s)?(?=(?:the|my|our)\s[\w'\" -]{2,40}?[,\s(]{1,2}"
    r"(?:because|as|since|which|it's|it is|is too)\b)"
)
_OWNED = re.compile(
    r"\b(?:bought|purchased|ordered|received|got|own)\s(?!(?:on|in|from|at|for|to|last|this|yesterday|today|it|them)\b)"
)
_DETERMINED = re.compile(r"(?<![\w'])(?:the|my|our|this|these|those|both|your|it's|it is|is|are)\s(?=[^\W_]|['\"])")
_MODEL = re.compile(
    r"(?<![\w-])(?:[A-Z][\w+-]*\s){0,3}(?:[A-Z][a-z]+[A-Z]\w*|"
    r"[A-Z]\w*(?=\s[\w-]*\d))(?:\s(?:[A-Z][\w+-]*|\d[\w-]*)){0,3}"
)
_MODEL_NUMBER = re.compile(r"[A-Z]{1,4}[-_]?\d{1,5}")
_FORM = re.compile(r"\b(?:item|product|article)s?(?: names?)?\s?[:=]\s?")
# "- label printer: prints blank pages"
_TOPIC = re.compile(r"[^\W_][^:\n\x1e]{1,40}?\s?(?::|[-\u2013]\s)")
_NEXT = re.compile(
    r"(?:\s*\([^()\n]{0,80}\))?"
    r"(?P<joint>(?:\s*(?:,|&|\+|/|;|\x1e)\s*|\s+)(?:(?:and|plus|also|as well as|or)\s+)*(?:also\s+)?)"
)
_NOUN_BEHIND = re.compile(r"(\s+([a-z]+))\s*(?:,|&|and\b|\()")
_JOINED = re.compile(r"[,&+/]|\b(?:and|plus|or|as well as)\b")


class Product(NamedTuple):
    """A product's name in the message, where it stands, and the word for its condition before it, such as broken."""

    name: str
    start: int
    end: int
    condition: str | None


def asked_for(message: Message, start: int, end: int) -> list[Product]:
    """Return the products that a return verb or a refund names between two places of the message."""
    found: dict[int, Product] = {}
    for trigger in _TRIGGER.finditer(message.plain, start, end):
        for product in _series(message, trigger.end(), end):
            found.setdefault(product.end, product)
    for another in _ANOTHER.finditer(message.plain, start, end) if found else ():
        for product in _series(message, another.end(), end):
            found.setdefault(product.end, product)
    return list(found.values()) or _quoted(message, start, end)


def spoken_of(message: Message, start: int, end: int) -> list[Product]:
    """Return the products that are spoken of between two places: bought, owned or called by a model's name."""
    if clearly := clearly_spoken_of(message, start, end):
        return clearly
    for opener in _DETERMINED.finditer(message.plain, start, end):
        if series := _series(message, opener.start(), end):
            return series
    model = _MODEL.search(message.text, start, end)
    if model and (series := _series(message, model.start(), end)):
        return series
    return _quoted(message, start, end)


def clearly_spoken_of(message: Message, start: int, end: int) -> list[Product]:
    """Return the products that a form or an item of a list names, or that were bought, or that are what is told of."""
    if _TOPIC.match(message.plain, start) and _begins_item(message, start) and (series := _series(message, start, end)):
        return series
    for pattern in (_FORM, _OWNED):
        for opener in pattern.finditer(message.plain, start, end):
            if series := _series(message, opener.end(), end):
                return series
    return _series(message, start, end) if _DETERMINED.match(message.plain, start, end) else []


def _begins_item(message: Message, start: int) -> bool:
    return message.plain[max(0, start - 8) : start].rstrip(" ").endswith("\x1e")


def _quoted(message: Message, start: int, end: int) -> list[Product]:
    spans = [(at, message.quotes[at]) for at in range(start, end) if at in message.quotes]
    return [product for span in spans if span[1] <= end and (product := _from_quotes(message, span))]


def _from_quotes(message: Message, span: tuple[int, int]) -> Product | None:
    name = message.text[span[0] + 1 : span[1] - 1].strip(" .,")
    is_name = any(map(str.isalpha, name)) and len(name.split()) <= _LONGEST_NAME
    return Product(name, *span, None) if is_name else None


def _series(message: Message, start: int, end: int) -> list[Product]:
    """Return the products named one after the other from here on."""
    products: list[Product] = []
    while len(products) < _MOST and (product := _named(message, start, end, first=not products)):
        products.append(product)
        joint = _NEXT.match(message.plain, _after_noun(message, product.end, end), end)
        if joint is None or not _JOINED.search(joint["joint"]):
            break
        start = joint.end()
    return products


def _after_noun(message: Message, start: int, end: int) -> int:
    """Go past the noun behind a name, as in "the 'Trail Runner' shoes and"."""
    noun = _NOUN_BEHIND.match(message.plain, start, end)
    return noun.end(1) if noun and noun[2] not in STOPS else start


def _named(message: Message, start: int, end: int, *, first: bool) -> Product | None:
    """Return the product that is named here, if one is."""
    condition, determined, words = None, first, list[re.Match[str]]()
    at = start
    for word in _words(message, start, end):
        before, at = message.plain[at : word.start()], word.end()
        plain = message.plain[word.start() : word.end()]
        opened = word.start() - 1
        if opened in message.quotes and not words:
            return _from_quotes(message, (opened, message.quotes[opened]))
        if before.strip() and (words or before.strip(" \"'#:-\x1e")):
            break
        if not words and plain in CONDITIONS:
            condition = plain
        elif not words and _is_skipped(plain):
            determined = determined or plain not in ("of", "for", "on", "to", "about", "back", "please")
        elif plain in STOPS or (words and _ends(message, words, word)) or len(words) == _LONGEST_NAME:
            break
        else:
            words.append(word)
    words = _without_part(message, words)
    if not words or _is_generic(message, words) or not (determined or _stands_out(message, words, end)):
        return None
    end = words[-1].end() - _POSSESSIVE * _is_possessive(message, words[-1])
    return Product(message.text[words[0].start() : end], words[0].start(), end, condition)


def _is_possessive(message: Message, word: re.Match[str]) -> bool:
    return message.plain[word.start() : word.end()].endswith("'s")


def _without_part(message: Message, words: list[re.Match[str]]) -> list[re.Match[str]]:
    """Leave out what belongs to the product: "the blender's motor" is about the blender."""
    is_part = len(words) > 1 and message.plain[words[-1].start() : words[-1].end()] in NEVER
    return words[:-1] if is_part and _is_possessive(message, words[-2]) else words


def _words(message: Message, start: int, end: int) -> Iterator[re.Match[str]]:
    return _WORD.finditer(message.text, start, min(end, start + 200))


def _is_skipped(word: str) -> bool:
    return word in SKIPPED or bool(re.fullmatch(r"\d{1,2}x?|x\d{1,2}", word))


def _is_generic(message: Message, words: list[re.Match[str]]) -> bool:
    plain = [message.plain[word.start() : word.end()] for word in words]
    return (
        plain[-1] in NEVER
        or plain[-1].removesuffix("s") in NEVER
        or plain[0] in NEVER
        or re.fullmatch(r"[\d.,/-]+|[a-z]{1,4}[-_]?\d{2,}", " ".join(plain)) is not None
    )


def _ends(message: Message, words: list[re.Match[str]], word: re.Match[str]) -> bool:
    """Tell that a name written in capitals is over: small letters follow its number or two of its words."""
    if not word[0][0].islower():
        return False
    if len(word[0]) > 4 and word[0].endswith("ed"):
        return True
    if not words[0][0][0].isupper() or (len(words) == 1 and _MODEL_NUMBER.fullmatch(words[0][0])):
        # "The DX-18 cordless drill" goes on.
        return False
    return any(map(str.isdigit, words[-1][0])) or (len(words) > 1 and all(one[0][0].isupper() for one in words))


def _stands_out(message: Message, words: list[re.Match[str]], end: int) -> bool:
    """Tell a name without an article from the beginning of another clause: it has capitals or stands alone."""
    if any(not one[0].islower() for one in words):
        return True
    after = message.plain[words[-1].end() : end].lstrip()
    return len(words) <= 3 and (not after or after[0] in ",.;:-(!?&" or _WORD.match(after) is not None)

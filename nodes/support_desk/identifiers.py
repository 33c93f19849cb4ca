"""Identifiers and product names as customers write them: when two are the same, and whether a text holds one."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator

from nodes.support_desk.words import WORDS

# Hyphens and what is typed or pasted for them; the soft hyphen and the zero-width space are not even seen.
_HYPHENS = r"\-_\u00ad\u200b\u2010\u2011\u2012\u2212"
_DASHES = r"\u2013\u2014\u2015"
_TIGHT = rf"[{_HYPHENS}{_DASHES}]?"
_LOOSE = rf"[\s#.{_HYPHENS}{_DASHES}]{{0,3}}"
_LONGEST = 64
_WIDE = re.compile(r"[\uff01-\uff5e\u3000]+")
_TYPED = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2212\ufe63\uff0d"), "-")
_DASH_IN = re.compile(r"(?<=[^\W\d_])[\u2013\u2014](?=\d)")
_BEFORE = re.compile(rf"(\w{{0,{_LONGEST}}})([{_HYPHENS}{_DASHES}])$")
_AFTER = re.compile(rf"[{_HYPHENS}]+[^\W_]|[{_DASHES}]\d|[^\W_]")
_LABELS = frozenset(WORDS["labels"].split("|"))

_ADDRESS = re.compile(
    r"[^\s@]{1,64}@[^\s@]+|[a-z]{2,12}://\S+|\b(?:[\w-]{1,63}\.){1,9}[^\W\d_]{2,}\b(?:/\S*)?", re.IGNORECASE
)
# Letters and digits without a sign, how many such runs an identifier may have, and what stands between them.
_RUN = re.compile(r"[^\W_]+")
_MOST_RUNS, _SHORT_WORD, _LONG_WORD = 6, 4, 4
_JOINED = re.compile(rf"[^\W_]+(?:[/.:{_HYPHENS}{_DASHES}][^\W_]+)*")
_PART = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOST_WORDS = 20
_GLUED = 4


def normal(identifier: str) -> str:
    """Return an identifier without signs and in capitals: `#inv-7890`, `INV 7890` and `inv_7890` are `INV7890`."""
    return "".join(sign for sign in half_width(identifier).upper() if sign.isalnum())


def as_typed(text: str) -> str:
    """Return a text as a keyboard would have it: plain hyphens within identifiers, and no signs that nobody sees."""
    shown = "".join(sign for sign in text.translate(_TYPED) if unicodedata.category(sign) != "Cf")
    return _DASH_IN.sub("-", shown)


def half_width(text: str) -> str:
    """Return a text, sign for sign, with the wide letters and digits of East Asian keyboards as those of ASCII."""
    return text if text.isascii() else _WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), text)


def mentions(query: str, identifier: str) -> bool:
    """Tell whether an identifier stands in a text by itself, however its hyphens, blanks and case are written.

    It is looked for in linear time; one of more than 64 signs stands nowhere.
    """
    return place_of(query, identifier) is not None


def place_of(query: str, identifier: str) -> tuple[int, int] | None:
    """Return where an identifier stands in a text by itself."""
    signs = normal(identifier)
    if not 0 < len(signs) <= _LONGEST:
        return None
    query, written = half_width(query), re.compile(_as_written(half_width(identifier)), re.IGNORECASE)
    found = written.search(query)
    while found:
        if _stands_alone(query, found.start(), found.end()):
            return found.span()
        found = written.search(query, found.start() + 1)
    return None


def identifiers_in(query: str) -> Iterator[str]:
    """Yield whatever in a text may be an identifier, as it is written, each once: more rather than less.

    That is what has a digit, or capitals around a sign; alone, behind a short word as in `INV 7890`, and in groups as
    in `123 456`.
    """
    seen: set[str] = set()
    starts: deque[int] = deque(maxlen=_MOST_RUNS)
    for run in _RUN.finditer(plain := half_width(query)):
        starts.append(run.start())
        for start in starts:
            text = plain[start : run.end()]
            known = text in seen or not _may_be_one(text) or normal(text) in seen
            seen |= {text} if known else {text, normal(text)}
            if not known and _stands_alone(plain, start, run.end()):
                yield query[start : run.end()]


def mentions_product(query: str, name: str) -> bool:
    """Tell whether every word of a product's name stands in a text; case, plurals, hyphens and gluing do not count."""
    query, wanted = half_width(query), _parts(half_width(name))
    if not 0 < len(wanted) <= _MOST_WORDS:
        return False
    there = set(_glued(_parts(query)))
    reached = {0}
    for start in range(len(wanted)):
        if start in reached:
            ends = range(start + 1, min(start + _GLUED, len(wanted)) + 1)
            reached |= {end for end in ends if _singular("".join(wanted[start:end])) in there}
    return len(wanted) in reached


def may_mean(query: str, name: str) -> bool:
    """Tell whether a longer word of a product's name stands in a text: it may be the one that is meant."""
    there = set(_glued(_parts(half_width(query))))
    return any(_singular(part) in there for part in _parts(half_width(name)) if len(part) >= _LONG_WORD)


def addresses(text: str) -> list[str]:
    """Return the mail and web addresses of a text, without the punctuation behind them."""
    return [found.rstrip(".,;:!?)'\"") for found in _ADDRESS.findall(text)]


def _as_written(identifier: str) -> str:
    """Return the pattern of an identifier: blanks may stand where it has a sign itself, or where digits begin."""
    pattern = ""
    before, gap = "", False
    for sign in identifier.upper():
        if not sign.isalnum():
            gap = True
            continue
        border = gap or before.isdigit() != sign.isdigit()
        pattern += (_LOOSE if border else _TIGHT) * bool(before) + re.escape(sign)
        before, gap = sign, False
    return pattern


def _stands_alone(query: str, start: int, end: int) -> bool:
    if (start and query[start - 1].isalnum()) or _AFTER.match(query, end):
        return False
    joined = _BEFORE.search(query[max(0, start - _LONGEST) : start])
    if joined is None or not joined[1] or joined[1].casefold() in _LABELS:
        return True
    # A long dash before a letter is punctuation; a hyphen, or any dash before a digit, joins.
    return joined[2] in "\u2013\u2014\u2015" and not query[start].isdigit()


def _parts(text: str) -> list[str]:
    """Return the smallest parts of the words, in lower case: SuperWidget5000 has three."""
    return [part.casefold() for part in _PART.findall(_CAMEL.sub(" ", text))]


def _glued(parts: list[str]) -> Iterator[str]:
    for length in range(1, _GLUED + 1):
        for start in range(len(parts) - length + 1):
            yield _singular("".join(parts[start : start + length]))


def _singular(word: str) -> str:
    return word.removesuffix("s") or word


def _may_be_one(text: str) -> bool:
    """Tell whether a text may be one identifier, by its looks."""
    if len(text) > _LONGEST or not (text.isupper() or any(map(str.isdigit, text))):
        return False
    first, *groups = words = text.split(" ")
    if not all(map(_JOINED.fullmatch, words)):
        return False
    numbered = [any(map(str.isdigit, word)) for word in words]
    if not groups:
        return numbered[0] or not text.isalpha()
    return all(numbered[1:]) and (first.isdigit() or (len(first) <= _SHORT_WORD and first.isalpha()))

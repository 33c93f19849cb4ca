"""The words that a model may add to a reply: greetings, thanks, sympathy and links, and nothing that could be a fact.

The list is closed, so that it holds in any script and spelling: a word is refused because nobody has let it in. A verb
with which something could be claimed (`is`, `have`, `will`) stands only in a whole phrase that claims nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from nodes.support_desk.courtesies import NAME, PARTS, PHRASES, THINGS, WORDS

MOST_OWN = 400  # signs of own words in the greeting, in each part, and in the closing
_PHRASE = "\ue000"  # what stands for a phrase, once it is found

_WORDS, _THINGS = frozenset(WORDS.split()), frozenset(THINGS.split())
_ABOUT = r"(?:about|on|for|to|of|with|regarding|concerning|as to|as for)"
_BESIDE = r"(?:your|the|this|that|our|my|latest|and|or|question|questions|concern)"
_THING_OR_NAME = rf"(?:(?:{'|'.join(sorted(_THINGS))})\b|{NAME})"
_SPOKEN_ABOUT = re.compile(
    rf"\b{_ABOUT}(?: {_BESIDE})*(?: {_THING_OR_NAME})+(?:(?:,| and|, and)(?: {_BESIDE})* {_THING_OR_NAME})*",
    re.IGNORECASE,
)
# Who thanks for a parcel has got it.
_RECEIVED = re.compile(
    r"\bthank(?:s|ful|(?:ing)? you)\b(?: \w+){0,3}? for (?:(?:the|your|our) )?"
    r"(?:returns?|parcels?|packages?|shipments?|items?|products?)\b(?! request)",
    re.IGNORECASE,
)
# All that a sentence is about: "Finally, your order."
_HEADING = re.compile(
    rf"(?:^|(?<=[.!?:]))\s*(?:(?:first|firstly|secondly|next|then|now|finally|lastly|and|also)[,:]? )*"
    rf"(?:{_BESIDE} )*{_THING_OR_NAME}(?=\s*[.:])",
    re.IGNORECASE,
)
# The longest first: where two begin at one place, the first one counts.
_LINES = sorted(PHRASES.strip().splitlines(), key=len, reverse=True)
_PHRASES = re.compile(rf"(?<![\w'])(?:{'|'.join(line.format(**PARTS) for line in _LINES)})(?![\w'])", re.IGNORECASE)
_SMILES = frozenset("😊🙂👋🙏✨🌞💛")
_SIGNS = frozenset(" \n.,!?:;'\u2013\u2014-*_\u2026")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_WISHFUL = re.compile(r"\b(?:if|should|hope|wish|would|could|may|can|regret|whenever)\b|'d\b", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")


def seen(text: str) -> str:
    """Return a text as a reader sees it: in Unicode's plain forms (NFKC), without invisible signs."""
    plain = unicodedata.normalize("NFKC", "".join(filter(_is_shown, text)))
    lines = (" ".join(line.split()) for line in "".join(filter(_is_shown, plain)).splitlines())
    return "\n".join(lines).strip()


def bare(text: str) -> str:
    """Return a text as a reader sees it without emphasis."""
    return re.sub(r"[*_]", "", seen(text)).strip()


def foreign(text: str, names: Iterable[str] = ()) -> list[str]:
    """Return what of a model's own words is no courtesy, each once: facts, claims, marks, and names not in `names`."""
    said = bare(text).replace("\u2019", "'").replace("\n", " ")
    for name in sorted(filter(None, map(bare, names)), key=len, reverse=True):
        said = re.sub(rf"(?<![\w'-]){re.escape(name)}(?![\w'-])", NAME, said, flags=re.IGNORECASE)
    rest = _PHRASES.sub(_PHRASE, said)
    words = [word for word in _WORD.findall(rest) if not _is_courteous(word.casefold())]
    strange = [sign for sign in _WORD.sub("", rest) if sign not in _SIGNS | _SMILES | {_PHRASE, NAME}]
    return list(dict.fromkeys([*words, *_runs(strange, said), *_claimed(rest)]))


def leads_in(text: str) -> bool:
    """Tell whether a statement may follow these words as one of its own: they end, and do not wish or doubt it."""
    before = seen(text).rstrip(" *_\n")
    last = re.split(r"[.!?\u2026]\s", before)[-1]
    return not before or (before[-1] in ".!:\u2026\u2013\u2014-" and (before[-1] in ".!" or not _WISHFUL.search(last)))


def _is_shown(sign: str) -> bool:
    kept = sign in "\n\t" or unicodedata.category(sign) not in _INVISIBLE
    return kept and sign not in _BLANK and not "\ufe00" <= sign <= "\ufe0f"


def _is_courteous(word: str) -> bool:
    return word in _WORDS or word in _THINGS or all(part in _WORDS for part in word.split("-"))


def _runs(strange: Iterable[str], said: str) -> list[str]:
    """Return the words around signs that are not allowed."""
    signs = set(strange)
    return [word for word in said.split() if signs.intersection(word)] if signs else []


def _claimed(rest: str) -> list[str]:
    """Return the things that are not only spoken about."""
    left = " ".join([*_RECEIVED.findall(rest), _HEADING.sub("", _SPOKEN_ABOUT.sub("", rest))])
    return [word.replace(NAME, "a name") for word in re.findall(rf"\b(?:{_THING_OR_NAME})|{NAME}", left, re.IGNORECASE)]

"""What of a text is courtesy: closed lists of words decide, of any language, and what each sentence does with them.

A sentence greets, thanks, is sorry, wishes or asks (a mark or a phrase), leads in to a thing that it names, or signs.
Whatever does none of these says something, and so does a word, a sign or a verb that the lists do not have.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self
from unicodedata import category

from fanloom.grounding.shown_text import bare

# What stands for a phrase, for a name of the caller's and for a thing that is only spoken about, once it is found.
_PHRASE, _NAME, _ABOUT = "\ue000", "\ue001", "\ue002"
_SMILES = frozenset("😊🙂😀😃😄😁😌😇🤗👋🙏✨☀☕🌞🌻🌸🌷🌼🌈🍀🌟❤♥💛💙💚🧡💜📦📄🧾📃📝📌📨✉📬🚚💳🔎🔍↩")
_SIGNS = frozenset(" \n.,!?:;'&\u2013\u2014-*_\u2026")
_SMILE = re.compile(rf"[{''.join(_SMILES)}]|[:;]-?\)(?!\w)")
_LISTED = re.compile(r"^[1-9][.)](?=\s)|(?<!\S)&(?!\S)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[^.!?:;\u2026\n]+")
_DASH = re.compile(r"(?:\s|^)[-\u2013\u2014]+(?=\s|$)")
_CODE = re.compile(r"\b[A-Z]{3,}\b|\w\.\w+")
_BETWEEN = re.compile(r"((?<=[.!?\u2026])\s+|\n+)")


class Courteous(NamedTuple):
    """What of a text is courtesy, and what of the rest must be refused rather than left out."""

    kept: str
    refused: list[str]


class Courtesies:
    """The courtesies of one language: closed lists of words and phrases, read from a TOML file."""

    def __init__(self, lists: dict[str, Any]) -> None:
        self._words, self._marks, self._links, self._signers = (
            frozenset(lists[name].split()) for name in ("words", "marks", "links", "signers")
        )
        self._things = frozenset(lists["things"].split())
        patterns = lists["patterns"]
        # The letters that the words of a language have: one of another script only looks like them.
        self._alphabet = frozenset("".join(self._words | self._things)) | frozenset("".join(self._words).upper())
        self._phrases = _phrases(lists["phrases"], lists["parts"])
        thing = rf"(?:(?:{'|'.join(sorted(self._things))})\b|{_NAME})"
        several = rf"{thing}(?: {thing})*(?:(?:,| and|, and)(?: (?:{patterns['beside']}))* {thing})*"
        self._thing = _compiled(rf"\b(?:{'|'.join(sorted(self._things))})\b|{_NAME}")
        # What a language does without matches nothing.
        topics, headed = patterns.get("topics", "(?!)"), patterns.get("headed", "(?!)")
        topic = rf"(?:(?:{topics})\b|{several})"
        self._spoken_about = _compiled(rf"\b(?:{patterns['about']})(?: (?:{patterns['beside']}))* {topic}")
        head = rf"(?:(?:{patterns['heads']})(?:, | |(?=\s*\Z)))"
        named = rf"(?:(?:{patterns['beside']}) )*(?:(?:{topics})\b|{thing})(?: (?:{headed}))*"
        self._heading = _compiled(rf"\A[-\s]*(?:{head}+|{head}*{named})\s*[,\u2013\u2014-]?\s*\Z")
        effects = lists.get("effects", "").splitlines()
        self._effect = _compiled(rf"\b(?:{'|'.join(effects)})") if effects else None
        self._got, self._wishful = _compiled(patterns["received"]), _compiled(patterns["wishful"])
        between = "|".join(lists["adverbs"].split())
        may = "|".join([*lists["attitudes"].split(), patterns["joints"]])
        verb = rf" ((?!(?:{may}|{between})(?![\w'-]))[\w'-]+)"
        more = rf"[^.!?]*\band(?: (?:{between})\b)* (?:{'|'.join(lists['actions'].split())})\b"
        self._does = _compiled(rf"\b(?:{patterns['subjects']})\b(?: (?:{between})\b)*(?:{verb}|'\w+|{more})")

    @classmethod
    @cache
    def from_file(cls, path: Path) -> Self:
        """Read the lists of a file, once."""
        return cls(tomllib.loads(path.read_text(encoding="utf-8")))

    def foreign(self, text: str, names: Iterable[str] = ()) -> list[str]:
        """Return what of a text is no courtesy, each once: words, marks, sentences; `names` may be said."""
        said = _shown(text, names)
        rest, sentences = self._masked(said.replace("\n", " ")), _DASH.sub("\n", self._masked(said))
        found = [
            *self._unknown(rest),
            *_around(_strange(rest), said),
            *self._claimed(said, rest),
            *self._done(rest),
            *self._said(sentences),
        ]
        return list(dict.fromkeys(found))

    def courteous(self, text: str, names: Iterable[str] = ()) -> Courteous:
        """Return a text without the sentences that are no courtesies, and what these have that must be refused.

        That is a sign, figure or letter that the lists do not have, a word in capitals or with a dot, or one of effect.
        """
        if not self.foreign(text, names := list(names)):
            return Courteous(text, [])
        pieces = [(piece, self.foreign(piece, names)) for piece in _BETWEEN.split(bare(text))]
        kept = "".join(piece for piece, foreign in pieces if not foreign).strip()
        refused = [word for piece, foreign in pieces if foreign for word in self._refused(piece, foreign, names)]
        return Courteous("" if self.foreign(kept, names) else kept, list(dict.fromkeys(refused)))

    def are_all(self, text: str, names: Iterable[str] = ()) -> bool:
        """Tell whether a text greets, thanks or wishes, and does nothing else."""
        said = self._masked(_shown(text, names))
        return not self.foreign(text, names) and any(map(self._is_marked, _SENTENCE.findall(said)))

    def leads_in(self, text: str) -> bool:
        """Tell whether a statement may follow a text as one of its own: it has ended, and does not wish or doubt it."""
        before = _SMILE.sub(".", bare(text)).rstrip()
        last = re.split(r"[.!?\u2026]\s", before)[-1]
        ends = before[-1:] in ".!" or not self._wishful.search(last)
        said = self._masked(_shown(last, ()))
        asks = said == f"{_PHRASE}?"
        return not before or asks or self._leads(said) or (before[-1] in ".!:\u2026\u2013\u2014-" and ends)

    def _masked(self, said: str) -> str:
        """Return a text with one sign for each phrase, and for each thing that is only spoken about."""
        about = _SENTENCE.sub(lambda found: _ABOUT if self._heading.match(found[0]) else found[0], said)
        return self._phrases.sub(_PHRASE, self._spoken_about.sub(_ABOUT, about))

    def _refused(self, sentence: str, foreign: list[str], names: Iterable[str]) -> list[str]:
        if self._effect is None:
            # Nothing tells what may be left out.
            return foreign
        said = _shown(sentence, names)
        signs = {sign for sign in said if sign not in self._alphabet | _SIGNS | {_NAME} and category(sign) != "So"}
        return [*_around(signs, said), *_CODE.findall(said), *self._effect.findall(said)]

    def _unknown(self, rest: str) -> list[str]:
        return [word for word in _WORD.findall(rest) if not self._is_known(word.casefold())]

    def _is_known(self, word: str) -> bool:
        return word in self._words | self._things or all(part in self._words for part in word.split("-"))

    def _claimed(self, said: str, rest: str) -> Iterator[str]:
        """Yield the things that are not only spoken about."""
        for text in [*self._got.findall(said), rest]:
            yield from (found.replace(_NAME, "a name") for found in self._thing.findall(text))

    def _done(self, rest: str) -> Iterator[str]:
        """Yield what we are said to do beyond thanking, hoping and the like."""
        return (found[1] or found[0] for found in self._does.finditer(rest))

    def _said(self, text: str) -> Iterator[str]:
        """Yield the words of sentences that are courtesies by their words alone."""
        for sentence in _SENTENCE.findall(text):
            words = _words(sentence)
            if words and not (self._is_marked(sentence) or self._leads(sentence) or self._signers.issuperset(words)):
                yield " ".join(sentence.replace(_NAME, "a name").split())

    def _is_marked(self, sentence: str) -> bool:
        return _PHRASE in sentence or not self._marks.isdisjoint(_words(sentence))

    def _leads(self, sentence: str) -> bool:
        return _ABOUT in sentence and self._links.issuperset(_words(sentence))


def _phrases(lines: str, parts: dict[str, str]) -> re.Pattern[str]:
    # A part can hold others.
    filled = {"name": _NAME, "about": f" {_ABOUT}"}
    for name, part in parts.items():
        filled[name] = re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], part)
    # The longest first: where two begin at one place, the first one counts.
    known = sorted((line.format(**filled) for line in lines.strip().splitlines()), key=len, reverse=True)
    return _compiled(rf"(?<![\w'])(?:{'|'.join(known)})(?![\w'])")


def _shown(text: str, names: Iterable[str]) -> str:
    """Return a text as a reader sees it, without emphasis, list numbers and smiles, and with a sign for each name."""
    plain = _LISTED.sub("", _SMILE.sub(" ", bare(text))).replace("\u2019", "'")
    return _named("\n".join(" ".join(line.split()) for line in plain.splitlines()), names)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _named(text: str, names: Iterable[str]) -> str:
    for name in sorted(filter(None, map(bare, names)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w'-]){re.escape(name)}(?![\w'-])", _NAME, text, flags=re.IGNORECASE)
    return text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _strange(rest: str) -> set[str]:
    return {sign for sign in _WORD.sub("", rest) if sign not in _SIGNS | {_PHRASE, _NAME, _ABOUT}}


def _around(strange: set[str], said: str) -> list[str]:
    """Return the words around signs that are not allowed."""
    return [word for word in said.split() if strange.intersection(word)] if strange else []

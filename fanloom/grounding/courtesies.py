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
from typing import Any, Self

from fanloom.grounding.shown_text import bare, seen

# What stands for a phrase and for a name of the caller's, once it is found.
_PHRASE, _NAME = "\ue000", "\ue001"
_SMILES = frozenset("😊🙂👋🙏✨🌞💛")
_SIGNS = frozenset(" \n.,!?:;'\u2013\u2014-*_\u2026")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[^.!?:;\u2026\n]+")
_DASH = re.compile(r"(?:\s|^)[-\u2013\u2014]+(?=\s|$)")


class Courtesies:
    """The courtesies of one language: closed lists of words and phrases, read from a TOML file."""

    def __init__(self, lists: dict[str, Any]) -> None:
        self._words, self._marks, self._links, self._signers = (
            frozenset(lists[name].split()) for name in ("words", "marks", "links", "signers")
        )
        self._things = frozenset(lists["things"].split())
        self._phrases = _phrases(lists["phrases"], lists["parts"])
        patterns = lists["patterns"]
        thing = rf"(?:(?:{'|'.join(sorted(self._things))})\b|{_NAME})"
        several = rf"{thing}(?: {thing})*(?:(?:,| and|, and)(?: (?:{patterns['beside']}))* {thing})*"
        self._thing = _compiled(rf"\b(?:{'|'.join(sorted(self._things))})\b|{_NAME}")
        self._spoken_about = _compiled(rf"\b(?:{patterns['about']})(?: (?:{patterns['beside']}))* {several}")
        self._heading = _compiled(rf"\A\s*(?:(?:{patterns['heads']})[,]? )*(?:(?:{patterns['beside']}) )*{thing}\s*\Z")
        self._got, self._wishful = _compiled(patterns["received"]), _compiled(patterns["wishful"])
        between = "|".join(lists["adverbs"].split())
        may = "|".join([*lists["attitudes"].split(), patterns["joints"]])
        verb = rf" ((?!(?:{may})(?![\w'-]))[\w'-]+)"
        more = rf"[^.!?]*\band(?: (?:{between})\b)* (?:{'|'.join(lists['actions'].split())})\b"
        self._does = _compiled(rf"\b(?:{patterns['subjects']})\b(?: (?:{between})\b)*(?:{verb}|'\w+|{more})")

    @classmethod
    @cache
    def from_file(cls, path: Path) -> Self:
        """Read the lists of a file, once."""
        return cls(tomllib.loads(path.read_text(encoding="utf-8")))

    def foreign(self, text: str, names: Iterable[str] = ()) -> list[str]:
        """Return what of a text is no courtesy, each once: words, marks, sentences; `names` may be said."""
        said = _named(bare(text).replace("\u2019", "'"), names)
        rest = self._phrases.sub(_PHRASE, said.replace("\n", " "))
        words = [
            word for word in _WORD.findall(self._spoken_about.sub(" ", rest)) if not self._is_known(word.casefold())
        ]
        strange = {sign for sign in _WORD.sub("", rest) if sign not in _SIGNS | _SMILES | {_PHRASE, _NAME}}
        sentences = _DASH.sub("\n", self._phrases.sub(_PHRASE, said))
        found = [*words, *_around(strange, said), *self._claimed(rest), *self._done(rest), *self._said(sentences)]
        return list(dict.fromkeys(found))

    def are_all(self, text: str, names: Iterable[str] = ()) -> bool:
        """Tell whether a text greets, thanks or wishes, and does nothing else."""
        said = self._phrases.sub(_PHRASE, _named(bare(text).replace("\u2019", "'"), names))
        return not self.foreign(text, names) and any(map(self._is_marked, _SENTENCE.findall(said)))

    def leads_in(self, text: str) -> bool:
        """Tell whether a statement may follow a text as one of its own: it has ended, and does not wish or doubt it."""
        before = seen(text).rstrip(" *_\n")
        last = re.split(r"[.!?\u2026]\s", before)[-1]
        ends = before[-1:] in ".!" or not self._wishful.search(last)
        return not before or (before[-1] in ".!:\u2026\u2013\u2014-" and ends)

    def _is_known(self, word: str) -> bool:
        return word in self._words | self._things or all(part in self._words for part in word.split("-"))

    def _claimed(self, rest: str) -> Iterator[str]:
        """Yield the things that are not only spoken about."""
        parts = (part for part in _SENTENCE.findall(rest) if not self._heading.match(part))
        left = [self._spoken_about.sub("", part) for part in parts]
        for text in [*self._got.findall(rest), *left]:
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
        left = self._spoken_about.sub("", sentence)
        return bool(self._heading.match(sentence)) or (left != sentence and self._links.issuperset(_words(left)))


def _phrases(lines: str, parts: dict[str, str]) -> re.Pattern[str]:
    # The longest first: where two begin at one place, the first one counts.
    known = sorted(lines.strip().splitlines(), key=len, reverse=True)
    # A part can hold others.
    filled = {name: part.replace("{name}", _NAME) for name, part in parts.items()}
    return _compiled(rf"(?<![\w'])(?:{'|'.join(line.format(**filled) for line in known)})(?![\w'])")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _named(text: str, names: Iterable[str]) -> str:
    for name in sorted(filter(None, map(bare, names)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w'-]){re.escape(name)}(?![\w'-])", _NAME, text, flags=re.IGNORECASE)
    return text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _around(strange: set[str], said: str) -> list[str]:
    """Return the words around signs that are not allowed."""
    return [word for word in said.split() if strange.intersection(word)] if strange else []

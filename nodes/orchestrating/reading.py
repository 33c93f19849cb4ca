"""Read a task by rule: what it is about, and the kinds of parts that it names."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from nodes.text import is_seen
from understudies.prose.sentences import listed

_READ = 1_000  # characters of a task
_LONGEST_SUBJECT = 30  # words
_MOST_KINDS = 200

_ASKED = re.compile(
    r"(?:(?:please|can you|could you|(?:i|we) (?:need|want)(?: you)? to)\s+)?"
    r"(?:write|create|draft|compose|prepare|produce|generate|make|give|design|develop)\s+(?:me\s+|us\s+)?(?:about\s+)?"
    r"|(?:i|we) (?:need|want|would like)\s+"
    r"|(?:please\s+)?(?:describe|explain|document|announce|advertise|introduce|present|promote)\s+",
    re.IGNORECASE,
)
_FORMS = (
    r"adverts?|advertisements?|ads?|announcements?|articles?|blurbs?|content|copy|descriptions?|documentation|documents?|"
    r"docs|e?-?mails?|flyers?|guides?|invitations?|letters?|manuals?|newsletters?|pages?|pieces?|pitch|posts?|readmes?|"
    r"slogans?|taglines?|texts?|tweets?"
)
_TURN = re.compile(r"[,;:]?\s+(?:in|with|including|covering|as|using|into)\s+|[;:]\s+|[.!?]\s+|\s+[-–—]\s+|\s+\(")  # noqa: RUF001
_PARTS = r"(?:chapters?|parts?|sections?|styles?|tones?|variants?|variations?|versions?|voices?)"
_NAME = r"[^\W_][\w-]*"
_JOIN = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s*/\s*|\s+and\s+|\s+or\s+)(?:an?\s+|the\s+)?"
_BEFORE = re.compile(rf"({_NAME}(?:{_JOIN}{_NAME})+)\s+{_PARTS}\b", re.IGNORECASE)
_AFTER = re.compile(rf"\b{_PARTS}\s*(?::|\()\s*([^.;:()\n]+)", re.IGNORECASE)
# Technical documentation is what all of it is, and not a section of it.
_GENRE = re.compile(r"\btechnical\s+(?=doc(?:s|uments?|umentation)\b)", re.IGNORECASE)
_SPLIT = re.compile(_JOIN, re.IGNORECASE)
_NO_KIND = listed("""
    a an the one two three four five six several some many different distinct various other each all both these those
    its their our your my new first second third last more few
""")


class Reading(NamedTuple):
    """What a task is about, and the kinds of parts that it names, in its order."""

    subject: str
    kinds: list[str]


@lru_cache(maxsize=64)
def read_task(task: str, lexicon: frozenset[str]) -> Reading:
    """Read a task; kinds are what it lists as styles, sections and so on, and the words of the lexicon.

    What a rule cannot read is its own subject: the first sentence.
    """
    text = _GENRE.sub("", " ".join(task[:_READ].split()))
    start = _start_of_subject(text, lexicon)
    before, after = text[:start], text[start:]
    end, rest = _end_of_subject(after, lexicon)
    subject = _subject(after[:end])
    return Reading(subject if start else f"“{subject}”", _once([*kinds_in(before, lexicon), *kinds_in(rest, lexicon)]))


def kinds_in(text: str, lexicon: Collection[str]) -> list[str]:
    """Return the kinds of parts that a text names, in its order."""
    found = [(at, kind) for at, kind in _listed(text) if kind.lower() not in _NO_KIND]
    for kind in lexicon:
        found += [
            (hit.start(), kind) for hit in re.finditer(rf"(?<![\w-]){re.escape(kind)}(?![\w-])", text, re.IGNORECASE)
        ]
    return _once([kind for _, kind in sorted(found, key=lambda one: one[0])])


def _listed(text: str) -> list[tuple[int, str]]:
    lists = [*_BEFORE.finditer(text), *_AFTER.finditer(text)]
    return [(found.start(1), name.strip()) for found in lists for name in _SPLIT.split(found[1]) if _is_short(name)]


def _is_short(name: str) -> bool:
    return 0 < len(name.split()) <= 3 and len(name) <= 60 and any(map(is_seen, name))


def _start_of_subject(text: str, lexicon: frozenset[str]) -> int:
    """Return where the subject begins: after the asking, and after each form of text that is `for` or `about` it."""
    asked = _ASKED.match(text)
    start = asked.end() if asked else 0
    while asked and (form := _form(lexicon).match(text, start)):
        start = form.end()
    return start


@lru_cache(maxsize=8)
def _form(lexicon: frozenset[str]) -> re.Pattern[str]:
    kinds = "|".join(map(re.escape, sorted(lexicon)))
    about = r"(?:about|announcing|describing|for|introducing|of|on|promoting)"
    return re.compile(rf"[^.;:]{{0,120}}?\b(?:{_FORMS}|{_PARTS}|{kinds})\s+{about}\s+", re.IGNORECASE)


def _end_of_subject(text: str, lexicon: Collection[str]) -> tuple[int, str]:
    """Return where the subject ends, with its sentence or before what names kinds of parts, and what comes after it."""
    for turn in _TURN.finditer(text):
        rest = text[turn.end() :]
        if turn[0].strip()[:1] in (".", "!", "?") or kinds_in(rest, lexicon):
            return turn.start(), rest
    return len(text), ""


def _subject(text: str) -> str:
    words = text.split()[:_LONGEST_SUBJECT]
    return " ".join(words).strip(" ,;:.!?\"'") or "the task"


def _once(kinds: list[str]) -> list[str]:
    named: dict[str, str] = {}
    for kind in kinds[:_MOST_KINDS]:
        named.setdefault(kind.lower(), kind)
    return list(named.values())

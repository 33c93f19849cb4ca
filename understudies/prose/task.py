"""Read a task by rule: what it is about, and the kinds of parts that it names."""

import re
from collections.abc import Collection
from typing import NamedTuple

from nodes.text import is_seen
from understudies.prose.sentences import listed

_READ = 1_000  # characters of a task
_LONGEST_SUBJECT = 30  # words
_LONGEST_KIND = 3  # words

_ABOUT = r"(?:about|announcing|describing|introducing|for|on|of(?: an? \w+ (?:about|for|of))?)"
_ASKED = re.compile(
    r"(?:please )?(?:(?:describe|explain|document|summari[sz]e|announce|advertise|introduce|present|promote) "
    rf"|(?:write|create|draft|compose|prepare|make|give|i need|we need) (?:(?:.{{1,120}}? )??{_ABOUT} )?)",
    re.IGNORECASE,
)
_PARTS = r"(?:chapters?|parts?|sections?|styles?|tones?|variants?|variations?|versions?|voices?)\b"
_END = re.compile(
    rf"[.!?;:](?:\s|$)|\s\(|,?\s(?:in|with|including|covering|as)\s(?=[^.]{{1,200}}\s{_PARTS})", re.IGNORECASE
)
_NAME = r"[^\W_][\w-]*"
_JOIN = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s*/\s*|\s+and\s+|\s+or\s+)(?:an?\s+|the\s+)?"
# One name is a kind only in "in a sober tone"; several are, before "styles" or after "styles:".
_NAMED = (
    rf"((?:(?<=\bin a )|(?<=\bin an )){_NAME}(?:{_JOIN}{_NAME})*|{_NAME}(?:{_JOIN}{_NAME})+)\s+{_PARTS}"
    rf"|\b{_PARTS}\s*(?::|\()\s*([^.;:()\n]+)"
)
_NO_KIND = listed("a an the one two three four five several many different distinct various other each all single new")


class Task(NamedTuple):
    """What a task is about, and the kinds of parts that it names, in its order."""

    subject: str
    kinds: list[str]


def read_task(task: str, lexicon: Collection[str]) -> Task:
    """Read a task; kinds are what it lists as styles, sections and so on, and the words of the lexicon.

    What a rule cannot read is its own subject: the first sentence.
    """
    text = " ".join(task[:_READ].split())
    asked = _ASKED.match(text)
    subject = _END.split(text[asked.end() if asked else 0 :], maxsplit=1)[0]
    rest = text.replace(subject, " . ", 1) if asked else text[len(subject) :]
    short = " ".join(subject.split()[:_LONGEST_SUBJECT]).strip(" ,;:.!?\"'") or "the task"
    return Task(short if asked else f"“{short}”", _kinds_in(rest, lexicon))


def _kinds_in(text: str, lexicon: Collection[str]) -> list[str]:
    # Technical documentation is what all of it is, and not a section of it.
    known = rf"(?<![\w-])(?:{'|'.join(map(re.escape, lexicon)) or '(?!)'})(?![\w-]|\sdocu?)"
    found: dict[str, str] = {}
    for one in re.finditer(rf"{_NAMED}|{known}", text, re.IGNORECASE):
        for name in re.split(_JOIN, one[1] or one[2] or one[0].lower(), flags=re.IGNORECASE):
            is_short = len(name.split()) <= _LONGEST_KIND and len(name) <= _LONGEST_KIND * 20
            if is_short and name.lower() not in _NO_KIND and any(map(is_seen, name)):
                found.setdefault(name.lower().strip(), name.strip())
    return list(found.values())

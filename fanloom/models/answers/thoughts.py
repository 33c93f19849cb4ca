"""What a reasoning model thinks aloud before its answer, in tags within the text, is no part of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

_MOST_ENDS = 20
_BEGINS = re.compile(r"\s*(?:<(?:seed:)?(?:think|thinking|thoughts?|reasoning)>|\[think\])", re.IGNORECASE)
_ENDS = re.compile(r"(?:</(?:seed:)?(?:think|thinking|thoughts?|reasoning)>|\[/think\])\s*", re.IGNORECASE)
# Some servers put the beginning into the prompt: only the end comes, on a line's end.
_LONE_END = re.compile(r"</think>[^\S\n]*(?:\n|\Z)\s*")
# In prose about such tags the sentence goes on behind them.
_GOES_ON = re.compile(r" [a-z]|[,.;:)]")
_DATA = ("{", "[", "```")


def data_in(text: str) -> Iterator[str]:
    """Yield what of a text may be its JSON, maybe fenced: what follows thoughts, else the text as it is.

    Data may hold such tags itself, and thoughts may speak of them, or of data.
    """
    begins_so = text.lstrip().startswith(_DATA) and not _BEGINS.match(text)
    ends = () if begins_so else islice(_ENDS.finditer(text), _MOST_ENDS)
    rests = [text[end.end() :] for end in ends]
    yield from [rest for rest in rests if rest.startswith(_DATA) and not _BEGINS.match(rest)] or [text]


def words_after(text: str) -> str:
    """Return the words that follow thoughts; a text that does not begin with any as it is."""
    if not _BEGINS.match(text):
        end = _LONE_END.search(text)
        return text[end.end() :] if end else text
    start = 0
    for end in islice(_own_ends(text), _MOST_ENDS):
        start = end.end()
        if not _BEGINS.match(text, start):
            break
    return text[start:]


def _own_ends(text: str) -> Iterator[re.Match[str]]:
    """Yield the ends of thoughts that no sentence speaks of."""
    return (end for end in _ENDS.finditer(text) if not _GOES_ON.match(text, end.start() + len(end[0].rstrip())))

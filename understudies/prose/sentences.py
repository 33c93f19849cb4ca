# ruff: noqa: RUF001 - the punctuation of many scripts stands here on purpose
"""Split paragraphs into sentences, and text into words, in any script."""

import re
from collections.abc import Iterable, Iterator, Sequence

from understudies.prose.english import listed as listed

NEVER_LAST = listed("""
    mr mrs ms dr prof st e.g i.e vs cf al fig figs eq sec ch art no nr p pp vol ed approx ca max min z.b d.h
    u.s u.k e.u inc ltd corp jr sr ph.d jan feb mar apr jun jul aug sep sept oct nov dec
""")
LONGEST_SENTENCE = 1500  # characters
BOUNDARY = re.compile(
    # A run of marks is looked at once, from its beginning: a line of a hundred thousand dots takes no longer than text.
    r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?:\[\d+\])*\s+(?=[\"'“‘«(\[¿¡]*[^\W_a-z])|[。！？]+[”’」』）]*\s*"
    r"|(?<![؟۔।॥])[؟۔।॥]+\s+|(?<=[!?…])\s+(?=[^\w\s])"
)
LAST_WORD = re.compile(r"([^\s(\[\"'“‘]+?)\.[\"'”’»)\]]*$")
LABEL = re.compile(r"[^\W\d_][\w /&'-]{0,30}:\s")
WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")


def split_sentences(paragraph: str) -> list[str]:
    """Split at sentence ends, not at abbreviations, initials or decimal points."""
    sentences, start = list[str](), 0
    for found in BOUNDARY.finditer(paragraph):
        so_far = paragraph[start : found.end()].rstrip()
        if so_far and ends_sentence(so_far):
            sentences += cut_overlong(so_far)
            start = found.end()
    rest = paragraph[start:].strip()
    return [*sentences, *cut_overlong(rest)] if rest else sentences


def cut_overlong(sentence: str) -> Iterator[str]:
    """Cut what nobody punctuated, so that an answer stays an answer."""
    while len(sentence) > LONGEST_SENTENCE:
        at = max(0, sentence.rfind(" ", LONGEST_SENTENCE // 2, LONGEST_SENTENCE)) or LONGEST_SENTENCE
        yield sentence[:at]
        sentence = sentence[at:].lstrip()
    yield sentence


def ends_sentence(so_far: str) -> bool:
    """Tell the end of a sentence from that of an abbreviation, an initial or a number."""
    last = LAST_WORD.search(so_far[-40:])
    word = last[1].lower() if last else ""
    return last is None or not (word in NEVER_LAST or (len(word) == 1 and word.isalpha()) or so_far[:-1].isdigit())


def join_wrapped_lines(lines: Iterable[str]) -> list[str]:
    """Join the lines of a paragraph that were wrapped, and keep apart those that were written as lines of their own."""
    bare = [line.strip() for line in lines if line.strip()]
    widest = max(map(len, bare), default=0)
    paragraphs: list[str] = []
    for before, line in zip(["", *bare], bare, strict=False):
        if paragraphs and is_wrapped(before, line, widest):
            hyphenated = re.search(r"[^\W\d_]-$", before) and line[0].islower()
            paragraphs[-1] += line if hyphenated else f" {line}"
        else:
            paragraphs.append(line)
    return paragraphs


def is_wrapped(before: str, line: str, widest: int) -> bool:
    full = widest >= 36 and len(before) > 0.6 * widest and not LABEL.match(line)
    return full or line[0].islower()


def words_of(text: str) -> list[str]:
    """Give the words in lower case, without what shows an owner."""
    return [word.removesuffix("'s") for word in WORD.findall(text.lower().replace("’", "'"))]


def normalised(text: str) -> str:
    """Give the words alone, blank-separated and blank-framed, so that `in` compares whole words."""
    return f" {' '.join(words_of(text))} "


def stems_of(words: Sequence[str]) -> list[str]:
    """Reduce words to their English stems; a stemmer is made for each call because it is not safe to share."""
    from Stemmer import Stemmer

    return list(Stemmer("english", 0).stemWords(words))

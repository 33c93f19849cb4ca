# ruff: noqa: RUF001 - the punctuation of many scripts stands here on purpose
"""Split paragraphs into sentences, and text into words, in any script."""

import re
from collections.abc import Iterable, Iterator, Sequence

CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


NEVER_LAST = listed("""
    mr mrs ms dr prof st mt ft rev hon gen col capt lt sgt sen rep gov pres messrs mme mlle e.g i.e eg ie vs v cf al viz
    fig figs eq eqs sec sect ch chap art arts no nos pp p vol vols ed eds para paras approx ca c est incl excl max min
    dept tel ref refs nr bzw z.b d.h usw bsp ggf inkl sog
""")
SELDOM_LAST = listed("""
    u.s u.k u.n e.u u.s.a a.m p.m inc ltd co corp plc bros jr sr etc ph.d m.d b.a m.a jan feb mar apr jun jul aug sep
    sept oct nov dec mon tue wed thu fri sat sun
""")
OPENERS = listed("""
    the a an it its he she they this that these those there we you in on at for from to by with when if as after before
    since during while although however but and so then no not all each every most many some one both such our their his
    her what why how who where
""")
LONGEST_SENTENCE = 1500  # characters
BOUNDARY = re.compile(
    # A run of marks is looked at once, from its beginning: a line of a hundred thousand dots takes no longer than text.
    r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?:\[\d+\])*\s+(?=[\"'“‘«(\[¿¡]*[^\W_a-z])|[。！？]+[”’」』）]*\s*"
    r"|(?<![؟۔।॥])[؟۔।॥]+\s+|(?<=[!?…])\s+(?=[^\w\s])"
)
LAST_WORD = re.compile(r"([^\s(\[\"'“‘]+?)\.[\"'”’»)\]]*$")
NEXT_WORD = re.compile(r"[^\W\d_]+")
LABEL = re.compile(r"[^\W\d_][\w /&'-]{0,30}:\s")

WORD = re.compile(
    rf"[{CJK}]+|[^\W_{CJK}]+(?:[\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f]+[^\W_{CJK}]*)*(?:['’][^\W\d_]+)?"
)
ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
RUN = re.compile(rf"[{CJK}\u0e00-\u0eff]")


def split_sentences(paragraph: str) -> list[str]:
    """Split at sentence ends, not at abbreviations, initials or decimal points."""
    sentences, start = list[str](), 0
    for found in BOUNDARY.finditer(paragraph):
        so_far = paragraph[start : found.end()].rstrip()
        if so_far and ends_sentence(so_far, paragraph[found.end() : found.end() + 30]):
            sentences.append(so_far)
            start = found.end()
    rest = paragraph[start:].strip()
    return [part for sentence in [*sentences, rest] if sentence for part in cut_overlong(sentence)]


def cut_overlong(sentence: str) -> Iterator[str]:
    """Cut what nobody punctuated, so that an answer stays an answer."""
    while len(sentence) > LONGEST_SENTENCE:
        at = sentence.rfind(" ", LONGEST_SENTENCE // 2, LONGEST_SENTENCE)
        at = at if at > 0 else LONGEST_SENTENCE
        yield sentence[:at]
        sentence = sentence[at:].lstrip()
    yield sentence


def ends_sentence(so_far: str, following: str) -> bool:
    last = LAST_WORD.search(so_far[-40:])
    if last is None:
        return True
    word = last[1].lower()
    if word in NEVER_LAST or so_far[:-1].isdigit():
        return False
    if word in SELDOM_LAST or (len(word) == 1 and word.isalpha()):
        opener = NEXT_WORD.search(following)
        return opener is not None and opener[0].lower() in OPENERS
    return True


def join_wrapped_lines(lines: Iterable[str]) -> list[str]:
    """Join the lines of a paragraph that were wrapped, and keep apart those that were written as lines of their own."""
    bare = [line.strip() for line in lines if line.strip()]
    widest = max(map(len, bare), default=0)
    paragraphs: list[str] = []
    for before, line in zip(["", *bare], bare, strict=False):
        if paragraphs and is_wrapped(before, line, widest):
            paragraphs[-1] += glue(before, line) + line
        else:
            paragraphs.append(line)
    return paragraphs


def is_wrapped(before: str, line: str, widest: int) -> bool:
    long_enough = len(before) > 0.6 * widest
    if LABEL.match(line):
        return line[0].islower() and long_enough
    return line[0].islower() or is_unspaced(line[0]) or (widest >= 36 and long_enough)


def glue(before: str, line: str) -> str:
    hyphenated = len(before) > 1 and before[-1] == "-" and before[-2].isalpha() and line[0].islower()
    return "" if hyphenated or (is_unspaced(before[-1]) and is_unspaced(line[0])) else " "


def is_unspaced(character: str) -> bool:
    return bool(RUN.match(character)) or character in "，。、；：！？「」（）《》"


def words_of(text: str) -> list[str]:
    """Give the words in lower case; scripts that put no spaces between words give pairs of characters."""
    low = text.lower().replace("’", "'")
    if low.isascii():
        words = ASCII_WORD.findall(low)
        return [word.removesuffix("'s") for word in words] if "'" in low else words
    return [part for word in WORD.findall(low) for part in parts_of(word)]


def parts_of(word: str) -> list[str]:
    if RUN.match(word) and len(word) > 1:
        return [word[at : at + 2] for at in range(len(word) - 1)]
    return [word.removesuffix("'s")]


def spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def normalised(text: str) -> str:
    """Give the words alone, blank-separated and blank-framed, so that `in` compares whole words."""
    return spaced(words_of(text))


def stems_of(words: Sequence[str]) -> list[str]:
    """Reduce words to their English stems; a stemmer is made for each call because it is not safe to share."""
    from Stemmer import Stemmer

    return list(Stemmer("english", 0).stemWords(words))

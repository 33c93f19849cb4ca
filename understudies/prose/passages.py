# ruff: noqa: RUF001 - bullets and dashes of every kind open list items
"""Read any document as passages: its sentences, list items and table rows, without markup."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import NamedTuple, TypeAlias

from understudies.prose.markup import clean_inline, plain_markup
from understudies.prose.sentences import join_wrapped_lines, split_sentences


class Passage(NamedTuple):
    """A sentence, or what stands for one, and where it stands; `kind` is prose, item, list, steps or row."""

    text: str
    kind: str
    heading: str
    block: int  # sentences of one paragraph share it


Block: TypeAlias = tuple[str, list[str]]  # what it is, and its lines
MOST = 20_000  # passages of one document; a megabyte of prose has half as many
LONGEST_LIST = 1000  # characters of a list quoted as one passage
LONGEST_HEADING = 90
BLANK = re.compile(r"\n\s*\n")
ATX_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+([^#\s].{0,300}?)[ \t#]*$", re.M)
UNDERLINE = re.compile(r"\s{0,3}(=+|-{2,}|~{3,}|\^{3,}|\*{3,})\s*$")
RULE = re.compile(r"\s*(?:[-*_=~#+.]\s*){3,}$")
BULLET = re.compile(r"\s*(?:[-*+•◦▪‣·–—]|\[[ xX]\])\s+(?:\[[ xX]\]\s+)?(?=\S)")
NUMBER = re.compile(r"\s*(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]|[Ss]tep \d{1,3}[:.])\s+(?=\S)")
TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]*\S.*$", re.M)  # where a link leads
BOLD_LINE = re.compile(r"\s*(\*\*|__)(?=\S)([^*]+?)(?<=\S)\1:?\s*$")
SPEAKER = re.compile(r"^(?:Q|A|Question|Answer) ?\d{0,3}[:.)]\s+(?=\S)")
HEADING_NUMBER = re.compile(
    r"(?:(?:section|chapter|article|part|step)\s+)?(?:[\d.]*\d|[IVXLC]+|[A-Z])[.):]\s+|\d+\s+", re.I
)


def read_passages(content: str) -> list[Passage]:
    """Give the passages of a document in reading order; only blank content has none."""
    passages: list[Passage] = []
    heading = ""
    for block, (kind, lines) in enumerate(merged(blocks_of(plain_markup(content)))):
        if kind in ("heading", "title"):
            text = clean_inline(lines[0]).strip(" :*_#")
            heading = text[number.end() :] if (number := HEADING_NUMBER.match(text)) else text
            continue
        told = islice(read_block(kind, lines), MOST - len(passages))
        passages += [Passage(text, shape, heading, block) for shape, text in told if text]
    plain = " ".join(content.split())[:LONGEST_LIST]
    return passages or ([Passage(plain, "prose", "", 0)] if plain else [])


def merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """Make one list of items that blank lines part, and a sentence of a title line that heads nothing."""
    held: Block = ("", [])
    for kind, lines in [*blocks, ("heading", [])]:
        if kind == held[0] and kind in ("list", "steps"):
            held = (kind, held[1] + lines)
            continue
        if held[1]:
            yield "prose" if held[0] == "title" and kind in ("heading", "title") else held[0], held[1]
        held = (kind, lines)


def blocks_of(text: str) -> Iterator[Block]:
    """Yield headings, paragraphs, lists and tables: between blank lines a heading, then the others in any order."""
    for chunk in BLANK.split(REFERENCE.sub("", ATX_HEADING.sub(r"\n\n\1\n===\n\n", text))):
        lines = list(filter(str.strip, chunk.split("\n")))
        if lines and is_heading(lines):
            underlined = len(lines) > 1 and UNDERLINE.match(lines[1])
            yield "heading" if underlined else "title", [lines[0]]
            lines = lines[2:] if underlined else lines[1:]
        kind, block = "prose", list[str]()
        for line in lines:
            before, kind = kind, kind_of(line, kind, block)
            if kind != before and block:
                yield before, block
                block = []
            if not RULE.match(line):
                block.append(line)
        if block:
            yield kind, block


def kind_of(line: str, kind: str, block: list[str]) -> str:
    """Tell what a line is, given the kind and lines of the block before it."""
    if line.count("|") >= 2 or TABLE_RULE.match(line):
        return "table"
    mid_sentence = bool(block) and block[-1].rstrip()[-1] not in ".:;!?"
    if NUMBER.match(line) and not (kind == "prose" and mid_sentence):
        return "steps"
    if BULLET.match(line):
        return "list"
    wrapped = line[:1].isspace() or line[:1].islower() or (mid_sentence and len(block[-1]) > 50)
    return kind if kind in ("list", "steps") and wrapped else "prose"


def is_heading(lines: list[str]) -> bool:
    """Tell a title line: underlined, bold, in capitals, or short, alone and unpunctuated."""
    line = lines[0].strip()
    if len(line) > LONGEST_HEADING or not any(map(str.isalpha, line)) or "|" in line or BULLET.match(line):
        return False
    if (len(lines) > 1 and UNDERLINE.match(lines[1])) or BOLD_LINE.match(line):
        return True
    number = HEADING_NUMBER.match(line)
    words = line[number.end() if number else 0 :].split()
    if line.isupper() and line.isascii() and line[-1] not in ",;":
        return len(words) <= 12
    most = 12 if sum(word[0].isupper() for word in words) > len(words) / 2 else 8
    titled = len(lines) == 1 and 1 <= len(words) <= most and words[0][0].isupper() and line[-1] not in ".,;:!"
    return titled and "http" not in line and not re.search(r"[.!?:] ", " ".join(words))


def read_block(kind: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    if kind == "table":
        yield from (("row", row) for row in read_table(lines))
    elif kind in ("list", "steps"):
        yield from read_list(kind, lines)
    else:
        for paragraph in join_wrapped_lines(lines):
            yield from (("prose", sentence) for sentence in split_sentences(SPEAKER.sub("", clean_inline(paragraph))))


def read_list(kind: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Give a list of some length whole, and every item by itself."""
    items: list[str] = []
    for line in lines:
        mark = NUMBER.match(line) or BULLET.match(line)
        if mark or not items:
            items.append(line[mark.end() if mark else 0 :].strip())
        else:
            items[-1] += " " + line.strip()
    items = [item for item in map(clean_inline, items) if item]
    whole = "; ".join(item.rstrip(" ;,.") for item in items)
    if len(items) > 1 and len(whole) <= LONGEST_LIST:
        yield kind, whole
    yield from (("item", sentence) for item in items for sentence in split_sentences(item))


def read_table(lines: list[str]) -> Iterator[str]:
    """Give each row as "Column: cell; Column: cell", or its cells alone where the table names no columns."""
    named = len(lines) > 1 and TABLE_RULE.match(lines[1])
    rows = [
        [clean_inline(cell) for cell in line.strip().strip("|").split("|")]
        for line in lines
        if not TABLE_RULE.match(line)
    ]
    names = rows.pop(0) if named and rows else []
    for cells in rows:
        pairs = zip_longest(names[: len(cells)], cells, fillvalue="")
        yield "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)

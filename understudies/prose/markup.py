"""Take the markup off: HTML, Markdown and some reStructuredText."""

import html
import re

UNSEEN = re.compile(r"<!--(?:(?!<!--).)*?-->|<(script|style|head)\b(?:(?!<\1\b).)*?</\1\s*>", re.S | re.I)
HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]*>((?:(?!<h[1-6]\b).)*?)</h\1\s*>", re.S | re.I)
LIST_ITEM = re.compile(r"<li\b[^<>]*>", re.I)
INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|cite|code|em|i|img|mark|q|small|span|strong|su[bp]|t[dh]|u)(?=[\s/>])[^<>]*>", re.I
)
OTHER_TAG = re.compile(r"</?[a-z][a-z0-9]{0,12}(?:\s[^<>]*|/)?>|<!doctype[^<>]*>", re.I)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n", re.S)
FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:\n {0,3}\1[^\n]*|\Z)", re.S | re.M)
QUOTE = re.compile(r"^ {0,3}>[ >]*", re.M)
INLINE: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"!\[[^\]\n]{0,300}\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,300}\])|\[\^[^\]\n]{1,40}\]:?"), ""),
    (re.compile(r"\[([^\[\]\n]+)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)|\[[^\]\n]*\])"), r"\1"),  # link
    (re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>"), r"\1"),
    (re.compile(r"(`{1,3})([^`]{1,500}?)\1"), r"\2"),
    (re.compile(r"(?<!\w)(\*\*\*|\*\*|___|__|~~)(?=\S)(.{1,200}?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"(?<![\w*_])([*_])(?=[^\s*_])([^*_\n]+?)(?<=[^\s*_])\1(?![\w*_])"), r"\2"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])"), r"\1"),
]
MARKS = re.compile(r"[\[*_`~\\:<]")


def plain_markup(content: str) -> str:
    """Turn HTML into the Markdown that says the same, and drop code, marks of quotation, and what no reader sees."""
    text = FRONT_MATTER.sub("", content.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff"))
    if "<" in text:
        text = HTML_HEADING.sub(lambda found: f"\n\n# {' '.join(found[2].split())}\n\n", UNSEEN.sub(" ", text))
        text = OTHER_TAG.sub("\n\n", INLINE_TAG.sub("", LIST_ITEM.sub("\n- ", text)))
    text = QUOTE.sub("", FENCED.sub("\n", html.unescape(text)))
    return re.sub(r"[^\S\n]{9,}", " " * 8, text)


def clean_inline(text: str) -> str:
    """Strip inline markup and collapse white space."""
    if MARKS.search(text):
        for pattern, replacement in INLINE:
            text = pattern.sub(replacement, text)
    return " ".join(text.split())

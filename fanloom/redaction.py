"""No secret reaches a log, a trace or an error; and who is spoken of stays out of a trace where that is wanted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
# Of Google, AWS, LangSmith and OpenAI, and in headers and URLs: a key can also come from elsewhere than the
# environment. Each stands with what a text must hold, so that documents of megabytes cost next to nothing.
_FORMS = tuple(
    (hint, re.compile(pattern))
    for hint, pattern in (
        ("AIza", r"AIza[\w-]{30,}"),
        ("AKIA", r"AKIA[A-Z0-9]{16}"),
        ("ASIA", r"ASIA[A-Z0-9]{16}"),
        ("lsv2_", r"lsv2_\w{10,}"),
        ("sk-", r"sk-[\w-]{16,}"),
        # In any case where a digit shows that it is no word: "a bearer certificate".
        ("earer ", r"(?<=Bearer )[\w.~+/=-]{8,}|(?<=[Bb]earer )(?=\S*\d)[\w.~+/=-]{16,}"),
        ("key=", r"(?<=[?&]key=)[^&\s'\"]+"),
        ("://", r"(?<=\w://)[^\s/@]{1,300}(?=@)"),
    )
)
_URL_PARTS = re.compile(r"(\w+://)?(?:.*@)?([^?#]*)", re.DOTALL)
_SHORTEST = 8
_sources: list[Callable[[], Iterable[str]]] = []

# With the hyphens and dashes of word processors.
_HYPHENS = "\u2010-\u2015\u2212-"
_DASH = f"[_{_HYPHENS}]"
_BEFORE = rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9][{_HYPHENS}])"
_PERSONAL = re.compile(
    # E-mail addresses, also of a host without a dot, of an IP number, and with their @ as in a URL.
    r"(?<![\w.+%-])[\w.+%-]{1,200}(?:['\u2019!][\w.+%-]{1,200}){0,3}(?:@|%40)"
    r"(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}|\[[\w.:]{3,60}\])"
    r"|\"[^\"@\n]{1,100}\"@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
    # Account numbers with their country: DE89 3704 0044 0532 0130 00.
    r"|(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"
    r"|(?<![\w-])[a-z]{2}\d{2} ?[a-z0-9]{4}(?: ?\d{4}){2,6}(?: ?\d{1,4})?(?!\w)"
    # Identifiers: INV-7890, ORD-2024-001, A-12345_b, SP482913, #7890.
    rf"|{_BEFORE}[A-Za-z]{{1,8}}(?:{_DASH}\d{{1,8}}){{0,3}}{_DASH}\d{{3,}}(?:{_DASH}?[A-Za-z]{{1,3}})?(?![\w-])"
    rf"|{_BEFORE}[A-Za-z]{{1,5}}\d{{4,}}(?![\w-])|(?<!\w)[#\u2116] ?\d{{3,}}"
    # Telephone and card numbers: nine digits or more, or seven after a plus.
    r"|(?<![\w.-])(?:\+\d(?:[ ()./-]{0,2}\d){6,18}|\(?\d(?:[ ()./-]{0,2}\d){8,18})(?![\w-])"
)
_NUMBERED = "(?:inv|invoice|bill|ord|order|cust|customer|acct|account|case|ticket|return|rma|receipt|ref|reference)"
# INV-1, and the number in: order no. 12345, order A-1, "invoice_number": 7890.
_SHORT = re.compile(rf"(?i){_BEFORE}{_NUMBERED}{_DASH}\d+(?![\w-])")
_AFTER_ITS_NAME = re.compile(
    rf"(?i)(?<![a-z])({_NUMBERED}(?:[ _-]?(?:number|num|no|nr|id)\b\.?)?[ :#=\"'\u2116]{{1,4}})"
    r"(?:\d{3,}|[a-z]{1,5}-\d+)(?![\w-])"
)
# Full-width signs, and what is not seen and would part what belongs together.
_UNUSUAL = re.compile("[\uff01-\uff5e]|(?<=[\\w@.-])[\u00ad\u200b-\u200d\u2060\ufeff]+(?=[\\w@.-])")


def add_secrets(source: Callable[[], Iterable[str]]) -> None:
    """Mask from now on what a source gives, too; it is asked each time, and raises nothing."""
    _sources.append(source)


def redact(text: str) -> str:
    """Mask the values of secret environment variables, what has the form of a key, and the users in URLs."""
    return redactor()(text)


def redactor() -> Callable[[str], str]:
    """Return `redact` for many texts, with the secrets that the environment holds now."""
    secrets = _secrets()

    def redacted(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        for hint, form in _FORMS:
            if hint in text:
                text = form.sub("***", text)
        return text

    return redacted


def without_userinfo(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    # A password that was not quoted may hold any of '/?#', so it is the last '@' that ends it.
    scheme, host = _URL_PARTS.match(url).groups("")  # type: ignore[union-attr]
    return f"{scheme}{host}"


def mask_personal(text: str) -> str:
    """Mask identifiers such as INV-7890, e-mail addresses, and telephone, card and account numbers."""
    masked = _PERSONAL.sub("***", _UNUSUAL.sub(_usual, text))
    return _AFTER_ITS_NAME.sub(r"\1***", _SHORT.sub("***", masked))


def _usual(found: re.Match[str]) -> str:
    sign = found[0]
    # Full-width signs stand in the order of ASCII.
    return chr(ord(sign) - 0xFEE0) if len(sign) == 1 and sign >= "\uff01" and sign != "\ufeff" else ""


def _secrets() -> list[str]:
    """Return the secret values, the longest first, so that none is masked only in part."""
    named = {value for name, value in os.environ.items() if _SECRET_NAMES.search(name)}
    known = named.union(*(source() for source in _sources))
    return sorted((value for value in known if len(value) >= _SHORTEST), key=len, reverse=True)

"""Who is spoken of: identifiers, e-mail addresses, telephone, card and account numbers."""

from __future__ import annotations

import re

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


def mask_personal(text: str) -> str:
    """Mask identifiers such as INV-7890, e-mail addresses, and telephone, card and account numbers."""
    masked = _PERSONAL.sub("***", _UNUSUAL.sub(_usual, text))
    return _AFTER_ITS_NAME.sub(r"\1***", _SHORT.sub("***", masked))


def _usual(found: re.Match[str]) -> str:
    sign = found[0]
    # Full-width signs stand in the order of ASCII.
    return chr(ord(sign) - 0xFEE0) if len(sign) == 1 and sign >= "\uff01" and sign != "\ufeff" else ""

"""Who is spoken of: identifiers, e-mail addresses, telephone, card and account numbers."""

from __future__ import annotations

import re

from fanloom.redaction.number_forms import mask_numbers

# With the hyphens and dashes of word processors.
_HYPHENS = "\u2010-\u2015\u2212-"
_DASH = f"[_{_HYPHENS}]"
_BEFORE = rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9][{_HYPHENS}])"
# Letters also as JSON escapes them, and what separates an address from the word before it there: \n, \u003c.
_ESCAPED = r"\\{1,2}u0(?:[0-9a-fA-F]{3}(?<!u00[0-7][0-9a-fA-F])|03\d|0[46][1-9a-fA-F]|0[57][0-9aA]|05[fF]|02[dD])"
_LETTER = rf"(?:[\w.+%-]|{_ESCAPED}|\\{{1,2}}u002[5bBeE])"
_HOST = rf"(?:[\w-]|{_ESCAPED}){{1,63}}"
_DOT = r"(?:\.|\\{1,2}u002[eE])"
_AFTER = r"(?:(?<![\w.+%\\-])|(?<=\\[nrtbf])|(?<=\\u00[0-7][0-9a-fA-F])|(?<=\\)(?!u[0-9a-fA-F]{4}|[nrtbf]))"
_EMAIL = re.compile(
    # Also of a host without a dot, of an IP number, and with the @ of a URL, of JSON or of HTML.
    rf"{_AFTER}{_LETTER}{{1,200}}(?:['\u2019!]{_LETTER}{{1,200}}){{0,3}}(?:@|%40|\\{{1,2}}u0040|&#64;|&#x40;)"
    rf"(?:{_HOST}(?:{_DOT}{_HOST}){{0,8}}|\[[\w.:]{{3,60}}\])"
    r"|\"\w[^\"@\n\\]{0,99}\"@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
)
# INV-7890, ORD-2024-001, A-12345_b, SP482913, #7890.
_IDENTIFIER = re.compile(
    rf"{_BEFORE}(?P<kind>[A-Za-z]{{1,8}})(?:{_DASH}\d{{1,8}}){{0,3}}{_DASH}\d{{3,}}(?:{_DASH}?[A-Za-z]{{1,3}})?(?![\w-])"
    rf"|{_BEFORE}(?P<short>[A-Za-z]{{1,5}})\d{{4,}}(?![\w-])|(?<!\w)[#\u2116] ?\d{{3,}}"
)
# Whose numbers name no person: standards, checksums, weaknesses, encodings, models and months.
_IMPERSONAL = (
    "iso iec din en bs ieee ansi astm ecma nist fips rfc pep cve cwe jep asvs owasp sox pci hipaa cis itu gost jis "
    "sha aes rsa dsa ecdsa md crc blake chacha utf ucs cp windows latin base unicode ascii ebcdic "
    "http https tcp udp tls ssl ssh port usb ddr rtx gtx arm intel amd "
    "gpt claude gemini gemma llama qwen mistral nova titan bert "
    "jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october "
    "november december spring summer autumn winter fy cy year since until python java es "
    "rs eia tia vde vdi ul nf osha cfr posix smtp ftp utc gmt lga pkcs wcag"
)
_IMPERSONAL_KINDS = frozenset(_IMPERSONAL.split())
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
    masked = mask_numbers(_EMAIL.sub("***", _UNUSUAL.sub(_usual, text)))
    masked = _SHORT.sub("***", _IDENTIFIER.sub(_identifier, masked))
    return _AFTER_ITS_NAME.sub(r"\1***", masked)


def _identifier(found: re.Match[str]) -> str:
    kind = found["kind"] or found["short"] or ""
    return found[0] if kind.lower() in _IMPERSONAL_KINDS else "***"


def _usual(found: re.Match[str]) -> str:
    sign = found[0]
    # Full-width signs stand in the order of ASCII.
    return chr(ord(sign) - 0xFEE0) if len(sign) == 1 and sign >= "\uff01" and sign != "\ufeff" else ""

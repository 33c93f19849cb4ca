"""Numbers that lead to a person: accounts and cards, which have check digits, and telephones."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

_HYPHENS = "\u2010-\u2015\u2212-"
# A sign as JSON escapes it, also JSON in JSON.
_ESCAPED = r"\\{1,4}(?:u[0-9a-fA-F]{4}|[nrt])"
# Whatever people put between groups of digits; read in one way only, or a text could cost much.
_BETWEEN = rf"(?:{_ESCAPED}|(?!{_ESCAPED})[^\w\"']|_){{1,3}}"
_AFTER_ESCAPE = r"(?<=\\[nrt])|(?<=\\u[0-9a-fA-F]{4})"
_ALONE, _ENDS = rf"(?:(?<![A-Za-z0-9])|{_AFTER_ESCAPE})", r"(?![A-Za-z0-9])"
_SIGNS = re.compile(rf"{_ESCAPED}|.", re.DOTALL)
_IBAN = re.compile(rf"{_ALONE}[A-Za-z]{{2}}(?:{_BETWEEN})?\d(?:{_BETWEEN})?\d(?:(?:{_BETWEEN})?[A-Za-z0-9]){{11,29}}")
# How long each country's account numbers are; source: SWIFT's registry of IBAN.
_LENGTHS = (
    "15 NO 16 BE 18 DK FI FK FO GL NL SD 19 MK SI 20 AT BA EE KZ LT LU MN XK 21 CH HR LI LV "
    "22 BG BH CR DE GB GE IE ME RS VA 23 AE GI IL IQ OM SO TL 24 AD CZ ES MD PK RO SA SE SK TN VG 25 LY PT ST "
    "26 IS TR 27 BI DJ FR GR IT MC MR SM 28 AL AZ BY CY DO GT HU LB NI PL SV 29 BR EG PS QA UA "
    "30 JO KW MU YE 31 MT SC"
)
_CARD = re.compile(
    rf"{_ALONE}(?:[2-6]\d{{3}}{_BETWEEN}\d{{4}}{_BETWEEN}\d{{4}}{_BETWEEN}\d{{1,4}}(?:{_BETWEEN}\d{{3}})?"
    rf"|3\d{{3}}{_BETWEEN}\d{{6}}{_BETWEEN}\d{{4,5}}|[2-6]\d{{12,18}}|[2-6](?:[ .{_HYPHENS}]\d){{12,18}}){_ENDS}"
)
_GAP = rf"(?:[ \u00a0\u202f\u2009().\u00b7/{_HYPHENS}]|\\{{1,4}}(?:u00[aA]0|u20[0-2][0-9a-fA-F]|t)){{0,3}}"
_PHONE = re.compile(
    rf"(?:(?<![\w.,:/+$\u20ac\u00a3])(?<![\w.,]-)|{_AFTER_ESCAPE}|(?<=[Tt]el:)|(?<=[:/])(?=\+))"
    rf"(?:\(?\+ ?)?\(?\d(?:{_GAP}\d){{5,17}}(?![\w%])"
)
_CALLED = re.compile(
    r"(?i)\b(?:tele?(?:phone|fon|f)?|(?:mobile|cell)(?: phone)?|phone|fax|call|dial|whatsapp|sms|handy)\b\W{0,4}"
    r"(?:(?:me|us|him|her|at|on|is|no|number|nr)\b\W{0,3}){0,3}\Z"
)
_SIGN = rf"[./ {_HYPHENS}]"
_DATE = re.compile(
    rf"(?<!\d)(?:(?:19|20)\d\d{_SIGN}(?:0?[1-9]|1[0-2]){_SIGN}\d{{1,2}}|\d{{1,2}}({_SIGN})\d{{1,2}}\1(?:19|20)\d\d)(?!\d)"
)
_YEARS = re.compile(rf"(?:19|20)\d\d ?[/{_HYPHENS}] ?(?:19|20)\d\d")
_DECIMAL = re.compile(r"(?:0|[1-9]\d*)\.\d+")
# 1 000 000 and 1.000.000, a version, an address on the Internet.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([ \u00a0\u202f\u2009])\d{3})(?:\1\d{3})*|[1-9]\d{0,2}(?:\.\d{3}){2,}")
_DOTTED = re.compile(r"\d+(?:\.\d+){2,}")
_DOTTED_PHONE = re.compile(r"0\d{1,4}(?:\.\d{2,4}){2,5}|\d{3}\.\d{3}\.\d{4}")
# Seconds and milliseconds since 1970, of this century.
_CLOCK = re.compile(r"1[0-9]\d{8}(?:\d{3}){0,2}")
_BOOK = re.compile(r"97[89]\d{10}")
# Where no zero is dialled before a number; elsewhere it tells a telephone.
_WITHOUT_ZERO = ("US", "ES", "IT", "PT", "PL", "GR", "CZ", "MX", "IN", "BR", "CN")
_FEWEST, _MOST = 9, 15


def mask_numbers(text: str) -> str:
    """Mask account and card numbers whose check digits are right, and telephone numbers."""
    return _PHONE.sub(_telephone, _masked(_CARD, _end_of_card, _masked(_IBAN, _end_of_account, text)))


def _masked(form: re.Pattern[str], end_of: Callable[[re.Match[str]], int], text: str) -> str:
    """Mask what has a form and an end; what has none can hold the beginning of another that has."""
    kept, begin, start = [], 0, 0
    while found := form.search(text, start):
        start = end_of(found)
        if start:
            kept += [text[begin : found.start()], "***"]
            begin = start
        start = start or found.start() + 1
    return "".join([*kept, text[begin:]])


def _end_of_account(found: re.Match[str]) -> int:
    """Return where an IBAN ends, or 0 for what is none; what looks like its end can be the words after it."""
    signs = [(each.end(), each[0]) for each in _SIGNS.finditer(found[0]) if each[0].isalnum()]
    length = _length_in(found[0][:2].upper())
    if length is None or length > len(signs):
        return 0
    end = found.start() + signs[length - 1][0]
    is_one = not found.string[end : end + 1].isalnum() and _passes_97("".join(sign for _, sign in signs[:length]))
    return end if is_one else 0


def _end_of_card(found: re.Match[str]) -> int:
    return found.end() if _passes_luhn(_digits(found[0])) else 0


@cache
def _length_in(country: str) -> int | None:
    length = None
    for word in _LENGTHS.split():
        length = int(word) if word.isdigit() else length
        if word == country:
            return length
    return None


def _passes_97(account: str) -> bool:
    moved = (account[4:] + account[:4]).upper()
    return moved.isascii() and int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(each // 10 + each % 10 for each in doubled) % 10 == 0


def _telephone(found: re.Match[str]) -> str:
    given = "".join(each[0] if len(each[0]) == 1 else " " for each in _SIGNS.finditer(found[0]))
    is_called = _CALLED.search(found.string, max(0, found.start() - 40), found.start()) is not None
    if not is_called and not _is_telephone(given):
        return found[0]
    # A bracket that opens before the number and closes after it.
    return "(***" if given.startswith("(") and given.count("(") > given.count(")") else "***"


def _is_telephone(given: str) -> bool:
    digits = _digits(given)
    if "+" in given:
        return _is_possible(given)
    if not _FEWEST <= len(digits) <= _MOST or _is_another_number(given):
        return False
    return given.isdigit() or digits.startswith("0") or _is_national(given)


def _is_another_number(given: str) -> bool:
    if _DATE.search(given) or _YEARS.search(given) or _DECIMAL.fullmatch(given) or _BOOK.fullmatch(given):
        return True
    if _THOUSANDS.fullmatch(given):
        return "." in given or len(given.split()[0]) < 3 or given.endswith("000")
    return bool((_DOTTED.fullmatch(given) and not _DOTTED_PHONE.fullmatch(given)) or _CLOCK.fullmatch(given))


def _is_possible(given: str) -> bool:
    # Imported where it is needed: only a trace that masks personal data does.
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(given, None))
    except phonenumbers.NumberParseException:
        return False


def _is_national(given: str) -> bool:
    import phonenumbers

    if not re.search(r"\d{3}", given):
        # A list of small numbers.
        return False
    for region in _WITHOUT_ZERO:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(given, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _digits(given: str) -> str:
    return "".join(each[0] for each in _SIGNS.finditer(given) if each[0].isdigit())

"""Numbers that lead to a person: accounts and cards, which have check digits, and telephones."""

from __future__ import annotations

import re
from functools import cache

_HYPHENS = "\u2010-\u2015\u2212-"
# Whatever people put between groups of digits.
_BETWEEN = r"(?:[^\w\n\"']|_){1,3}"
_ALONE, _ENDS = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
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
_GAP = rf"[ \u00a0\u202f\u2009().\u00b7/{_HYPHENS}]{{0,3}}"
_PHONE = re.compile(rf"(?<![\w.,:/+$\u20ac\u00a3])(?<![\w.,]-)(?:\(?\+ ?)?\(?\d(?:{_GAP}\d){{5,17}}(?![\w%])")
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
# Where no zero is dialled before a number; elsewhere it tells a telephone.
_WITHOUT_ZERO = ("US", "ES", "IT", "PT", "PL", "GR", "CZ", "MX", "IN", "BR", "CN")
_FEWEST, _MOST = 9, 15


def mask_numbers(text: str) -> str:
    """Mask account and card numbers whose check digits are right, and telephone numbers."""
    text = _IBAN.sub(_account, text)
    text = _CARD.sub(lambda found: "***" if _passes_luhn(_digits(found[0])) else found[0], text)
    return _PHONE.sub(_telephone, text)


def _account(found: re.Match[str]) -> str:
    """Mask an IBAN; what looks like its end can be the words after it."""
    given = found[0]
    ends = [place + 1 for place, sign in enumerate(given) if sign.isalnum()]
    length = _length_in(given[:2].upper())
    if length is None or length > len(ends):
        return given
    end = ends[length - 1]
    follows = given[end : end + 1] or found.string[found.end() : found.end() + 1]
    is_one = not follows.isalnum() and _passes_97("".join(filter(str.isalnum, given[:end])))
    return "***" + given[end:] if is_one else given


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
    given = found[0]
    is_called = _CALLED.search(found.string, max(0, found.start() - 40), found.start()) is not None
    if not is_called and not _is_telephone(given):
        return given
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
    if _DATE.search(given) or _YEARS.search(given) or _DECIMAL.fullmatch(given):
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
    return "".join(filter(str.isdigit, given))

"""The forms by which keys are known, wherever they come from: those of providers and forges, tokens and headers."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TypeAlias

_START = r"(?<![A-Za-z0-9])"
_Forms: TypeAlias = tuple[tuple[str, re.Pattern[str]], ...]


def _forms(*given: tuple[str, str]) -> _Forms:
    return tuple((hint, re.compile(_START + form)) for hint, form in given)


# Each stands with what a text must hold, so that documents of megabytes cost next to nothing; what is looked for ahead
# has a bound, so that no text takes longer than its length.
_FORMS = _forms(
    # Google, AWS, Azure
    ("AIza", r"AIza[\w-]{30,}"),
    ("AQ.A", r"AQ\.A[\w-]{30,}"),
    ("1//0", r"1//0[\w-]{30,}"),
    ("ya29.", r"ya29\.[\w.-]{20,}"),
    ("GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    *((name, rf"{name}[A-Z0-9]{{16}}(?![A-Z0-9])") for name in ("AKIA", "ASIA", "ABIA", "ACCA")),
    ("ABSK", r"ABSK[A-Za-z0-9+/]{40,}={0,2}"),
    ("bedrock-api-key-", r"bedrock-api-key-[\w+/-]{20,}={0,2}"),
    ("JQQJ9", r"[A-Za-z0-9]{40,60}JQQJ9[A-Za-z0-9]{10,40}"),
    ("8Q~", r"\w{3}8Q~[\w~.-]{31,}"),
    # OpenAI, Anthropic, DeepSeek, OpenRouter; a digit shows that it is no word: sk-learn-contributors.
    ("sk-", r"sk-(?=[\w-]{0,200}\d)[\w-]{16,}"),
    # Other models, and LangSmith
    ("gsk_", r"gsk_\w{20,}"),
    ("xai-", r"xai-(?=[\w-]{0,200}\d)[\w-]{20,}"),
    ("pplx-", r"pplx-\w{20,}"),
    ("nvapi-", r"nvapi-[\w-]{20,}"),
    ("tvly-", r"tvly-[\w-]{16,}"),
    ("csk-", r"csk-(?=\w{0,200}\d)\w{20,}"),
    ("tgp_v1_", r"tgp_v1_[\w-]{20,}"),
    ("jina_", r"jina_(?=\w{0,200}\d)\w{30,}"),
    ("pa-", r"pa-(?=[\w-]{0,200}\d)(?=[\w-]{0,200}[A-Z])[\w-]{40,}"),
    ("pcsk_", r"pcsk_\w{20,}"),
    ("sk_", r"sk_[0-9a-f]{40,}"),
    ("r8_", r"r8_\w{30,}"),
    ("fw_", r"fw_(?=\w{0,200}\d)\w{20,}"),
    ("hf_", r"hf_(?=\w{0,200}[A-Z0-9])\w{20,}"),
    ("lsv2_", r"lsv2_\w{10,}"),
    # Forges and packages
    *((f"gh{kind}_", rf"gh{kind}_\w{{20,}}") for kind in "pousr"),
    ("github_pat_", r"github_pat_\w{20,}"),
    ("gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-(?=[\w.-]{0,200}\d)[\w.-]{16,}"),
    ("GR1348941", r"GR1348941[\w-]{20,}"),
    ("ATBB", r"ATBB(?=\w{0,200}\d)\w{20,}"),
    ("AZDO", r"[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4}"),
    ("npm_", r"npm_(?=\w{0,200}[A-Z0-9])\w{30,}"),
    ("pypi-Ag", r"pypi-Ag[\w-]{16,}"),
    ("dckr_pat_", r"dckr_pat_[\w-]{16,}"),
    # Services
    ("xox", r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}"),
    ("xapp-", r"xapp-\d-[\w-]{10,}"),
    ("hooks.slack.com/", r"hooks\.slack\.com/services/[\w/]{10,}"),
    ("_live_", r"(?:sk|rk|pk)_live_\w{10,}"),
    ("_test_", r"(?:sk|rk|pk)_test_(?=\w{0,200}\d)\w{16,}"),
    ("whsec_", r"whsec_[\w+/=]{16,}"),
    ("SG.", r"SG\.[\w-]{16,100}\.[\w-]{16,}"),
    ("shp", r"shp(?:at|ca|pa|ss)_\w{20,}"),
    ("dapi", r"dapi[0-9a-f]{32}"),
    ("dop_v1_", r"dop_v1_\w{20,}"),
    *((kind, rf"{kind}[\w=-]{{20,}}") for kind in ("ATATT3", "ATCTT3")),
    ("hvs.", r"hvs\.[\w-]{20,}"),
    ("glsa_", r"glsa_\w{20,}"),
    ("sbp_", r"sbp_[0-9a-f]{20,}"),
    ("sb_secret_", r"sb_secret_[\w-]{16,}"),
    ("HRKU-", r"HRKU-[\w-]{20,}"),
    ("ntn_", r"ntn_(?=\w{0,200}\d)\w{30,}"),
    ("secret_", r"secret_(?=\w{0,200}\d)(?=\w{0,200}[A-Z])\w{30,}"),
    ("figd_", r"figd_[\w-]{20,}"),
    ("SK", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    (":AA", r"\d{8,10}:AA[\w-]{30,}"),
    ("lin_api_", r"lin_api_\w{20,}"),
    # Of any issuer
    ("eyJ", r"eyJ[\w-]{8,2000}\.[\w-]{8,}(?:\.[\w-]*){1,3}"),
)
_SHORTEST = 15
"""No form of a key is shorter."""
_HEADERS = _forms(
    ("EARER ", r"(?<=BEARER )(?=\S{0,200}\d)[\w.~+/=-]{16,}"),
    ("earer ", r"(?<=Bearer )(?=[\w.~+/=-]{0,200}\d|[\w.~+/=-]{20})[\w.~+/=-]{8,}"),
    ("bearer ", r"(?<=bearer )(?=\S{0,200}\d)[\w.~+/=-]{16,}"),
)
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){0,100000}"
    r"(?:-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_BASIC = re.compile(r"(?:(?<=[Bb]asic )|(?<=BASIC ))[A-Za-z0-9+/_-]{6,}={0,2}")

# Whichever scheme a header names: token, ApiKey, Digest.
_AUTHORIZATION = re.compile(
    r"(?i)(authorization[\"'\\]{0,3}\s{0,2}[:=,]\s{0,2}b?[\"'\\]{0,3}[a-z][\w-]{1,30} )([^\s\"'\\<>]{8,2000})"
)

# A secret that only its name tells: api_key=..., "x-api-key": "...", password: ..., AccountKey=..., and as a pair:
# ("x-api-key", "...").
_NAMES = ("password", "passwd", "passphrase", "pwd", "secret", "token", "key", "signature", "sig", "authorization")
_NAME = "|".join(form for name in _NAMES for form in (name, name.capitalize(), name.upper()))
_LABELLED = re.compile(
    rf"({_NAME})([\"'\\]{{0,3}}(?:(?<![\"'])=|\s{{0,2}}[:=]\s{{0,2}}|(?<=[\"']),\s{{0,2}}b?(?=\\?[\"'])))"
    r"(?:\\?\"((?:[^\"\\\s]|\\.){1,2000})\\?\"|'((?:[^'\\\s]|\\.){1,2000})'|([^\s\"'&;,<>(){}\[\]\\]{1,2000}))"
)
# What makes a key a secret one: api_key, x-api-key, SecretAccessKey, AccountKey, subscription-key, ?key=.
_OF_KEYS = re.compile(
    r"(?i)(?:api|access|secret|private|account|shared|auth|subscription|signing|encryption|master|service|mistral|azure)"
    r"(?:[ _-]|%5f|%2d)?\Z|[?&]\Z"
)
_OF_HEADERS = re.compile(r"(?i)x-(?:\w{1,20}-)?api-\Z")
_OF_SIGNATURES = re.compile(r"[?&](?:[\w-]*[_-])?\Z")
_WORDS = re.compile(r"(?i)(?:none|null|true|false|undefined|str|string|int|bool|bytes|any|optional|\*+|\$\S*|%\S?)\Z")


def mask_keys(text: str) -> str:
    """Mask in a text whatever has the form of a key, and what stands after the name of a secret."""
    if _is_too_plain(text):
        return text
    # None of these forms has a space or a quotation mark in it: of most texts, and of JSON, only a few words are looked
    # at for them.
    long = " ".join([word for word in text.replace('"', " ").split() if len(word) >= _SHORTEST])
    for hint, form in _FORMS if long else ():
        if hint in long:
            text = form.sub("***", text)
    for hint, form in _HEADERS:
        if hint in text:
            text = form.sub("***", text)
    if "PRIVATE KEY" in text:
        text = _PEM.sub("***", text)
    if "asic " in text or "BASIC " in text:
        text = _BASIC.sub(_basic, text)
    if "uthorization" in text or "UTHORIZATION" in text:
        text = _AUTHORIZATION.sub(lambda found: found[1] + ("***" if _looks_secret(found[2]) else found[2]), text)
    if ("=" in text or ":" in text or "'," in text or '",' in text) and _names_one(text.lower()):
        text = _LABELLED.sub(_labelled, text)
    return text


def _names_one(lowered: str) -> bool:
    return any(name in lowered for name in ("pass", "pwd", "secret", "token", "key", "sig", "authorization"))


def _is_too_plain(text: str) -> bool:
    """Tell an identifier from a key: those of letters and digits alone have 20 of them, or 36 without a capital."""
    return len(text) < 36 and text.isalnum() and (len(text) < 20 or text.islower())


def _basic(found: re.Match[str]) -> str:
    """Mask a user and a password in base64; `basic knowledge` is none."""
    coded = found[0].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return "***" if b":" in b64decode(coded + "=" * (-len(coded) % 4)) else found[0]
    except ValueError:
        return found[0]


def _labelled(found: re.Match[str]) -> str:
    name, value = found[1].lower(), found[3] or found[4] or found[5]
    before = found.string[max(0, found.start() - 40) : found.start()]
    if not _is_of_secret(name, before) or _WORDS.match(value) or not _is_told(found, name, value, before):
        return found[0]
    return (
        found[0][: found.start(found.lastindex or 0) - found.start()]
        + "***"
        + found[0][found.end(found.lastindex or 0) - found.start() :]
    )


def _is_told(found: re.Match[str], name: str, value: str, before: str) -> bool:
    """Tell whether the value of a secret's name is the secret, which in a sentence or a list it need not be."""
    if "," in found[2]:
        return _looks_secret(value) and any(sign.isdigit() for sign in value)
    is_field = found[2] == "=" or (found[5] is None and name.startswith("pass"))
    is_header = name == "key" and _OF_HEADERS.search(before) is not None and not value.isupper()
    return is_field or is_header or _looks_secret(value)


def _is_of_secret(name: str, before: str) -> bool:
    if name == "key":
        return _OF_KEYS.search(before) is not None
    if name in ("sig", "signature"):
        return _OF_SIGNATURES.search(before) is not None
    return True


def _looks_secret(value: str) -> bool:
    """Tell a secret from a word of a sentence."""
    return len(value) >= 8 and (any(sign.isdigit() for sign in value) or len(value) >= 20)

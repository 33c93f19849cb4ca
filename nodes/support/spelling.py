"""Read what was mistyped as what was meant, sign for sign: a message keeps its length, and every place its number."""

from __future__ import annotations

import re

# By what is read instead; no longer than what was typed.
_MEANT = {
    "because": "becuase beacuse becasue becouse",
    "since": "sinse",
    "return": "retrun reutrn retunr",
    "send": "sned",
    "want": "wnat wnant",
    "would": "wuold woudl",
    "can": "cud",
    "could": "coud culd cuold",
    "the": "teh",
    "and": "adn",
    "pls": "plese pleas plase pleace",
    "thanks": "thnaks thansk",
    "received": "recieved recived",
    "receive": "recieve",
    "arrive": "arived arives arrvied",
    "ship": "shiped",
    "ord": "ordr oder orde",
    "orders": "ordres",
    "parcel": "packge pakage packege pacakge parcle",
    "invoice": "invioce invocie invoise",
    "bill": "invoce invoic",
    "nothing": "nothign",
    "yet": "stil",
    "broke": "brokn borken",
    "wrong": "wrnog worng",
    "first": "frist",
    "too": "tooo",
    "see": "chek",
    "which": "wich whcih",
    "charged": "chraged",
    "refund": "refudn",
    "status": "staus statsu",
    "tracking": "traking trakcing",
}
_TYPED = {typed: meant.ljust(len(typed)) for meant, typos in _MEANT.items() for typed in typos.split()}
_TYPO = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_TYPED, key=len, reverse=True))})(?![\w-])")


def as_meant(plain: str) -> str:
    """Return a text in lower case of the same length, without the commonest slips."""
    return _TYPO.sub(lambda typo: _TYPED[typo[0]], plain)

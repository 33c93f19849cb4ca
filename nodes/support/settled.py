"""Tell what a customer mentions but wants nothing of: what is settled, kept, taken back or quoted from another mail."""

from __future__ import annotations

import re

from nodes.support.requests import any_of

_SETTLED = any_of(
    r"^\W*(?:please )?(?:don't|dont|do not|no need to) (?:worry|bother|mind|trouble)\b",
    r"\bnever ?mind\b|^\W*(?:please )?forget (?:about )?(?:my|the|that|it|order|invoice)\b",
    r"^\W*(?:please )?(?:ignore|disregard) (?:my|that|the|this) (?:last|previous|earlier|first|other|message|mail|"
    r"e-?mail|question|request)\b",
    r"(?:\b(?:is|are|was|were|been|got|seems?)|'s|'re) (?:now |all |already |since )?(?:fine|settled|sorted|resolved|"
    r"cleared up|dealt with|taken care of|in order|ok|okay)(?: now| already| again)?\W*$",
    r"\b(?:i|we)(?:'m| am|'re| are|'ll| will|'ve decided to| decided to| have decided to| want to| would like to|"
    r"'d like to) keep(?:ing)? (?:it|them|the|that|both|this|those)\b",
    r"\b(?:i|we) (?:was|were) (?:going|about) to\b|\b(?:i|we) (?:had|have) (?:planned|meant) to\b",
    r"\brefund (?:has |had )?(?:already )?(?:arrived|came|come|reached me)\b(?! (?:yet|short|late))",
    r"\b(?:i|we)(?:'ll| will) pay\b.{0,20}\b(?:tomorrow|today|next|soon|later|on|this)\b",
)
_ASIDE = re.compile(
    r"\b(?:in case (?:you(?:'d| would)? (?:need|want|ask|like|wonder|were)|that|it|this)|"
    r"for (?:your )?(?:reference|records|information)|fyi|if (?:that|it|this) helps)\b"
)
_CORRECTS = re.compile(
    r"\b(?:i mean|i meant|make that|should (?:be|read|say)|correction|wrong (?:number|one))\b|"
    r"^\W*(?:sorry|oops|no|wait|actually)\W+(?:it'?s|it is|that'?s)\b"
)
_ANSWERED = re.compile(r"^[ \t]{0,20}>.*$|^on .{0,80}\bwrote:[ \t]*$", re.M)


def is_settled(clause: str) -> bool:
    """Tell a clause that only says that nothing is to be done."""
    return bool(_SETTLED.search(clause))


def is_aside(sentence: str) -> bool:
    """Tell a sentence that only gives what the desk may need."""
    return bool(_ASIDE.search(sentence))


def corrects(clause: str) -> bool:
    """Tell a clause that puts another identifier in the place of the last one."""
    return bool(_CORRECTS.search(clause))


def without_quoted_mail(plain: str) -> str:
    """Blank the lines that stand there from an earlier mail, if there are others."""
    own = _ANSWERED.sub(lambda found: " " * len(found[0]), plain)
    return own if any(map(str.isalnum, own)) else plain

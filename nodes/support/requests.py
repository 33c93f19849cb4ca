"""Tell from its form whether a clause asks for something, greets, or gives the system orders."""

from __future__ import annotations

import re

from nodes.support.vocabulary import GENERIC


def any_of(*patterns: str) -> re.Pattern[str]:
    """Compile patterns of which one has to match."""
    return re.compile("|".join(patterns))


_HOSTILE = any_of(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|rules?|prompts?|"
    r"previous|above|polic\w+|"
    r"guidelines|everything)\b",
    r"^\s*(?:system|assistant|developer|admin|root)\s*(?::|$)",
    r"\bsystem prompt\b|\b(?:new|updated|hidden) (?:system )?(?:instructions?|rules)\b|"
    r"\byou are (?:now|an? (?:ai|bot|assistant))\b",
    r"\b(?:developer|admin|debug|god|dan) mode\b|\bas an ai\b|\bjailbreak\b",
    r"\b(?:approve|grant|refund|accept|issue|mark|process)\b.{0,20}\b(?:all|every|everything|everyone|everybody)\b"
    r"(?! (?:my|our|of my|of our|three|two|four))",
)
_GREETING = re.compile(
    r"^\W*(?:hi|hiya|hey|hello|dear|good (?:morning|afternoon|evening|day)|greetings|"
    r"to whom it may concern|(?:many |lots of )?"
    r"thanks?|thx|ta|cheers|ok|okay|sorry|(?:kind|best|warm|many)(?:est)? (?:regards|wishes)|regards|"
    r"best|yours|sincerely|"
    r"have a|this is|my name is|hope|i hope|looking forward|take care|bye|goodbye|all the best|happy|"
    r"appreciate|much appreciated|sent from|"
    r"subject|re|fwd?)(?!\w)"
)
_WORD = re.compile(r"[a-z0-9][a-z0-9'-]*")

_REQUEST = any_of(
    r"^\W*(?:who|what|when(?! (?:i|we|it|he|she|they|you|the|my|our)\b)|"
    r"where|why|how|can|could|would|will|do|does|did|is|are|am|may|shall|should|"
    r"has|have|was|were)\b"
    r"(?! (?:been|to|a |an |the |had|bought|ordered|received|got)\b)",
    r"\b(?:please|pls|plz|kindly)\b|\b(?:i|we)(?: would|'d| would also|'d also) (?:\w+ ){0,2}(?:like|"
    r"love|prefer|need|want|appreciate)\b",
    r"\b(?:i|we) (?:\w+ )?(?:want|wanna|need|wish|request|demand|require|insist)\b|\b(?:i'm|i am|"
    r"we're|we are) looking (?:for|to)\b",
    r"^\W*whether\b|\bwant(?:ing)? to\b|\bwould like to\b|\bneed (?:to|a|someone)\b|\b(?:want|"
    r"need) (?:a|an|some|help)\b|\bwondering\b|\bis it possible\b",
    r"\bi(?:'m| am) (?:writing|contacting|getting in touch|complaining)\b|\b(?:complaint|complain)\b|"
    r"\b(?:i|we) (?:\w+ )?(?:ask|beg) (?:you|that|for)\b|"
    r"\b(?:forgot|forgotten|lost|can't remember|don't remember) (?:my|the) (?:\w+ )?(?:password|pin|login|username)\b",
    r"\bi can(?:no|')t (?:log|sign|access|open|find)\b",
)
_IMPERATIVE = re.compile(
    r"^\W*(?:cancel|delete|remove|close|change|update|add|stop|start|call|phone|ring|email|connect|"
    r"transfer|put|escalate|forward|"
    r"explain|reset|block|unsubscribe|subscribe|send|resend|ship|fix|provide|confirm|tell|show|give|"
    r"let|help|contact|replace|exchange|swap|"
    r"repair|book|schedule|reserve|apply|upgrade|downgrade|renew|pause|extend|move|make|get|do|mark)\b"
)
_NEGATED = re.compile(r"\b(?:do not|don't|dont|not|no) (?:\w+ )?(?:want|need|wish|looking|asking|expect)\b")


def hostile(sentence: str) -> bool:
    """Tell a sentence that gives the desk's system orders."""
    return bool(_HOSTILE.search(sentence))


def is_negated(clause: str) -> bool:
    """Tell what the customer does not want."""
    return bool(_NEGATED.search(clause))


def asks(clause: str) -> bool:
    """Tell a request by its form."""
    return bool(_REQUEST.search(clause) or _IMPERATIVE.match(clause))


def content(clause: str) -> list[str]:
    """Return the words that say what it is about, without those of any letter to any support desk."""
    return [word for word in _WORD.findall(clause) if len(word) > 1 and word not in GENERIC]


def is_greeting(clause: str) -> bool:
    """Tell a greeting, thanks or a closing formula."""
    return bool(_GREETING.match(clause))

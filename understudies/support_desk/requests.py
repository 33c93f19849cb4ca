"""Tell from its form whether a clause asks for something, greets, gives the system orders, or says all is settled."""

import re

from understudies.support_desk.products import GENERIC


def any_of(*patterns: str) -> re.Pattern[str]:
    """Compile patterns of which one has to match."""
    return re.compile("|".join(patterns))


HOSTILE = any_of(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|rules?|prompts?|above|polic\w+)\b",
    r"^\s*(?:system|assistant|developer|admin)\s*(?::|$)|\b(?:system prompt|jailbreak|as an ai)\b",
    r"\byou are (?:now|an? (?:ai|bot|assistant))\b|\b(?:developer|admin|debug|god) mode\b",
    r"\b(?:approve|grant|refund|accept|issue|mark|process)\b.{0,20}\b(?:all|every|everything|everyone|everybody)\b"
    r"(?! (?:my|our|of my|of our|three|two|four))",
)
GREETING = re.compile(
    r"^\W*(?:hi|hiya|hey|hello|dear|good (?:morning|afternoon|evening|day)|to whom it may concern|thx|ta|cheers|"
    r"(?:many |lots of )?thanks?|ok|okay|sorry|(?:kind|best|warm)(?:est)? (?:regards|wishes)|regards|best|yours|have a|"
    r"this is|my name is|(?:i )?hope|(?:i |we )?look(?:ing)? forward|take care|bye|happy|(?:much )?appreciate|"
    r"sincerely|sent from|subject|re|fwd?)(?!\w)"
)
_REQUEST = any_of(
    r"^\W*(?:who|what|when(?! (?:i|we|it|he|she|they|you|the|my|our)\b)|where|why|how|can|could|would|will|do|does|did|"
    r"is|are|am|may|shall|should|has|have|was|were)\b(?! (?:been|to|a |an |the |had|bought|ordered|received|got)\b)",
    r"^\W*whether\b|\b(?:please|pls|plz|kindly|wondering|complaint|complain)\b|"
    r"\b(?:i|we)(?:'d| would)(?: \w+){0,2} (?:like|love|prefer)\b|\b(?:i'm|i am|we're) (?:writing|looking for)\b",
    r"\b(?:i|we) (?:\w+ )?(?:want|wanna|need|wish|request|demand|require|insist|(?:ask|beg) (?:you|that|for))\b|"
    r"\b(?:want|need)(?:ing)? (?:to|a|an|some|help|someone)\b",
)
_IMPERATIVE = re.compile(
    r"^\W*(?:cancel|delete|remove|close|change|update|add|stop|start|call|phone|ring|email|connect|transfer|put|escalate|"
    r"forward|explain|reset|block|unsubscribe|subscribe|send|resend|ship|fix|provide|confirm|tell|show|give|let|help|"
    r"contact|replace|exchange|swap|repair|book|schedule|reserve|apply|upgrade|renew|pause|extend|move|make|get|do|mark)\b"
)
SETTLED = any_of(
    r"^\W*(?:please )?(?:don't|dont|do not|no need to) (?:worry|bother|mind|trouble)\b|\bnever ?mind\b",
    r"\b(?:do not|don't|dont) (?:want|need|wish|plan) to (?:return|send|cancel|exchange)\b",
    r"^\W*(?:please )?(?:forget|ignore|disregard) (?:about )?(?:my|the|that|this|it|order|invoice)\b",
    r"(?:\b(?:is|are|was|were|been|got|seems?)|'s|'re) (?:now |all |already |since )?(?:fine|settled|sorted|resolved|"
    r"cleared up|dealt with|taken care of|in order|ok|okay)(?: now| already| again)?\W*$",
    r"\b(?:i|we)(?:'m| am|'re| are|'ll| will)? keep(?:ing)? (?:it|them|the|that|both|this)\b",
    r"\b(?:i|we) (?:was|were) (?:going|about) to\b|\b(?:i|we)(?:'ll| will) pay\b",
    r"\brefund (?:has |had )?(?:already )?(?:arrived|came|come|reached me)\b(?! (?:yet|short|late))",
)
_WORD = re.compile(r"[a-z0-9][a-z0-9'-]+")


def asks(clause: str) -> bool:
    """Tell a request by its form."""
    return bool(_REQUEST.search(clause) or _IMPERATIVE.match(clause))


def content(clause: str) -> list[str]:
    """Return the words that say what it is about, without those of any letter to any support desk."""
    return [word for word in _WORD.findall(clause) if word not in GENERIC]


def tells(clause: str) -> bool:
    """Tell a clause that says anything, and does not only greet."""
    return bool(content(clause)) and not GREETING.match(clause)

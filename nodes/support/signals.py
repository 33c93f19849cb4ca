"""Tell from its words what a clause wants, if it wants anything."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, TypeAlias

from nodes.support.requests import any_of, asks, content

Wanted: TypeAlias = Literal["billing", "return", "refund", "status", "other"]


_PARCEL = r"(?:orders?|parcels?|packages?|packets?|shipments?|deliver(?:y|ies)|consignments?|purchases?|stuff|goods)"
_BILL = r"(?:invoices?|bills?|receipts?|statements?)"
_ARRIVE = (
    r"(?:arriv\w*|com(?:e|es|ing)|came|deliver\w*|ship(?:ped|s|ping)?|dispatch\w*|despatch\w*|"
    r"receiv\w*|recieve\w*|sent|"
    r"turn(?:ed)? up|show(?:ed|n|s)? up|here|left|got|get|gets|there)\b"
)
_NOT = r"(?:not|n't|never|yet to|havent|hasnt|didnt|isnt|wasnt|nobody|no one|without)"

_RETURN_UNDER_WAY = (
    r"\b(?:has|have|did|is|was|when|where|whether|if)\b.{0,20}\b(?:my|the|our|a) returns?\b.{0,20}"
    r"\b(?:arriv\w+|get there|got there|there yet|received|reach\w*|been processed|come back)\b"
)
_OVERRIDE = any_of(
    r"\bcancel(?!led\b|ed\b)\w*",
    r"\bupdate\b.{0,20}\b(?:address|e-?mail|phone|name|details|card|password|payment|profile|account)\b",
    r"\b(?:change|modify|amend|edit|swap|switch|move|redirect|postpone|reschedule|"
    r"add)\b.{0,40}\b(?:address|e-?mail|phone|"
    r"number|name|slot|size|colou?r|quantity|password|payment|details|card|date|order|to (?:my|the|our) order)\b",
    r"\bgift[- ]?wrap\w*\b|\b(?:merge|combine|bundle)\b.{0,30}\b(?:orders?|parcels?|shipments?|deliver(?:y|ies))\b",
    r"\b(?:delete|close|deactivate|remove|open|create)\b.{0,20}\baccount\b|\bpasswords?\b|\blog ?in\b|\bsign ?in\b",
    r"\b(?:manager|supervisor|human|real person|representative|agent|operator|complaint)\b|"
    r"\bspeak (?:to|with)\b|\btalk to\b",
    r"\b(?:return|returns|refund|privacy|shipping|delivery|warranty)s? (?:polic\w+|period|window|"
    r"deadline|conditions|terms|address)\b",
    r"\b(?:exchange|swap|replace|replacement|repair|repaired|warranty|guarantee)\b",
    r"\bnewsletters?\b|\bunsubscribe\b|\bsubscri\w+\b",
    r"^\W*(?:and |or |also )?(?:do|can|would|will) you (?:also )?(?:ship|sell|have|offer|accept|"
    r"deliver|stock|carry|take|charge|provide|make|do)\b"
    r"(?! (?:it|them|me|any (?:news|update|idea)|an (?:update|idea|eta)|news))",
    r"\bstatus of (?:my|the|our|a) (?:returns?|refund|rma|complaint|ticket|claim|application)\b|\btrack my return\b",
    _RETURN_UNDER_WAY,
    r"\b(?:use|redeem|apply|have|get) .{0,15}(?:discount|coupon|voucher|promo|gift card)\b|\bin stock\b",
    r"\b(?:whether|if) you (?:also |can |could )?(?:take|accept|sell|stock|offer|ship|deliver)\b(?! (?:it|them))",
    r"\bwhere (?:can|do|could|should|might) (?:i|we|one)\b|\bcall me\b|\bring me\b|\bopening hours\b|"
    r"\bpayment (?:methods?|options?)\b",
    r"\b(?:can|could|may|might) (?:i|we|(?:my|our|a|some\w*) ?\w*) (?:also )?(?:collect|pick up|fetch)\b",
    r"\bhow (?:long|many days) (?:do|have|does|can) \w+ (?:have |got )?(?:to |left to )?(?:return|send)\b",
    r"\b(?:order|buy|purchase) (?:more|another|a new|one more|some)\b|\b(?:to|can i|"
    r"i'd like to) (?:order|buy|purchase)\b(?! (?:number|#))",
)
_NOT_RETURN = any_of(
    rf"(?:{_NOT}|dont|no need|rather than|instead of)(?: \w+)?(?: want| need| wish| plan| going|"
    rf" have)?(?: to)? (?:be )?"
    r"(?:return|send|sent|give|bring)\w*\b",
    r"\b(?:already|i|we|i've|we've|have|had) (?:already )?(?:returned|sent (?:it|them|the \w+|my \w+) back)\b",
    r"\b(?:return|returned|returning) (?:my|our|the|your|his|her) (?:call|e-?mail|message)s?\b|"
    r"\btax returns?\b|\bin return\b|\bby return\b|\breturning customer\b",
)
_RETURN = any_of(
    r"\b(?:return|returns|returning|returned|retrun|retrn|retun)\b",
    r"\b(?:send|sending|sent|give|giving|bring|bringing|take|taking|ship|shipping|hand|post|mail|go|"
    r"goes|going|pack)\b.{0,70}\bback\b"
    r"(?! (?:to (?:me|us)|later|soon|in stock|up|door|yard|garden|entrance|office|room|seat|pain))",
    r"\b(?:i|we)(?:'d| would| do)?(?: rather)? ?(?:not|n't) (?:want to |wish to )?keep\b(?! (?:track|in mind))",
    r"\brid of\b|\brma\b(?![- ]?\d)|\bhand (?:it|them) in\b",
)
_REFUND = any_of(
    r"\brefund\w*|\b(?:return|give|send) (?:me )?(?:back )?(?:my|the|our) money\b|\b(?:money|"
    r"cash) back\b|\breimburse\w*|\bcredit (?:me|my|us|note)\b|\bcompensat\w+|\bgive me (?:back )?my money\b"
)
_REFUND_DUE = any_of(
    rf"\b(?:when|where|status|waiting|{_NOT}|still|yet|progress)\b.{{0,50}}(?:refund|money back|money)|"
    rf"refund.{{0,30}}(?:{_NOT}|status|yet)"
)
_HAS_RECEIPT = re.compile(
    r"\b(?:have|got|kept|keep|with|without|lost|misplaced|threw away) (?:the|my|a|an|our)?\s?(?:original )?receipt\b|"
    rf"\b(?:attach\w*|enclos\w*|includ\w+) (?:the|my|a|an|our)?\s?(?:original )?{_BILL}\b"
)
_BILLING = any_of(
    rf"\b{_BILL}\b|\b(?:billed|billing|overcharg\w*|overbill\w*|undercharg\w*|overpaid|surcharge|"
    rf"debited|deducted|chargeback|invoiced|invoicing)\b",
    r"(?<!n't )(?<!free of )(?<!in )(?<!extra )(?<!a )(?<!to )\bcharged?\b(?! (?:it|the (?:battery|"
    r"phone|device|unit|case)|up|fully|properly|any ?more))"
    r"(?!$)|\b(?:was|were|been|am|being|got|you|have|has) (?:\w+ )?charged\b|\b(?:double|wrong|"
    r"strange|unknown|unauthori[sz]ed|unexpected|duplicate|"
    r"a|the|this|these|those|some|any) charges?\b(?! (?:any|well|at all))|\bcharging (?:me|us|my)\b",
    r"\b(?:direct debit|credit note|amount due|late fee|payment|payments|balance)\b|\bpa(?:id|"
    r"y) (?:\w+ ){0,2}(?:twice|too much|double|more than)\b|\bfees?\b",
    r"\b(?:price|total|amount|cost)\b.{0,30}\b(?:wrong|incorrect|too high|higher|doesn't match|"
    r"don't match)\b|\btaken (?:twice )?from my (?:account|card)\b",
)
_HOLDS_NO_CHARGE = any_of(
    rf"{_NOT} (?:hold a |keep a |take a )?charge\b|\bhold a charge\b|\bcharging (?:port|cable)\b|"
    rf"\bpayment (?:methods?|options?)\b"
)
_STATUS = any_of(
    rf"\b(?:where(?:'s|s)?|whereabouts)\b.{{0,40}}\b{_PARCEL}\b|\b(?:where(?:'s|s| is| are| has| my| our)|"
    r"were (?:is|are)\b|"
    rf"whereabouts)\b(?! (?:your|the (?:store|shop|nearest|office|button|manual)))",
    r"\bstatus\b|\btrack(?:ing|ed)?\b|\beta\b|(?<!last )(?<!latest )(?<!software )(?<!firmware )\bupdates?\b"
    r"(?! (?:my|the|your|our|me with|firmware|"
    r"software))|\bprogress\b|\b(?:any|some|no|the|latest) news\b",
    rf"\bwhen(?:'s|s)?\b.{{0,60}}\b(?:{_ARRIVE}|expect\w*|due|ready)|\b(?:expected|estimated|planned|"
    rf"new) (?:delivery|arrival|shipping)\b",
    rf"\b{_PARCEL}\b.{{0,40}}(?:{_NOT}|\bmissing\b|\blost\b|\blate\b|\boverdue\b|\bdelayed?\b|"
    rf"\bstuck\b|\btaking\b|\bdue\b|\bsupposed\b(?! to be free)|\bmeant\b)",
    rf"\b(?:late|lost|missing|delayed|overdue) {_PARCEL}\b|\bdelivery (?:date|status|time)\b|"
    rf"\bon (?:its|the|their) way\b|\bout for delivery\b",
    rf"{_NOT}\b.{{0,30}}\b(?:arriv\w*|come\b|came\b|been delivered|delivered|shipped|dispatched|"
    rf"show\w* up|turn\w* up|got it|here|received? (?:my|it|the|our|them|order|any))",
    rf"\b(?:never|not|n't|not yet) (?:\w+ )?(?:received?|got|gotten)\b.{{0,30}}\b{_PARCEL}\b|"
    rf"^\W*not (?:yet )?received\b|\b(?:not|never) (?:yet )?received\W*$",
    r"\b(?:should have|was supposed|were supposed|supposed|was meant|were meant|was due|were due|"
    r"promised)\b(?! to be free).{0,40}\b(?:here|arrive\w*|come|delivered|"
    r"shipped|yesterday|monday|tuesday|wednesday|thursday|friday|saturday|sunday|last week|today|ago)\b",
    r"\bstill (?:processing|pending|waiting for (?:my|the|our|order|it)|in transit|not|nothing|"
    r"waiting on)\b|\bwaiting (?:for|on) (?:my|the|our|order|delivery|it|them)\b",
    rf"\bhow long\b.{{0,60}}\b(?:{_ARRIVE}|order|parcel|delivery)|\bhow far\b.{{0,20}}\border\b|"
    rf"\bgot stuck\b|\bis (?:late|overdue|delayed|lost)\W*$",
    rf"\bhow\b.{{0,20}}\b{_PARCEL}\b.{{0,12}}\b(?:getting on|getting along|doing|coming along|coming on|going)\b",
    rf"\bwhat(?:'s|s| is| has)?\b.{{0,25}}\b(?:happen\w*|going on|up)\b.{{0,20}}\b(?:{_PARCEL}|it)\b",
    rf"\b{_PARCEL}\b.{{0,20}}\b(?:stopped|held|hanging|sitting|waiting)\b|\bcustoms\b",
)
_ASKS_ARRIVAL = re.compile(
    rf"\b(?:has|have|is|are|did|was|were|will|whether|"
    rf"if)\b.{{0,50}}\b{_PARCEL}\b.{{0,40}}\b(?:{_ARRIVE}|ready|processed|way|picked)|"
    r"^\W*(?:has|have|is|did|was|will) (?:it|they)\b.{0,20}\b(?:shipped|arriv\w*|sent|dispatched|"
    r"delivered|left|coming)\b"
)
_MAIL = re.compile(rf"\b(?:e-?mails?|mails?|codes?|links?|sms|confirmations?|app|website)\b(?!.*\b{_PARCEL})")
PARCEL = re.compile(rf"\b{_PARCEL}\b")
_LABEL = re.compile(rf"\W*(?:my |the |our |its )?{_PARCEL} (?:number|no|nr|num|id|ref|reference|was|is)\b")
_SPEAKS_OF = re.compile(r"\W*(?:it|they|this|these|those|both|all|which)\b")
_ABOUT_RETURNS = any_of(
    r"\b(?:polic|period|window|deadline|address|status|track|(?:whether|if|do) you)", _RETURN_UNDER_WAY
)
_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning|re|question|query|problem|issue|trouble|check|look|info|"
    r"information|investigate|help|find|update|"
    r"enquir\w+|inquir\w+|what's|whats|what|expect\w*|late|waiting|hear|know|follow|chase|chasing|"
    r"locate|give|shipped|dispatched|delivered)\b"
)
_SHIPPED = re.compile(
    r"\b(?:ship|shipped|dispatched|arriv\w*|delivered?|come|coming|left|sent|due|late|overdue|delayed|"
    r"missing|lost|stuck|waiting)\b"
)


def wanted(clause: str, kinds: Collection[str], *, question: bool) -> Wanted | None:
    """Return what a clause wants; `kinds` are those of the identifiers in it."""
    if _OVERRIDE.search(clause) and not ("invoice" in kinds and "cancel" not in clause):
        by_return = _RETURN.search(clause) and not _ABOUT_RETURNS.search(clause)
        return "return" if by_return and not _NOT_RETURN.search(clause) else _unless_statement(clause, kinds, question)
    if _RETURN.search(clause) and not _NOT_RETURN.search(clause) and not _only_money(clause):
        return "return"
    if _REFUND.search(clause) and not _NOT_RETURN.search(clause):
        return "billing" if "invoice" in kinds or _REFUND_DUE.search(clause) or re.search(_BILL, clause) else "refund"
    return _about_papers(clause, kinds, question)


def _only_money(clause: str) -> bool:
    """Tell "give me my money back" from a product that goes back."""
    rest = _REFUND.sub(" ", clause)
    return bool(_REFUND.search(clause)) and not _RETURN.search(rest)


def _unless_statement(clause: str, kinds: Collection[str], question: bool) -> Wanted | None:
    if (
        asks(clause)
        or question
        or re.match(r"\W*(?:\w+\W+){0,2}(?:cancel|manager|agent|replacement|exchange|complaint)", clause)
    ):
        return "other"
    return _about_papers(clause, kinds, question)


def _about_papers(clause: str, kinds: Collection[str], question: bool) -> Wanted | None:
    billing = "invoice" in kinds or (
        _BILLING.search(clause) and not _HOLDS_NO_CHARGE.search(clause) and not _HAS_RECEIPT.search(clause)
    )
    if billing:
        return "billing"
    if (_STATUS.search(clause) and (kinds or not _MAIL.search(clause))) or (
        (question or "whether" in clause or " if " in clause) and _ASKS_ARRIVAL.search(clause)
    ):
        return "status"
    if "order" in kinds and (question or is_topic(clause) or _ABOUT.search(clause)):
        return "status"
    if "unknown" in kinds and (question or "?" in clause) and _SHIPPED.search(clause):
        return "status"
    return None


def is_topic(clause: str) -> bool:
    """Tell "order A-12345", which is a wish, from "order number: A-12345", which belongs to one."""
    return not content(_without_identifiers(clause)) and not _LABEL.match(clause) and not _SPEAKS_OF.match(clause)


def _without_identifiers(clause: str) -> str:
    return re.sub(r"\S*\d\S*|\b(?:order|orders|number|no|parcel|package|id|ref|reference)\b", " ", clause)

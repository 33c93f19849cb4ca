"""Tell from its words what a clause wants, if it wants anything."""

import re
from collections.abc import Collection
from typing import Literal, TypeAlias

from understudies.support_desk.requests import any_of, asks, content

Kind: TypeAlias = Literal["billing", "return", "status", "other"]

_PARCEL = (
    r"\b(?:orders?|parcels?|packages?|packets?|shipments?|deliver(?:y|ies)|consignments?|purchases?|stuff|goods)\b"
)
_BILL = r"\b(?:invoices?|bills?|receipts?|statements?)\b"
_ARRIVE = (
    r"\b(?:arriv\w*|com(?:e|es|ing)|came|deliver\w*|shipp?\w*|d[ei]spatch\w*|receiv\w*|sent|(?:turn|show)(?:ed|s)? up|"
    r"here|left|got|get|gets|there)\b"
)
_NOT = r"(?:\b(?:not|never|yet to|havent|hasnt|didnt|isnt|wasnt|nobody|no one|without)|n't)\b"

_OTHER = any_of(
    r"\bcancel(?!led\b|ed\b)\w*|\bgift[- ]?wrap|\b(?:merge|combine|bundle)\b.{0,30}\b(?:orders|parcels|shipments)\b",
    r"\b(?:change|modify|amend|edit|swap|switch|move|redirect|postpone|reschedule|add|update (?:my|our|the))\b"
    r".{0,40}\b(?:address|e-?mail|phone|number|name|slot|size|colou?r|quantity|payment|details|date|order|account)\b",
    r"\b(?:returns?|refund|privacy|shipping|delivery) (?:polic\w+|period|window|deadline|conditions|terms|address)\b",
    r"(?:^\W*(?:and |or |also )?(?:do|can|would|will)|\b(?:whether|if)) you (?:also |can )?"
    r"(?:ship|sell|have|offer|accept|deliver|stock|carry|take|charge|provide|make|do)\b(?! (?:it|them|me|an?|any)\b)",
    r"\b(?:can|could|may|might) (?:i|we|(?:my|our|a|some\w*) ?\w*) (?:also )?(?:collect|pick up|fetch)\b",
    r"\b(?:my|the|our|a) returns?\b.{0,20}\b(?:arriv\w+|get there|got there|there yet|received|reach\w*|processed)\b",
)
_NO_BILLING = re.compile(rf"{_NOT} (?:hold |keep )?(?:a )?charge\b|\b(?:have|got|kept|lost) .{{0,12}}receipt\b")
_ABOUT_RETURNS = re.compile(
    r"\b(?:polic|period|window|deadline|address|status|track|(?:whether|if|do) you|there|received|processed)"
)
_RETURN = any_of(
    r"\breturn(?:s|ed|ing)?\b(?! (?:my|our|the|your) (?:call|e-?mail|message)| customer)",
    r"\b(?:send|sending|sent|giv(?:e|ing)|bring(?:ing)?|tak(?:e|ing)|ship(?:ping)?|hand|post|mail|go|goes|going|pack)\b"
    r".{0,70}\bback\b(?! (?:to (?:me|us)|later|soon|in stock|up|door|yard|garden|office|room|seat))",
    r"\b(?:i|we)\b.{0,16}(?: not|n't) (?:want to |wish to )?keep\b(?! (?:track|in mind))|\brid of\b|\brma\b(?![- ]?\d)",
)
_NOT_RETURN = any_of(
    rf"(?:{_NOT}|dont|no need|rather than|instead of)(?: \w+)?(?: want| need| wish| plan| going| have)?(?: to)? "
    r"(?:return|send|give|bring)\w*\b|\b(?:tax returns?|(?:in|by) return)\b",
    r"\b(?:already|i|we|i've|we've|have|had) (?:already )?(?:returned|sent (?:it|them|the \w+|my \w+) back)\b",
)
_REFUND = re.compile(r"\b(?:refund\w*|reimburse\w*|compensat\w+|(?:money|cash) back|my money|credit (?:me|my|note))\b")
_BILLING = any_of(
    rf"{_BILL}|\b(?:billed|billing|overcharg\w*|overbill\w*|undercharg\w*|overpaid|surcharge|debited|deducted|invoic\w+)\b",
    r"\b(?:was|were|been|am|being|got|you|have|has) (?:\w+ )?charged\b(?! up)|\bcharg(?:ed|ing) (?:me|us|my|twice)\b",
    r"\b(?:double|wrong|strange|unknown|unexpected|duplicate|a|the|this|these|some) charges?\b(?! (?:any|at))",
    r"\b(?:direct debit|amount due|payments?|balance|fees?|pa(?:id|y) (?:\w+ ){0,2}(?:twice|too much|double))\b",
)
_STATUS = any_of(
    r"\b(?:where(?:'s|s| is| are| has| my| our)|were (?:is|are)|whereabouts)\b(?! (?:your|the (?:store|shop|nearest)))",
    rf"\bwhere\b.{{0,40}}{_PARCEL}|\bwhen(?:'s|s)?\b.{{0,60}}(?:{_ARRIVE}|\b(?:expect\w*|due|ready)\b)",
    r"\b(?:status|track(?:ing|ed)?|eta|progress|(?:any|some|no|the|latest) news|out for delivery|customs)\b",
    r"(?<!last )(?<!latest )(?<!ware )\bupdates?\b(?! (?:my|the|your|our|me with|firmware|software))",
    rf"{_PARCEL}.{{0,40}}(?:{_NOT}|\b(?:missing|lost|late|overdue|delayed?|stuck|supposed(?! to be free)|meant)\b)",
    rf"\b(?:late|lost|missing|delayed|overdue) {_PARCEL}|\b(?:delivery|arrival) (?:date|status|time)\b",
    rf"{_NOT}.{{0,30}}\b(?:arriv\w*|come|came|delivered|shipped|dispatched|(?:show|turn)\w* up|got it|here|"
    r"received? (?:my|it|the|our|them|order|any)|received\W*$)",
    r"\b(?:should have|supposed|meant|due|promised)\b(?! to be free).{0,40}\b(?:here|arrive\w*|come|delivered|shipped|"
    r"\w+day|last week|ago)\b|\bis (?:late|overdue|delayed|lost|stuck)\W*$|\bon (?:its|the|their) way\b",
    rf"\bstill (?:processing|pending|waiting|in transit|not|nothing)\b|\bhow long\b.{{0,60}}(?:{_ARRIVE}|{_PARCEL})",
    rf"\bwhat(?:'s|s| is| has)?\b.{{0,25}}\b(?:happen\w*|going on|up)\b.{{0,20}}(?:{_PARCEL}|\bit\b)",
)
_ASKS_ARRIVAL = any_of(
    rf"\b(?:has|have|is|are|did|was|were|will|whether|if)\b.{{0,50}}{_PARCEL}.{{0,40}}(?:{_ARRIVE}|\b(?:ready|way)\b)",
    rf"^\W*(?:has|have|is|did|was|will) (?:it|they)\b.{{0,20}}{_ARRIVE}",
)
_LABEL = re.compile(rf"\W*(?:my |the |our |its )?{_PARCEL} (?:number|no|nr|num|id|ref|reference|was|is)\b")
_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning|re|question|problem|issue|check|look|info|information|investigate|help|find|"
    r"update|what's|whats|what|expect\w*|late|waiting|hear|know|chas\w+|locate|shipped|dispatched|delivered)\b"
)
_NAMED = re.compile(r"\S*\d\S*|\b(?:orders?|number|no|parcel|package|id|ref|reference)\b")


def wanted(clause: str, kinds: Collection[str], *, question: bool) -> Kind | Literal["refund"] | None:
    """Return what a clause wants; `kinds` are those of the identifiers in it."""
    goes_back = _RETURN.search(clause) and not _NOT_RETURN.search(clause)
    if _OTHER.search(clause) and not ("invoice" in kinds and "cancel" not in clause):
        if goes_back and not _ABOUT_RETURNS.search(clause):
            return "return"
        return "other" if asks(clause) or question else _about_papers(clause, kinds, question)
    if goes_back:
        return "return"
    if _REFUND.search(clause):
        return "billing" if "invoice" in kinds or re.search(_BILL, clause) else "refund"
    return _about_papers(clause, kinds, question)


def _about_papers(clause: str, kinds: Collection[str], question: bool) -> Kind | None:
    if "invoice" in kinds or (_BILLING.search(clause) and not _NO_BILLING.search(clause)):
        return "billing"
    asked = question or "whether" in clause or " if " in clause
    if _STATUS.search(clause) or (asked and _ASKS_ARRIVAL.search(clause)):
        return "status"
    if "order" in kinds and (question or is_topic(clause) or _ABOUT.search(clause)):
        return "status"
    return None


def is_topic(clause: str) -> bool:
    """Tell "order A-12345", which is a wish, from "order number: A-12345", which belongs to one."""
    return not content(_NAMED.sub(" ", clause)) and not _LABEL.match(clause)

"""The patterns by which a predicate tells an amount, a time, a cause, a purpose or a definition."""

import re

from understudies.prose.english import MONTHS, NUMBER_WORDS
from understudies.prose.sentences import listed

ABOUT = (
    "about|around|roughly|nearly|almost|over|at least|at most|up to|more than|less than|some|only|exactly|approximately"
)
NUMBER = rf"(?:(?:{ABOUT}|between|by) )*[€$£]?(?:\d[\d.,]*|{'|'.join(sorted(NUMBER_WORDS))})\b"
YEAR = r"(?:early |late |mid-)?(?:1[0-9]|20)\d\d\b"
WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b"
ORDINAL = r"(?:the )?\d{1,2}(?:st|nd|rd|th)?(?: of)?"
DATE = rf"{ORDINAL} (?:{MONTHS})|(?:{MONTHS})(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? {YEAR})?|the \w+ day of"
CLOCK = r"\d{1,2}[:.]\d\d|\d{1,2} ?[ap]\.?m|noon|midnight"
TIME = rf"(?:in (?:the )?(?:{YEAR}s?|(?:{MONTHS})\b|\w+ century)|on (?:{DATE}|{WEEKDAY})|at (?:{CLOCK}))"
SPAN = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)\b"
PERIOD = r"(?:second|minute|hour|day|week|month|quarter|year|spring|summer|autumn|winter)s?\b"
SEASON = rf"(?:{NUMBER} )?(?:other )?{PERIOD}"
TIMES = rf"(?:once|twice|{NUMBER} times) (?:an?|per|every|each)\b|(?:daily|weekly|monthly|quarterly|annually|yearly)\b"

CIRCUMSTANCES = [
    ("Why", 3.0, re.compile(r"(.+?),? (?:because|due to|owing to|thanks to|as a result of|on account of)\b")),
    ("How long", 3.0, re.compile(rf"(.+?),? for (?:a )?{NUMBER}[ -]{SPAN}")),
    ("How often", 3.0, re.compile(rf"(.+?),? (?:every {SEASON}|{TIMES})")),
    ("How soon", 2.9, re.compile(rf"(.+?),? within {NUMBER} (?:\w+ )?{SPAN}")),
    ("When", 2.9, re.compile(rf"(.+?),? {TIME}")),
    ("How", 2.8, re.compile(r"(.+?),? by (?!far)\w+ing\b")),
]
PLACED = r"(?:located|situated|headquartered|buried|born) (?:in|on|at|near|along|between|off|outside|next)\b"
FOR = r"(known|designed|required|intended|needed|suitable|responsible|famous|named|ideal|essential) for\b"
TO_DO = r"(designed|required|intended|obliged|expected|allowed|permitted|entitled|able) to \w+"
LINKED = (
    r"(called|known as|based on|made (?:up )?of|made from|composed of|divided into|derived from|caused by|powered by|"
    r"driven by|governed by|determined by|measured in|named after|subject to|limited to|similar to|associated with|"
    r"connected to|replaced by|linked to|equipped with|filled with|covered (?:by|with)|related to|followed by|"
    r"produced by|controlled by|supported by|surrounded by|affected by)\b(?! \w+ing)"
)
BE_QUESTIONS = [
    (re.compile(r"used (?:to|for|in|as|by|when)\b"), 3.0, "What {aux} {subject} used for?"),
    (re.compile(PLACED), 3.0, "Where {aux} {subject} {first}?"),
    (re.compile(rf"{NUMBER} (?:\w+ ){{0,2}}(tall|high|long|wide|deep|thick|old)\b"), 3.0, "How {it} {aux} {subject}?"),
    (re.compile(FOR), 2.6, "What {aux} {subject} {it} for?"),
    (re.compile(TO_DO), 2.6, "What {aux} {subject} {it} to do?"),
    (re.compile(LINKED), 2.6, "What {aux} {subject} {it}?"),
]
NAMING = re.compile(r"\w+(?:tion|sion|ment|ness|ity|er|s)")  # one noun: what is a duration is not so for a reason
NO_KIND = r"(?:in|on|at|by|for|from|to|as|with|of|into|sold|made|kept|built|found|\w+ed|\w+ing)\b"
KINDS = rf"(?:(?!{NO_KIND})[a-z-]+ ){{0,2}}[a-z]+s (?:that|which|who|used|made|of|with) "
DEFINED = re.compile(rf"(?:an?|the(?! (?:most|least|same|best|worst)\b)|one of|any|defined as) [\w“\"]+|{KINDS}")
SUPERLATIVE = re.compile(
    r"(the (?:[a-z]+est|most \w+|only|first|main|second|third|last|chief|usual) (?:[\w'-]+ ?){1,9})$"
)
COUNTING = "have|contain|comprise|include|employ|operate|own|cover|serve|produce|need|require|hold"
COUNTED = re.compile(rf"(?:{COUNTING}) {NUMBER} ((?:[a-z-]+ )?(?:[a-z-]+s|people|children|men|women))\b(?! of)")
MEASURED = re.compile(rf"(cost|weigh) {NUMBER}|(last|take) (?:for )?(?:a )?{NUMBER} (?:\w+ )?{SPAN}")
MOVED = re.compile(rf"(rise|fall|grow|increase|decrease|decline|drop|improve|change|expand|shrink) by {NUMBER}")
SHARED = re.compile(rf"account for {NUMBER}(?: ?%| per ?cent)? of ((?:the )?[\w -]+?)(?:[,;:]|$)")
UNIT = re.compile(r"(?:metre|meter|tonne|ton|litre|liter|mile|euro|pound|dollar|degree|hectare|acre|gram|volt|watt)s$")
BREAK = re.compile(r"[,;:()\"“”?—–]")  # noqa: RUF001
PROPERTY = re.compile(rf"have an? ((?:[a-z]+ )?[a-z]+) of {NUMBER}")
COMPLETED = re.compile(
    r"((?:depend|rely|focus) (?:up)?on|consist of|(?:lead|refer|apply|belong|contribute) to|result in|stem from|"
    r"differ from|serve as|act as|(?:start|end|begin) with|range from)\b(?! \w+ing)"
)
DECIDED = re.compile(r"(decide|agree|plan|intend|want|promise|aim|refuse|hope|try|attempt) to\b")
REPORTED = re.compile(
    r"(report|say|state|find|show|suggest|note|announce|explain|argue|believe|claim|confirm|warn|conclude) that\b"
)
ORDERED = re.compile(
    r"\w+ ((?:the|an?) [^,;:]+?)(?= (?:to|in|on|at|for|from|with|until|into|by|and|before|after|if|when|so|that|which|"
    r"once|containing|using)\b|[,;:(]|$)"
)
POINTS_ELSEWHERE = listed("""
    it they them he she him this these those we us i me my our here such himself herself ours theirs respectively what
    because due which although while but
""")

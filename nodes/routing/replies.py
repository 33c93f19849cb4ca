"""Answer a customer by rule, as each handler would: nothing is invented, and nothing promised."""

from __future__ import annotations

import re
from functools import cache

from nodes.routing.clauses import ends
from nodes.routing.understudy import matter_of, words_of
from nodes.routing.vocabulary import GADGET, THING, compiled

ERROR_CODE = re.compile(r"\berror(?: code)?[ :#]{1,3}(?=[A-Za-z_-]{0,20}\d)([\w-]{2,24})", re.IGNORECASE)


def technical_support(query: str) -> str:
    """Acknowledge the trouble, and ask for what is needed to find its cause."""
    matter = matter_of(query, "technical") or _thing(query)
    code = ERROR_CODE.search(ends(query))
    message = f"where error {code[1]} appears" if code else "the exact wording of any error message"
    return (
        f"I am sorry to hear about the trouble with {matter or 'this'}. "
        "So that we can look into it, please tell us which device and which version of the software you use, "
        f"{message}, and when it began. "
        "Which troubleshooting steps have you already tried, for example restarting or reinstalling?"
    )


def billing_inquiry(query: str) -> str:
    """Acknowledge the concern, and ask for the account number."""
    matter = matter_of(query, "billing")
    return (
        f"Thank you for writing to us; I understand your concern about {matter or 'your account'}. "
        "So that we can look into it, please send us your account number. Please send no card numbers or passwords."
    )


def general_question(query: str) -> str:
    """Apologise, and ask to hear more."""
    return (
        "I am sorry, I am not sure how to help you with this. "
        "Could you say it in other words, or tell us a little more about what you need?"
    )


def _thing(query: str) -> str:
    """Name the first device or the like that the message names; an empty string if it names none."""
    found = next(filter(None, (pattern.search(words_of(query)) for pattern in _things())), None)
    return f"the {found[0]}" if found else ""


@cache
def _things() -> tuple[re.Pattern[str], ...]:
    return compiled(GADGET), compiled(THING)

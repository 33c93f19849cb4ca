"""Technical documentation, written offline: each fact as its readers need it, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from understudies.orchestrator.facts import (
    NOTHING_KNOWN,
    Facts,
    about,
    capital,
    enumerated,
    is_list,
    label,
    phrase,
    written,
)
from understudies.orchestrator.trade import Trade

_INTERFACE = re.compile(r"(?<![a-z])(?:apis?|endpoints?|webhooks?|https?)(?![a-z])", re.IGNORECASE)
# What the readers of an interface's documentation look for, with the words in the names of facts that give it.
_WANTED = {
    "the method and path": ("path", "url", "endpoint", "route"),
    "the fields of requests and answers": ("request", "response", "field", "schema", "parameter"),
    "the status codes and errors": ("status", "error", "code"),
}


def write_section(subject: str, section: str, facts: Facts) -> str:
    """Write one section from the facts that are known."""
    return _SECTIONS.get(section.lower(), written)(subject, section, facts)


def _overview(subject: str, section: str, facts: Facts) -> str:
    *_, known = written(subject, section, facts).partition("\n\n")
    return f"This documentation describes {subject}.\n\n{known}"


def _technical(subject: str, section: str, facts: Facts) -> str:
    rows = "\n".join(f"- `{name}`: {_exact(value)}" for name, value in facts.items())
    known = f"The known properties of {subject}:\n\n{rows}" if facts else f"{capital(subject)}. {NOTHING_KNOWN}"
    is_interface = _INTERFACE.search(" ".join([subject, *map(label, facts)]))
    missing = [what for what, words in _WANTED.items() if is_interface and not about(facts, words)]
    return f"{known}\n\nNot known yet, and to be added: {'; '.join(missing)}." if missing else known


def _tutorial(subject: str, section: str, facts: Facts) -> str:
    steps = ["Make sure that you have access to it.", *[_step(name, value) for name, value in facts.items()]]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"How to begin with {subject}:\n\n{numbered}"


_SECTIONS: dict[str, Callable[[str, str, Facts], str]] = {
    **dict.fromkeys(("overview", "introduction", "summary", "conclusion"), _overview),
    **dict.fromkeys(("technical", "reference", "specification", "configuration"), _technical),
    **dict.fromkeys(("tutorial", "quickstart", "getting started", "installation"), _tutorial),
    **dict.fromkeys(("faq", "troubleshooting"), written),
}


def _step(name: str, value: Any) -> str:
    if _is_plain_list(value) and len(value) > 1:
        return f"Choose among the {label(name)}: {enumerated([*map(phrase, value)], 'or')}."
    if about({name: value}, ("version",)):
        return f"Use {label(name)} {phrase(value)}."
    verb = "Stay within" if about({name: value}, ("limit", "quota", "maximum", "timeout")) else "Note"
    return f"{verb} the {label(name)}: {phrase(value)}."


def _exact(value: Any) -> str:
    return ", ".join(f"`{phrase(item)}`" for item in value) if _is_plain_list(value) and value else phrase(value)


def _is_plain_list(value: Any) -> bool:
    return is_list(value) and not any(isinstance(item, Mapping) for item in value)


_TRADE = Trade(tuple(_SECTIONS), ("overview", "technical", "tutorial"), "section", write_section)
plan, work, combine = _TRADE.plan, _TRADE.work, _TRADE.combine

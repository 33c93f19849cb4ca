"""Technical documentation, written offline: each fact as its readers need it, and no other."""

from collections.abc import Callable
from typing import Any

from understudies.orchestrator.facts import NOTHING_KNOWN, Facts, enumerated, label, phrase, written
from understudies.orchestrator.trade import Trade


def write_section(subject: str, section: str, facts: Facts) -> str:
    """Write one section from the facts that are known."""
    return _SECTIONS.get(section.lower(), written)(subject, section, facts)


def _technical(subject: str, section: str, facts: Facts) -> str:
    rows = "\n".join(f"- `{name}`: {_exact(value)}" for name, value in facts.items())
    return f"The known properties of {subject}:\n\n{rows or NOTHING_KNOWN}"


def _tutorial(subject: str, section: str, facts: Facts) -> str:
    steps = ["Make sure that you have access to it.", *[_step(name, value) for name, value in facts.items()]]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"How to begin with {subject}:\n\n{numbered}"


_SECTIONS: dict[str, Callable[[str, str, Facts], str]] = {
    **dict.fromkeys(("technical", "reference", "specification", "configuration"), _technical),
    **dict.fromkeys(("tutorial", "quickstart", "getting started", "installation"), _tutorial),
    **dict.fromkeys(("overview", "introduction", "summary", "conclusion", "faq", "troubleshooting"), written),
}


def _step(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) > 1:
        return f"Choose among the {label(name)}: {enumerated([*map(phrase, value)], 'or')}."
    known = f"{label(name)} {phrase(value)}"
    return f"Use {known}." if "version" in name.lower() else f"Note the {known}."


def _exact(value: Any) -> str:
    plain = isinstance(value, list) and value and not any(isinstance(item, dict | list) for item in value)
    return ", ".join(f"`{phrase(item)}`" for item in value) if plain else phrase(value)


_TRADE = Trade(tuple(_SECTIONS), ("overview", "technical", "tutorial"), "section", write_section)
plan, work, combine = _TRADE.plan, _TRADE.work, _TRADE.combine

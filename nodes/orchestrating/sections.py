"""The sections of technical documentation that are written offline: each fact as its readers need it, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nodes.orchestrating.facts import about, bullets, capital, enumerated, label, phrase
from nodes.orchestrating.understudy import NOTHING_KNOWN

Facts = Mapping[str, Any]

_INTERFACE = re.compile(r"(?<![a-z])(?:apis?|endpoints?|webhooks?|https?)(?![a-z])", re.IGNORECASE)
_VERSION = ("version",)
_LIMIT = ("limit", "quota", "maximum", "timeout")
_AUTH = ("auth", "credential", "login", "token", "api_key")
# What readers look for, with the words in the names of facts that give it.
_OPEN = {
    "interface": {
        "the method and path": ("path", "url", "endpoint", "route"),
        "the fields of requests and answers": ("request", "response", "field", "schema", "parameter"),
        "the status codes and errors": ("status", "error", "code"),
    },
    "thing": {
        "what goes in and what comes out": ("input", "output", "parameter", "option"),
        "the errors and what they mean": ("error", "code"),
    },
}


class Section(NamedTuple):
    """A kind of section: how it is written, and the guidelines that its writer gets."""

    write: Callable[[str, Facts], str]
    guidelines: str


def _overview(subject: str, facts: Facts) -> str:
    stated = f"In brief:\n\n{bullets(facts)}" if facts else NOTHING_KNOWN
    return f"This documentation describes {subject}. {stated}"


def _technical(subject: str, facts: Facts) -> str:
    rows = "\n".join(f"- `{name}`:{_exact(value)}" for name, value in facts.items())
    known = f"The known properties of {subject}:\n\n{rows}" if facts else f"{capital(subject)}. {NOTHING_KNOWN}"
    return f"{known}\n\n{_still_open(subject, facts)}".rstrip()


def _tutorial(subject: str, facts: Facts) -> str:
    steps = ["Make sure that you have access to it.", *[_step(name, value) for name, value in facts.items()]]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    text = f"How to begin with {subject}:\n\n{numbered}"
    return f"{text}\n\n{_first_request(facts)}" if _is_interface(subject, facts) else text


def _questions(subject: str, facts: Facts) -> str:
    asked = "\n\n".join(f"**{_question(name, value)}** {_answer(value)}." for name, value in facts.items())
    return f"Questions about {subject}:\n\n{asked or NOTHING_KNOWN}"


def _troubleshooting(subject: str, facts: Facts) -> str:
    checks = "\n".join(f"- {_check(name, value)}" for name, value in facts.items())
    begin = f"If something goes wrong with {subject}, check these first:\n\n{checks}"
    return f"{begin if facts else f'{capital(subject)}. {NOTHING_KNOWN}'}\n\n{_still_open(subject, facts)}".rstrip()


SECTIONS = {
    "overview": Section(_overview, "Say what it is, whom it serves and what it can do."),
    "introduction": Section(_overview, "Say what it is and why it is there."),
    "technical": Section(_technical, "Give its properties, limits and options exactly."),
    "reference": Section(_technical, "List every property with its values."),
    "specification": Section(_technical, "State exactly how it behaves."),
    "configuration": Section(_technical, "List what can be set, and to what."),
    "security": Section(_technical, "Say what protects it, and what its users must take care of."),
    "tutorial": Section(_tutorial, "Lead a beginner through it, step by step."),
    "quickstart": Section(_tutorial, "Lead to a first result in as few steps as possible."),
    "getting started": Section(_tutorial, "Lead to a first result in as few steps as possible."),
    "installation": Section(_tutorial, "Say how it is set up, step by step."),
    "how-to": Section(_tutorial, "Show how a frequent task is done."),
    "faq": Section(_questions, "Answer what readers are likely to ask."),
    "troubleshooting": Section(_troubleshooting, "Say what can go wrong, and what to do then."),
    "summary": Section(_overview, "Say in a few lines what the other sections say."),
    "conclusion": Section(_overview, "Close with what matters most of the other sections."),
}


def _is_interface(subject: str, facts: Facts) -> bool:
    return bool(_INTERFACE.search(" ".join([subject, *map(label, facts)])))


def _still_open(subject: str, facts: Facts) -> str:
    """Say what readers will look for and nobody has told."""
    wanted = _OPEN["interface" if _is_interface(subject, facts) else "thing"]
    missing = [what for what, words in wanted.items() if not about(facts, words)]
    return f"Not known yet, and to be added: {'; '.join(missing)}." if missing else ""


def _first_request(facts: Facts) -> str:
    """Return the form of a request, with a placeholder for all that is not known."""
    methods = [_choice(value) for value in about(facts, _AUTH).values()]
    credentials = f"<credentials: {'; '.join(methods)}>" if methods else "<credentials>"
    lines = ["```http", "<method> <path> HTTP/1.1", "Host: <host>", f"Authorization: {credentials}", "```"]
    return "A request has this form; fill in what stands between `<` and `>`:\n\n" + "\n".join(lines)


def _step(name: str, value: Any) -> str:
    if _is_list(value) and len(value) > 1:
        return f"Choose among the {label(name)}: {_choice(value)}."
    if about({name: value}, _VERSION):
        return f"Use {label(name)} {phrase(value)}."
    verb = "Stay within" if about({name: value}, _LIMIT) else "Note"
    return f"{verb} the {label(name)}: {phrase(value)}."


def _question(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{capital(label(name))}?"
    if about({name: value}, _VERSION):
        return f"Which {label(name)} is this about?"
    if about({name: value}, _LIMIT) or _is_list(value):
        return f"Which {label(name)} {_verb(name)} there?"
    return f"What {_verb(name)} the {label(name)}?"


def _answer(value: Any) -> str:
    return phrase(value).capitalize() if isinstance(value, bool) else phrase(value)


def _check(name: str, value: Any) -> str:
    if about({name: value}, _VERSION):
        return f"You use {label(name)} {phrase(value)}."
    if about({name: value}, _LIMIT):
        return f"You stay within the {label(name)}: {phrase(value)}."
    if _is_list(value) and len(value) > 1:
        return f"You use one of the {label(name)}: {_choice(value)}."
    return f"The {label(name)} {_verb(name)} right: {phrase(value)}."


def _verb(name: str) -> str:
    return "are" if re.search(r"[^su]s$", name) else "is"


def _choice(value: Any) -> str:
    return enumerated([_short(item) for item in value], "or") if _is_list(value) else phrase(value)


def _short(item: Any) -> str:
    """Return an item of a list by its first value, which usually names it."""
    return _short(next(iter(item.values()))) if isinstance(item, Mapping) and item else phrase(item)


def _exact(value: Any) -> str:
    if _is_list(value) and any(isinstance(item, Mapping) for item in value):
        return "\n" + "\n".join(f"  - {phrase(item)}" for item in value)
    return f" {', '.join(f'`{phrase(item)}`' for item in value) or 'none'}" if _is_list(value) else f" {phrase(value)}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)

"""What a task is about, as far as a rule can tell, and what a modest writer has to say about anything."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 14  # words of a subject
READ = 400  # characters of a task

ASKED = re.compile(
    r"(?:(?:please|can you|could you|i need you to|i want you to)\s+)?"
    r"(?:write|create|draft|compose|prepare|produce|give|make|generate|design|come up with)\s+(?:me\s+|us\s+)?"
    r"(?P<whole>(?:(?:a|an|the|some|one)\s+)?(?P<rest>\S.*))",
    re.IGNORECASE | re.DOTALL,
)
TOLD = re.compile(
    r"(?:please\s+)?(?:describe|explain|summari[sz]e|announce|advertise|introduce|present)\s+(?P<whole>\S.*)", re.I
)
# "an email to customers about the delay": what it is about comes first, whom it is for only if nothing else is said.
ABOUT = (
    re.compile(
        r"(?:\s|^)(?:about|describing|explaining|announcing|introducing|promoting|advertising|presenting)\s", re.I
    ),
    re.compile(r"\s(?:on|of|for)\s", re.I),
)
FILLERS = (
    "It says what matters most, in plain words.",
    "It tells what is meant, whom it concerns and what comes next.",
    "Details stand in the order in which they are needed.",
    "Names and figures are left to those who know them.",
    "Each point can be checked before the text is used.",
)
POINTS = ("What it is", "Whom it concerns", "What it takes", "What comes next")


class Topic(NamedTuple):
    """The form of the text that a task asks for, such as `email`, and its subject."""

    form: str
    subject: str

    @property
    def title(self) -> str:
        """The subject as a title."""
        bare = re.sub(r"^(?:a|an|the|our|my|your)\s+", "", self.subject, flags=re.IGNORECASE)
        return bare[:1].upper() + bare[1:]


def topic_of(task: str) -> Topic:
    """Return what a task asks for; a task of an unknown kind is its own subject."""
    first = re.split(r"[.!?;:\n](?:\s|$)", task.strip()[:READ], maxsplit=1)[0].strip()
    if asked := ASKED.match(first):
        for about in ABOUT:
            form, *subject = about.split(asked["rest"], maxsplit=1)
            if subject and len(form.split()) <= LONGEST:
                return Topic(" ".join(form.split()) or "text", _short(subject[0]))
    told = asked or TOLD.match(first)
    return Topic("text", _short(told["whole"] if told else first))


def opening(topic: Topic) -> str:
    """Write the modest text that a first draft is."""
    return f"This {topic.form} is about {topic.subject}. {FILLERS[0]} {FILLERS[1]}"


def filler(topic: Topic, number: int) -> str:
    """Write one more sentence; when there is nothing more to say it says so."""
    if number < len(FILLERS):
        return FILLERS[number]
    return f"Point {number - len(FILLERS) + 1} about {topic.subject} is still to be added by somebody who knows it."


def point(topic: Topic, number: int) -> str:
    """Write one more item of a list."""
    return f"- {POINTS[number]}" if number < len(POINTS) else f"- Point {number + 1}"


def _short(text: str) -> str:
    words = text.split()[:LONGEST]
    return " ".join(words).strip(" ,;:-\"'") or "the task"

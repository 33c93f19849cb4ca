"""What makes an orchestrator write technical documentation: its prompts, and how it writes offline."""

from __future__ import annotations

from nodes.orchestrating.sections import SECTIONS, Facts
from nodes.orchestrating.steps import shared
from nodes.orchestrating.understudy import Trade, write_facts

PLAN = shared("tech_docs/plan")
WORK = shared("tech_docs/work")
COMBINE = shared("tech_docs/combine")


def write_section(subject: str, section: str, guidelines: str, context: Facts) -> str:
    """Write one section from the facts that are known."""
    known = SECTIONS.get(section.lower())
    return known.write(subject, context) if known else write_facts(subject, section, guidelines, context)


UNDERSTUDIES = Trade(
    kinds={section: known.guidelines for section, known in SECTIONS.items()},
    usual=("overview", "technical", "tutorial"),
    noun="section",
    introduction="{count} about {subject}: {kinds}.",
    write=write_section,
).understudies()

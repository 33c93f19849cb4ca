"""What makes an orchestrator write technical documentation: its prompts, and who answers offline."""

from __future__ import annotations

from nodes.orchestrator.steps import Understudies, shared

PLAN = shared("tech_docs/plan")
WORK = shared("tech_docs/work")
COMBINE = shared("tech_docs/combine")

UNDERSTUDIES = Understudies(
    plan="understudies.tech_docs:plan",
    work="understudies.tech_docs:work",
    combine="understudies.tech_docs:combine",
)

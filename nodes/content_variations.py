"""What makes an orchestrator write variations of a text: its prompts, and who answers offline."""

from __future__ import annotations

from nodes.orchestrator.steps import Understudies, shared

PLAN = shared("content_variations/plan")
WORK = shared("content_variations/work")
COMBINE = shared("content_variations/combine")

UNDERSTUDIES = Understudies(
    plan="understudies.content_variations:plan",
    work="understudies.content_variations:work",
    combine="understudies.content_variations:combine",
)

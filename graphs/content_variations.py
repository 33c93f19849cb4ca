"""Open-ended subtasks: a text in variations, each in a style of its own that the planner chooses."""

from graphs.orchestrator import orchestrator
from nodes.content_variations import COMBINE, PLAN, UNDERSTUDIES, WORK

builder = orchestrator(plan=PLAN, work=WORK, combine=COMBINE, understudies=UNDERSTUDIES, eager=True)

graph = builder.compile(name="content_variations", pattern="orchestrator-workers")

"""Open-ended subtasks: technical documentation, in sections that the planner chooses."""

from graphs.orchestrator import orchestrator
from nodes.tech_docs import COMBINE, PLAN, UNDERSTUDIES, WORK

builder = orchestrator(plan=PLAN, work=WORK, combine=COMBINE, understudies=UNDERSTUDIES, eager=True)

graph = builder.compile(name="tech_docs", pattern="orchestrator-workers")

"""Orchestrator and workers with open-ended subtasks: a builder that makes the graph from three prompts."""

from langgraph.graph import END, START

from fanloom import Prompt, StateGraph, add_fan_out
from nodes.orchestrator.context import OrchestratorContext
from nodes.orchestrator.nodes import Orchestrator
from nodes.orchestrator.plan import planned_early
from nodes.orchestrator.state import OrchestratorInput, OrchestratorOutput, OrchestratorState
from nodes.orchestrator.steps import UNDERSTUDIES, Understudies


def orchestrator(
    *, plan: Prompt, work: Prompt, combine: Prompt, understudies: Understudies = UNDERSTUDIES, eager: bool = False
) -> StateGraph:
    """Build a graph that plans subtasks, does each with a worker, and combines the results.

    The prompts may use the variables that the run gives (`plan`: task, context, max_subtasks; `work`: task, context,
    type, description, needs; `combine`: task, context, analysis, parts) and those of the input's `context`. With
    `eager` a subtask begins once the next one is written: a plan that is then found wrong has cost the workers that it
    had, which are cancelled.
    """
    nodes = Orchestrator(plan, work, combine, understudies)
    builder = StateGraph(
        OrchestratorState,
        context_schema=OrchestratorContext,
        input_schema=OrchestratorInput,
        output_schema=OrchestratorOutput,
    )
    builder.add_node("check_input", nodes.check_input)
    builder.add_node("plan_subtasks", nodes.plan_subtasks)
    builder.add_node("combine_results", nodes.combine_results)
    builder.add_edge(START, "check_input")
    builder.add_edge("check_input", "plan_subtasks")
    add_fan_out(
        builder,
        "plan_subtasks",
        worker="do_subtask",
        action=nodes.do_subtask,
        join="combine_results",
        over="subtasks",
        eager=eager and planned_early,
    )
    builder.add_edge("combine_results", END)
    return builder

"""An orchestrator of any subtasks: its nodes, and beside them its state, plan, prompts' variables and document."""

from nodes.orchestrator.nodes import Orchestrator

__all__ = ["Orchestrator"]

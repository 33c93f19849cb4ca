"""An orchestrator of any subtasks: its nodes, its state, the plan, the prompts' variables, the document."""

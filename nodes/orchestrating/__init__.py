"""What the orchestrator is made of: its state, its plan, its prompts' variables, its document, its offline answers."""

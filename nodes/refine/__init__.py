"""The refining loop: its nodes, its state, its steps, and what the rounds say."""

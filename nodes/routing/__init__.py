"""What the support router is made of: its state, its steps, and the rules that stand in for a model."""

"""What the refining loop is made of: its state, its steps, and the rules that stand in for models offline."""

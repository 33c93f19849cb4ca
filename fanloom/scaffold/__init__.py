"""New projects, made from the shipped graphs: what `fanloom new` unpacks."""

"""Jobs on Ray itself: skipped, and said so, where it is not installed; `make ray` has it."""

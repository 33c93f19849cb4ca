"""What bounds model calls: a run's budget and slots, the process's limits. Imports runs and what is below it."""

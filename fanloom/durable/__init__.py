"""What outlives the process: threads, long-term memory, effects that happen once. Imports runs and what is below it."""

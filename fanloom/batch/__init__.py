"""Many inputs through one graph: read, run within one budget, kept so that a job can go on. Imports graph and below."""

"""The steps and workers of the shipped graphs, one module a graph or family."""

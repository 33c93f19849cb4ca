"""Evaluations: a data set run through a graph, judged by evaluators, with intervals. Knows no graph."""

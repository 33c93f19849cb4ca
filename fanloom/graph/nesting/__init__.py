"""Graphs that tasks of other graphs call: where they stand in a thread, and that none is left running."""

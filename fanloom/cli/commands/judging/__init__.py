"""Data sets run through graphs and judged. Imports what the commands may."""

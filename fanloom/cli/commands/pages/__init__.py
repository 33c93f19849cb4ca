"""The commands that show a run on a page."""

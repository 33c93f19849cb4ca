"""A model that gives the answers of a run that was written down."""

"""A second request for a call that is slow: when it is worth one, and who answers first; it imports `loops` only."""

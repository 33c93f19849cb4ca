"""Model calls of a job that a provider's own batch mode answers, in waves, at its price for those."""

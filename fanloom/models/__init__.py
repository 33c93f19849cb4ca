"""Chat models by name. A provider's package is imported when a model of that provider is asked for, not before."""

"""What comes back from a model, in a form that can be read and kept."""

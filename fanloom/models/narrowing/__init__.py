"""Output models that a run narrows to what it knows, such as titles. Imports only models.output_model."""

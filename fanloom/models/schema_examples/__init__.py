"""Answers made from a JSON schema alone, for steps that have no understudy. Imports only models.output_model."""

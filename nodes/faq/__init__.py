"""The FAQ graphs: one task in three patterns, and what they share."""

from nodes.faq.shared import check_input, collect, generate_questions

__all__ = ["check_input", "collect", "generate_questions"]

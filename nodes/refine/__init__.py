"""The refining loop: its nodes, and beside them its state, its steps and what the rounds say."""

from nodes.refine.nodes import (
    after_evaluation,
    after_improvement,
    check_input,
    evaluate,
    finish,
    improve,
    write_draft,
)

__all__ = ["after_evaluation", "after_improvement", "check_input", "evaluate", "finish", "improve", "write_draft"]

"""The prompts of the shipped graphs, `<graph or family>/<step>.md`."""

from pathlib import Path


def path(name: str) -> Path:
    """Return the file of a prompt, such as `faq/answer_question.md`."""
    return Path(__file__).parent / name

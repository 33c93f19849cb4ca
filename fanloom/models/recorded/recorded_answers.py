"""The answers in a file that `fanloom runs export --as-test` has made, by step and prompt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanloom.errors import ModelRefused, UserError
from fanloom.models.names import REPLAY
from fanloom.redaction import redact

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

FORMAT, VERSION = "fanloom-test", 1
_LONGEST_HASH = 32

Prompt = tuple[tuple[str, str], ...]
"""The parts of a prompt: the role of each, and the hash of its text with secrets masked."""


class RecordedAnswers:
    """Gives the answers to a prompt in the order in which they were recorded, the last one again and again."""

    def __init__(self, file: str) -> None:
        """Raises UserError for a file that is not there or holds no answers."""
        self._file, found = file, _read(file)
        # What is said of an answer that was of no use names the model, which is another one now.
        self._models = [*map(str, found.get("models", [])), f"{REPLAY}:{file}"]
        self._answers: dict[tuple[str, Prompt], list[dict[str, Any]]] = {}
        for each in found["answers"]:
            prompt = tuple((str(part["role"]), str(part["text"])) for part in each["prompt"])
            self._answers.setdefault((str(each["step"]), prompt), []).append(each)

    def next(self, step: str, messages: Sequence[BaseMessage]) -> dict[str, Any]:
        """Return the answer to a step's prompt. Raises ModelRefused of kind `prompt_changed` if none is recorded."""
        prompt = _prompt(messages, self._models)
        answers = self._answers.get((step, prompt))
        if not answers:
            raise ModelRefused(self._changed(step, prompt), kind="prompt_changed")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _changed(self, step: str, prompt: Prompt) -> str:
        known = [recorded for named, recorded in self._answers if named == step]
        if not known:
            return f"{self._file} has no answer of step {step!r}: {_again()}"
        nearest = max(known, key=lambda recorded: _same(prompt, recorded))
        changed = [str(n + 1) for n, part in enumerate(prompt) if part not in nearest[n : n + 1]]
        parts = f"part {', '.join(changed)} of {len(prompt)}" if changed else f"{len(prompt)} parts of {len(nearest)}"
        return f"the prompt of step {step!r} is none of the {len(known)} in {self._file} ({parts} differs): {_again()}"


def text_hash(text: str, models: Sequence[str]) -> str:
    """Return the hash of a part of a prompt, the same whichever of some models is named in it."""
    for name in sorted(models, key=len, reverse=True):
        text = text.replace(name, "(a model)")
    return sha256(redact(text).encode("utf-8", "surrogatepass")).hexdigest()[:_LONGEST_HASH]


def _read(file: str) -> dict[str, Any]:
    how = "make one with `fanloom runs export RUN --as-test`"
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"model 'replay:{file}': there is no such file; {how}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"model 'replay:{file}': it cannot be read ({error}); {how}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UserError(f"model 'replay:{file}': the file holds no recorded answers; {how}")
    if not isinstance(found.get("v"), int) or found["v"] > VERSION:
        raise UserError(f"model 'replay:{file}': the file is of version {found.get('v')}; update Fanloom")
    answers, models = found.get("answers"), found.get("models", [])
    if not isinstance(models, list) or not isinstance(answers, list) or not all(map(_is_answer, answers)):
        raise UserError(f"model 'replay:{file}': an answer in it has no step or prompt; {how}")
    return found


def _is_answer(each: Any) -> bool:
    parts = each.get("prompt") if isinstance(each, dict) and "step" in each else None
    return isinstance(parts, list) and all(isinstance(part, dict) and {"role", "text"} <= part.keys() for part in parts)


def _prompt(messages: Sequence[BaseMessage], models: Sequence[str]) -> Prompt:
    return tuple((message.type, text_hash(text, models)) for message in messages for text in _texts(message))


def _texts(message: BaseMessage) -> list[str]:
    content = [message.content] if isinstance(message.content, str) else message.content
    return [part if isinstance(part, str) else str(part.get("text", "")) for part in content]


def _same(one: Prompt, other: Prompt) -> int:
    return sum(part == there for part, there in zip(one, other, strict=False))


def _again() -> str:
    return "if the change is meant, run the graph again and export that run"

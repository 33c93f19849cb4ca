"""The model `replay:FILE`: gives recorded answers, with no key and no network."""

from __future__ import annotations

from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from fanloom.errors import ModelRefused
from fanloom.models.recorded.recorded_answers import RecordedAnswers


class ReplayChatModel(BaseChatModel):
    """Answer each step's prompt as it was answered when the run was recorded, failures too.

    Raises ModelRefused of the kind `prompt_changed`, which names the step, for a prompt that was not recorded.
    """

    file: str
    _answers: RecordedAnswers = PrivateAttr()

    @classmethod
    def of(cls, file: str) -> Self:
        """Return the model of a file. Raises UserError."""
        model = cls(file=file)
        # Not in a validator, where Pydantic would make an error of its own of it.
        model._answers = RecordedAnswers(file)
        return model

    @property
    def _llm_type(self) -> str:
        return "fanloom-replay"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # Where the gateway tells traces which step asks.
        step = str((run_manager.metadata if run_manager else {}).get("step", ""))
        return ChatResult(generations=[ChatGeneration(message=_message(self._answers.next(step, messages)))])


def _message(recorded: dict[str, Any]) -> AIMessage:
    if failed := recorded.get("failed"):
        raise ModelRefused(str(recorded.get("message") or "it failed when it was recorded"), kind=str(failed))
    given, made = (int(recorded.get(name) or 0) for name in ("input_tokens", "output_tokens"))
    usage = UsageMetadata(input_tokens=given, output_tokens=made, total_tokens=given + made)
    said = {"finish_reason": str(recorded.get("finish_reason") or ""), "model_name": "replay"}
    return AIMessage(str(recorded.get("answer") or ""), usage_metadata=usage, response_metadata=said)

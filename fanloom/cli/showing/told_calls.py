"""A line about each model call, for `--verbose`: which step asked which model, how it ended, and what it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import click
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers.context import register_configure_hook

from fanloom.cli.exits import brief, clean


class CallTeller(BaseCallbackHandler):
    """Tells of the model calls of any LangChain model, also of a graph that is not made with Fanloom."""

    def __init__(self) -> None:
        self._begun: dict[Any, tuple[str, float]] = {}

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[Any]], *, run_id: Any, **known: Any
    ) -> None:
        """Say what is asked."""
        told = known.get("metadata") or {}
        step = known.get("name") or (serialized or {}).get("name") or "model"
        model = told.get("model") or told.get("ls_model_name") or ""
        name = clean(f"{step} ({model})" if model else str(step))
        self._begun[run_id] = name, time.monotonic()
        asked = sum(len(message.text) for group in messages for message in group)
        click.echo(f"{name}: asked, {asked:,} characters", err=True)

    def on_llm_end(self, response: LLMResult, *, run_id: Any, **_known: Any) -> None:
        """Say what the answer took."""
        message = getattr(response.generations[0][0], "message", None) if response.generations else None
        used = message.usage_metadata if isinstance(message, AIMessage) else None
        tokens = f", {used['input_tokens']:,} tokens in, {used['output_tokens']:,} out" if used else ""
        self._tell(run_id, f"answered{tokens}")

    def on_llm_error(self, error: BaseException, *, run_id: Any, **_known: Any) -> None:
        """Say why there is no answer."""
        self._tell(run_id, f"failed: {brief(str(error) or type(error).__name__)}")

    def _tell(self, run_id: Any, what: str) -> None:
        name, since = self._begun.pop(run_id, ("model", time.monotonic()))
        click.echo(f"{name}: {what}, {time.monotonic() - since:.1f} s", err=True)


_TELLER: ContextVar[CallTeller | None] = ContextVar("fanloom_call_teller", default=None)
register_configure_hook(_TELLER, inheritable=True)


@contextmanager
def told_calls(*, shown: bool) -> Iterator[None]:
    """Tell of each model call while a run goes on."""
    token = _TELLER.set(CallTeller() if shown else None)
    try:
        yield
    finally:
        _TELLER.reset(token)

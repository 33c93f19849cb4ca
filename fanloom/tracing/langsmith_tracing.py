"""LangSmith tracing that is complete, never in the way, and keeps secrets; LANGSMITH_TRACING switches it on.

The runs come from LangGraph and LangChain themselves. Here stands what they need to be safe: a client that masks what
it sends, that sends in threads which hold no process up, and that is given two seconds at the end.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from fanloom.errors import InvalidSettings
from fanloom.redaction import redact
from fanloom.settings import Hidden, settings
from fanloom.tracing.masking_client import masking_client
from fanloom.tracing.trace_mask import TraceMask

if TYPE_CHECKING:
    from langsmith import Client

# A collector that takes nothing for this long at the end of a process is given up; one that does gets more time.
PATIENCE_S, LONGEST_S = 1.8, 60.0
_SECONDS_BETWEEN_WARNINGS = 600.0

TASK: ContextVar[str | None] = ContextVar("fanloom_traced_task", default=None)
"""The planned task that is being done; its model calls carry it."""

_logger = logging.getLogger("langsmith.client")
# Marks a record that needs no introduction.
_COMPLETE = "fanloom_complete"
_lock = threading.Lock()
_sender: _Sender | None = None


def start_tracing() -> None:
    """Make the process' LangSmith client safe, if tracing is on; graphs, the command line and the server call this.

    A program whose own traces begin outside of a graph, with `@traceable`, calls it first. Raises InvalidSettings for
    an unknown FANLOOM_TRACE_REDACT, and where something else than this process' client would send what it hides.
    """
    from langsmith.utils import LangSmithUserError, tracing_is_enabled

    global _sender
    if not tracing_is_enabled():
        return
    with _lock, suppress(LangSmithUserError):
        # What is wrong with LangSmith's own variables LangChain says, and runs without a trace.
        _sender = _sender or _Sender(settings().trace_redact)
    if _sender:
        _sender.check()


def finish_tracing() -> None:
    """Send what is left, within two seconds if the collector takes nothing."""
    if _sender:
        _sender.finish()


def give_up() -> None:
    """Wait for nothing more at the end: LangSmith is known to be down."""
    if _sender:
        _sender.give_up()


def complain(text: str) -> None:
    """Log what does not work with LangSmith, if nothing has been said about it lately."""
    _logger.addFilter(_ONE_LINE)
    _logger.warning("%s", text, extra={_COMPLETE: True})


def note(**facts: Any) -> None:
    """Add facts to the metadata of the run, in the trace, of the node that is running."""
    from langsmith.run_helpers import get_current_run_tree

    if run := get_current_run_tree():
        # The mapping in there is shared with the runs of the siblings.
        run.extra = {**run.extra, "metadata": {**run.metadata, **facts}}


@contextmanager
def traced_task(task_id: str) -> Iterator[None]:
    """Let the model calls in this block carry the planned task that they are for."""
    token = TASK.set(task_id)
    try:
        yield
    finally:
        TASK.reset(token)


class _Sender:
    """The LangSmith client of this process."""

    def __init__(self, hidden: frozenset[Hidden]) -> None:
        self._hidden = hidden
        self._failed = self._given_up = False
        # Before there is a client, whose threads complain at once.
        _logger.addFilter(_ONE_LINE)
        self._client = self._made()
        atexit.register(self.finish)

    def give_up(self) -> None:
        """Let `finish` wait for nothing."""
        self._given_up = True

    def check(self) -> None:
        """Raise InvalidSettings if this run's trace would go through a client that hides nothing."""
        from langsmith.run_helpers import get_tracing_context

        context = get_tracing_context()
        around, chosen = context["parent"], context["client"]
        other = around.client if around else chosen
        if self._hidden and other is not None and other is not self._client:
            raise InvalidSettings(
                "FANLOOM_TRACE_REDACT is set, but this run is inside a trace of another LangSmith client, which hides "
                "nothing. Call fanloom.start_tracing() before that trace begins, or unset the variable."
            )

    def finish(self) -> None:
        """Wait until all is sent, no longer than PATIENCE_S if nothing gets through, and LONGEST_S in all."""
        if self._given_up:
            return
        self._failed = False
        deadline = time.monotonic() + LONGEST_S
        while (waiting := self._waiting()) and time.monotonic() < deadline:
            self._client.flush(timeout=PATIENCE_S)
            if self._failed or self._waiting() >= waiting:
                break
        if left := self._waiting():
            # A server asks twice, when it is stopped and when its process ends.
            self._given_up = True
            _logger.warning("%d parts of a trace were still to be sent when the process ended.", left)

    def _waiting(self) -> int:
        queue = self._client.tracing_queue
        return queue.unfinished_tasks if queue else 0

    def _made(self) -> Client:
        from langsmith import configure
        from langsmith.run_helpers import get_tracing_context
        from langsmith.run_trees import get_cached_client
        from langsmith.utils import get_env_var

        # Threads that are no daemons, and those of the pool that sends what is compressed, are joined at the end of a
        # process, however long their collector hangs.
        os.environ.setdefault("LANGSMITH_USE_DAEMON", "true")
        os.environ.setdefault("LANGSMITH_DISABLE_RUN_COMPRESSION", "true")
        cast(Any, get_env_var).cache_clear()
        options: dict[str, Any] = {
            "tracing_error_callback": self._note_failure,
            "hide_inputs": True if self._hidden & {"all", "inputs"} else None,
            "hide_outputs": True if self._hidden & {"all", "outputs"} else None,
        }
        if not self._hidden and get_tracing_context()["client"] is not None:
            # A client that the program has chosen itself stays.
            return get_cached_client(anonymizer=TraceMask(self._hidden), **options)
        client = masking_client(TraceMask(self._hidden), **options)
        configure(client=client)
        return client

    def _note_failure(self, _: Exception) -> None:
        self._failed = True


class _OneLine(logging.Filter):
    """Says in one line that traces do not arrive, and says it again only after a while."""

    def __init__(self) -> None:
        super().__init__()
        self._told = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, in one line and without secrets, or drop it."""
        if record.levelno < logging.WARNING:
            return True
        if time.monotonic() - self._told < _SECONDS_BETWEEN_WARNINGS:
            return False
        self._told = time.monotonic()
        said = redact(record.getMessage()).strip().partition("\n")[0]
        lead = "" if hasattr(record, _COMPLETE) else "Traces do not reach LangSmith; the runs are not affected. "
        record.msg, record.args = f"{lead}{said[:300]}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


_ONE_LINE = _OneLine()

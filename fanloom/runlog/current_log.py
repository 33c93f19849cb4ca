"""The log of what is running: whoever takes part in a run writes down what it does, and nothing where none is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple

from fanloom.runlog.recorder import RunRecorder


class LogPlace(NamedTuple):
    """Whose work is being done: the recorder of its run, the node, the planned task and the call, if there are such."""

    recorder: RunRecorder
    node: str = ""
    task: str = ""
    call: str = ""


_HERE: ContextVar[LogPlace | None] = ContextVar("fanloom_log", default=None)


def is_kept() -> bool:
    """Say whether what happens here is written down."""
    return _HERE.get() is not None


def record(type: str, contents: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
    """Write down an event of the run that is going on here, as `RunRecorder.add` does, if its log is kept."""
    if (here := _HERE.get()) is not None:
        here.recorder.add(type, contents or {}, **fields)


@contextmanager
def recording(recorder: RunRecorder | None) -> Iterator[None]:
    """Let what happens in this block be written down by a recorder, or by none; a block in one of its own goes on."""
    before = _HERE.get()
    goes_on = before is not None and before.recorder is recorder
    token = _HERE.set(before if goes_on else None if recorder is None else LogPlace(recorder))
    try:
        yield
    finally:
        _HERE.reset(token)


def part(kind: str, **fields: Any) -> AbstractContextManager[dict[str, Any]]:
    """Write down the beginning and the end of a `node`, a `call` or a `wait`; the mapping is told at its end.

    What happens in the block is told as a part of it.
    """
    here = _HERE.get()
    return nullcontext({}) if here is None else _LoggedPart(here, kind, fields)


class _LoggedPart:
    def __init__(self, here: LogPlace, kind: str, fields: dict[str, Any]) -> None:
        self._here, self._kind, self._fields = here, kind, fields
        self._key = here.recorder.new_id(kind)
        self._told: dict[str, Any] = {}

    def __enter__(self) -> dict[str, Any]:
        above = _above(self._kind, self._here)
        self._here.recorder.add(f"{self._kind}.started", id=self._key, **above, **self._fields)
        self._token = _HERE.set(_inside(self._kind, self._here, self._key, self._fields))
        return self._told

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        _HERE.reset(self._token)
        if kind is not None:
            # However it ends: a part that is cancelled or waits for a person is told as that.
            self._told.setdefault("error", kind.__name__)
        self._here.recorder.add(f"{self._kind}.ended", id=self._key, **self._told)


def _above(kind: str, here: LogPlace) -> dict[str, str | None]:
    if kind == "node":
        return {"parent": here.node or None}
    if kind == "call":
        return {"node": here.node or None, "task": here.task or None}
    return {"task": here.task or None, "call": here.call or None, "node": here.node or None}


def _inside(kind: str, here: LogPlace, key: str, fields: dict[str, Any]) -> LogPlace:
    if kind == "node":
        return LogPlace(here.recorder, key, fields.get("task") or here.task, here.call)
    return LogPlace(here.recorder, here.node, here.task, key) if kind == "call" else here


def here() -> LogPlace | None:
    """Return whose work is being done."""
    return _HERE.get()

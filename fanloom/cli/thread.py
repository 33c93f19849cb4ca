"""A thread and the state of its last run, and how a command of ours ends with one."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fanloom.errors import UserError
from fanloom.redaction import redact

# Kept in the metadata of each checkpoint, so that no second database is needed.
GRAPH, CONTEXT = "fanloom_graph", "fanloom_context"
INTERRUPT = "__interrupt__"
LONGEST_ID = 200
# A server's threads have UUIDs: that of a name is made with this one, for ever the same.
_NAMES = uuid.UUID("5f0c9a52-52a5-5f0e-9d0f-8a0b3f7c6d11")

State = Literal["done", "interrupted", "waiting", "failed", "running", "unknown"]


@dataclass(frozen=True)
class Thread:
    """A thread and the state of its last run; `error` says why it has failed, or why its state is unknown.

    `started` is a time in UTC, in ISO format. `waiting` are the questions to a person: `id`, `value` and
    `response_schema` each.
    """

    id: str
    graph: str | None = None
    context: dict[str, Any] | None = None
    started: str = ""
    state: State = "unknown"
    waiting: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    output: Any = None


@dataclass
class Result:
    """What a run ended with: what `ainvoke` would return, and what it waits for."""

    output: Any = None
    waiting: list[Any] = field(default_factory=list)
    paused: bool = False


def check_id(thread: str) -> str:
    """Return the name of a thread. Raises UserError for one that could not be typed or shown."""
    if not thread or len(thread) > LONGEST_ID or not thread.isprintable() or thread != thread.strip():
        raise UserError(f"{thread[:40]!r} is no name for a thread: give 1 to {LONGEST_ID} printable characters.")
    return thread


def thread_id(name: str, user: str = "") -> str:
    """Return the id on a server of the thread that a user calls so; a UUID is one already.

    A server without users has one thread of a name. Raises UserError for no name.
    """
    try:
        return str(uuid.UUID(name))
    except ValueError:
        names = uuid.uuid5(_NAMES, user) if user else _NAMES
        return str(uuid.uuid5(names, check_id(name)))


def check_startable(thread: Thread | None, graph: str, url: str = "") -> None:
    """Let a run begin in a thread that is new or done. Raises UserError for others, naming the cure."""
    if thread is None:
        return
    if thread.graph != graph:
        owner = f"belongs to graph {thread.graph!r}" if thread.graph else "was not started with `fanloom run`"
        raise UserError(f"thread {thread.id!r} {owner}; take another name.")
    if thread.state != "done":
        raise UserError(
            f"thread {thread.id!r} is not finished ({thread.state}): go on with "
            f"`{Place(thread.id, url).resume_command()}`, "
            "or take another name."
        )


def run_metadata(graph: str, context: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a run that is kept stores for a later resume. Raises UserError for a secret."""
    kept = json.dumps(context)
    if redact(kept) != kept:
        raise UserError("the context of a thread is stored with it, and this one holds a secret; set it as a variable.")
    return {GRAPH: graph, CONTEXT: kept}


@dataclass(frozen=True)
class Place:
    """Where a run is kept: in a thread, unless nothing is kept of it, here or on the server at `url`."""

    thread: str | None = None
    url: str = ""

    def resume_command(self, *options: str) -> str:
        """Return what is typed to go on with the thread."""
        thread = self.thread or "THREAD"
        options = (*(["--url", self.url] if self.url else []), *options)
        # A name that begins as an option does is taken for none only at the end, after `--`.
        words = [*options, "--", thread] if thread.startswith("-") else [thread, *options]
        return shlex.join(["fanloom", "resume", *words])


def readable_error(error: str) -> str:
    """Return an error, which is stored as the code that would make it, as it reads in a traceback."""
    made = re.fullmatch(r"(\w+)\((['\"])(.*)\2\)", error, re.DOTALL)
    return f"{made[1]}: {made[3]}" if made else error

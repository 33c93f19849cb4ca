"""Channels that most workflow graphs have.

Annotations are no strings here: those are looked up in the module of a state that extends ours, with names of its own.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from langgraph.channels import DeltaChannel
from langgraph.types import Overwrite
from typing_extensions import TypedDict

from fanloom.runs.outcome import Outcome, runs_again
from fanloom.runs.usage import Usage, add_usage, no_usage


def latest(_: Any, writes: Sequence[Any]) -> Any:
    """Return the newest of a channel's writes."""
    return writes[-1]


def stored_once() -> DeltaChannel[Any]:
    """Return a channel for large values that a run writes once, such as documents: `Annotated[list[X], stored_once()]`.

    An ordinary channel is stored again in every checkpoint; this one is stored where it is written.
    """
    return DeltaChannel(latest, snapshot_frequency=10_000)


def appended(value: list[Any], writes: Sequence[list[Any]]) -> list[Any]:
    """Return a list with all writes appended."""
    return [*value, *(item for write in writes for item in write)]


def grown() -> DeltaChannel[Any]:
    """Return a channel for a list that grows over many supersteps: what is written is stored once, not at each step."""
    return DeltaChannel(appended, snapshot_frequency=10_000)


def recorded(outcomes: list[Outcome], writes: Sequence[list[Outcome]]) -> list[Outcome]:
    """Return outcomes with all writes appended; that of a task that was to run again takes the place of the earlier."""
    ledger = [*outcomes]
    places = {outcome["task_id"]: place for place, outcome in enumerate(ledger) if runs_again(outcome)}
    for outcome in (outcome for write in writes for outcome in write):
        place = places.pop(outcome["task_id"], len(ledger)) if places else len(ledger)
        ledger[place : place + 1] = [outcome]
    return ledger


class RunState(TypedDict, total=False):
    """The channels of the ledger: how every task ended, and what the run has used."""

    outcomes: Annotated[list[Outcome], DeltaChannel(recorded, snapshot_frequency=10_000)]
    """One a task, in plan order; what a node writes is added."""
    usage: Annotated[Usage, add_usage]
    """What the run has used so far; what a node writes is added."""


def new_run() -> dict[str, Any]:
    """Return the update with which a graph's first node begins: a thread that is used again starts from nothing."""
    return {"outcomes": Overwrite([]), "usage": Overwrite(no_usage())}

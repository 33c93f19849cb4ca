"""One item through the graph: what came out, how it ended, what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fanloom.batch.ended_items import Ended, EndedItem
from fanloom.batch.inputs import Item
from fanloom.errors import InvalidInput, NeedsInput, RunError, UserError
from fanloom.redaction import redact
from fanloom.runs.usage import METER, Meter

if TYPE_CHECKING:
    from langgraph.pregel import Pregel


_INTERRUPT = "__interrupt__"
_ASKS = "it waits for a person, whom a job cannot ask; run it with `fanloom run --thread`, and answer it"


async def run_item(graph: Pregel[Any, Any, Any, Any], item: Item, context: Any, config: Any = None) -> EndedItem:
    """Run an item and return how it ended.

    Raises UserError for what keeps every item from running, such as a missing key; whatever else goes wrong is the
    item's own failure.
    """
    started, meter = perf_counter(), Meter()
    try:
        with _metered(meter):
            output = await graph.ainvoke(item.given, config, context=context)
    except (InvalidInput, RunError) as error:
        return _failed(item, error, started, meter)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - an item is anybody's data and a node anybody's code; the others go on
        return _failed(item, error, started, meter)
    if isinstance(output, Mapping) and output.get(_INTERRUPT):
        return _failed(item, NeedsInput(_ASKS), started, meter)
    usage = output.get("usage") if isinstance(output, Mapping) else None
    status: Ended = "partly" if any(outcome["status"] != "done" for outcome in outcomes_in(output)) else "done"
    return EndedItem(id=item.id, status=status, output=_plain(output), usage=usage, error=None, seconds=_since(started))


def outcomes_in(output: Any) -> list[Mapping[str, Any]]:
    """Return the Outcomes in the lists of an output."""
    lists = [value for value in output.values() if isinstance(value, list)] if isinstance(output, Mapping) else []
    return [one for items in lists for one in items if isinstance(one, Mapping) and {"task_id", "status"} <= one.keys()]


@contextmanager
def _metered(meter: Meter) -> Iterator[None]:
    """Count what the calls of an item use, which a run that fails does not tell."""
    token = METER.set(meter)
    try:
        yield
    finally:
        METER.reset(token)


def _failed(item: Item, error: Exception, started: float, meter: Meter) -> EndedItem:
    kind = getattr(error, "kind", "input" if isinstance(error, UserError) else "error")
    said = str(error) if isinstance(error, RunError | UserError) else f"{type(error).__name__}: {error}"
    told = {"kind": kind, "message": redact(said), "retryable": bool(getattr(error, "retryable", False))}
    used: dict[str, Any] | None = {**meter.usage} if any(_sent(meter)) else None
    return EndedItem(id=item.id, status="failed", output=None, usage=used, error=told, seconds=_since(started))


def _sent(meter: Meter) -> tuple[int, int]:
    return meter.usage["model_calls"], meter.usage["unanswered_calls"]


def _plain(output: Any) -> Any:
    from pydantic_core import to_jsonable_python

    plain = to_jsonable_python(output, fallback=str)
    return {name: value for name, value in plain.items() if name != "usage"} if isinstance(plain, dict) else plain


def _since(started: float) -> float:
    return round(perf_counter() - started, 3)

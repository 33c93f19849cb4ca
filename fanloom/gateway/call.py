"""The model gateway: every model call of every graph goes through here.

budget -> the run's slots -> the process's limiter -> the client, its own retries off -> what came back is classified
and judged -> wait and retry, repair, fall back, keep what is valid, or raise one typed error.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TypeVar

from fanloom.errors import BadModelOutput, ModelRefused, ModelUnavailable, RunError
from fanloom.gateway.answer_reading import salvage
from fanloom.gateway.cache_worth import CALLS_THAT_PAY, is_worth_caching
from fanloom.gateway.deferring.deferral import current_deferral
from fanloom.gateway.model_client import ModelClient
from fanloom.gateway.model_turn import ModelTurn
from fanloom.gateway.request import Request
from fanloom.gateway.run_models import RunModels
from fanloom.runlog.current_log import here, part, record
from fanloom.runs.context import Context
from fanloom.runs.current_run import Run

T = TypeVar("T")


async def call(run: Run, request: Request[T]) -> T:
    """Make one model call within the bounds of its run and of the process.

    The role's model gets at most `max_attempts` requests; if it stays unavailable or keeps answering badly, the
    fallback model gets as many, and at once while the first is known to be down, or where its key is refused or it
    exists no more, unless the context's `on_auth_error` is `fail`. Of a list whose items are not all
    valid, the valid ones are kept at last. Raises ModelUnavailable, ModelRefused, BadModelOutput or BudgetExceeded.
    """
    told = {"step": request.step, "role": request.role, "output": request.output.__name__, **request.metadata}
    with part("call", **told) as ended:
        answer = await _answered(run, request)
        ended["result"] = "ok"
        return answer


async def _answered(run: Run, request: Request[T]) -> T:
    models = RunModels.of(run)
    clients = await models.clients(request.role, request.output)
    # Calls that are sent together have no first one.
    choice = None if current_deferral() else run.context.cache_first
    prefix = request.prefix if choice else None
    if prefix and choice == "auto" and not is_worth_caching(clients[0].name, prefix):
        prefix = None
    least = CALLS_THAT_PAY if choice == "auto" else 1
    async with models.alone_first((clients[0].name, prefix), least) if prefix else nullcontext():
        return await _down_the_ladder(run, request, clients)


async def _down_the_ladder(run: Run, request: Request[T], clients: list[ModelClient]) -> T:
    turns: list[ModelTurn[T]] = []
    errors: list[RunError] = []
    for client in clients:
        turns.append(ModelTurn(run, request, client, before=turns[:], has_next=client is not clients[-1]))
        try:
            return await turns[-1].answer()
        except (ModelUnavailable, BadModelOutput, ModelRefused) as error:
            # A refusal of the request is the caller's to mend; but one of the fallback's comes on top.
            if isinstance(error, ModelRefused) and not errors and not _another_may_take(error, run.context):
                raise
            errors.append(error)
    return _what_is_valid(turns, request) or _raise(errors)


def _another_may_take(error: ModelRefused, context: Context) -> bool:
    """Say whether it is this model or its key that was refused, which says nothing of another one."""
    return error.kind in ("auth", "not_found") and context.on_auth_error == "fallback"


def _what_is_valid(turns: list[ModelTurn[T]], request: Request[T]) -> T | None:
    kept = (salvage(turn.bad, request.output) for turn in turns)
    valid = next((answer for answer in kept if answer is not None), None)
    if valid is not None and (place := here()):
        record("call.salvaged", call=place.call)
    return valid


def _raise(errors: list[RunError]) -> T:  # type: ignore[type-var]
    if len(errors) == 1:
        raise errors[0]
    last = errors[-1]
    raise type(last)(" And then: ".join(map(str, errors)), kind=last.kind, retryable=last.retryable) from last

"""Fan-out with a ledger: one Send a task, one Outcome a task, and the join always runs.

A worker's error is turned into its Outcome here and not in LangGraph's `error_handler`: a handler runs again on every
resume, fires no edge unless it returns a Command, and would lose what the failed calls used.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

from langgraph.channels import LastValue
from langgraph.errors import GraphBubbleUp
from langgraph.graph import StateGraph
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import Command, Send
from pydantic_core import to_jsonable_python
from typing_extensions import TypedDict

from fanloom.errors import Declined, GraphError, NeedsInput
from fanloom.graph.dependencies import PendingOutcomes, in_order_of_needs, needs_of
from fanloom.graph.eager_plan import EagerPlan, EarlyTask, EarlyTasks
from fanloom.graph.earlier_branch import EarlierBranch, earlier_branch, mark_planned
from fanloom.graph.node import Node
from fanloom.loops.background import in_thread
from fanloom.runlog.current_log import record
from fanloom.runs.current_run import current_run, recorder_of
from fanloom.runs.outcome import Outcome, done, from_error, not_done, runs_again
from fanloom.runs.spending import used_here
from fanloom.runs.thread_record import read_channels
from fanloom.runs.usage import meter
from fanloom.tracing.langsmith_tracing import note, traced_task

Worker = Callable[..., Any]

_TITLES = ("title", "question", "name", "summary", "description", "item")
_LONGEST_TITLE = 120

# How a task ends that nobody has failed at.
_NO_FAILURE = (NeedsInput, Declined)


class FanOutInput(TypedDict):
    """What a worker node is sent: the task, never the documents that it works on."""

    fan_out: dict[str, Any]


def add_fan_out(
    builder: StateGraph[Any, Any, Any, Any],
    source: str,
    *,
    over: str,
    join: str,
    worker: str | None = None,
    action: Worker | None = None,
    workers: Mapping[str, Worker] | None = None,
    by: str = "type",
    outcomes: str = "outcomes",
    asked: str | None = None,
    eager: bool | Callable[[list[Any]], Sequence[Any]] = False,
) -> None:
    """Add worker nodes to a graph: after `source`, one Send for each item of the channel `over`, then `join`.

    Give one `worker` name with its `action`, or `workers` from the item's field `by` to actions. An action is a
    function, async or not, of one mapping and, where it has a parameter of the name `runtime`, LangGraph's Runtime. The
    mapping is the graph's state, read where it is and not sent, with its task over it: the item's own fields (an item
    that is not a mapping stands under `item`) and its `task_id` (the item's, else `<over>-<number>`). What it returns,
    JSON-plain, is the result of an Outcome, which is added to the channel `outcomes` (`RunState` has it) in plan order.

    `max_tasks` bounds what a model plans. Where a user asks for a number of items, `asked` names the channel that holds
    it: so many run, unless the context itself says less.

    A worker that raises, an item of an unknown type and whatever exceeds `max_tasks` end in an Outcome too, and the
    join runs in every case, also for no item at all; with `on_failure="fail_fast"` the first error ends the run. A
    worker that lacks something raises NeedsInput, and one that a person has decided against Declined: neither is a
    failure. An item may list the `task_id`s of others under `depends_on`: its action then finds their results under
    `needs`, and starts as soon as they are there; if one of them is not done, it is skipped.

    With `eager` a worker begins as soon as the model that plans has written its item, while the rest is still written:
    that is, the item of the list of the name `over` in the output of a step of `source`. A function says which items of
    the channel those become that have been written so far. The plan that `source` returns decides: what was begun for a
    task that it does not have, or has otherwise, is cancelled and told in the run's log, and what it used is counted.
    Effects wait for the whole plan in `effect_key`: do nothing outside before that. A task that needs others, asks
    a person, calls a graph, or has read what `source` then changes begins as it would without, in its node.

    Raises GraphError if the arguments do not go together or the graph has no such channels; a run raises it before any
    worker begins if two items have one `task_id`, or need each other in a circle, or need what is no task.
    """
    actions = _actions(worker, action, workers)
    if unknown := {over, outcomes, asked or over} - builder.channels.keys():
        raise GraphError(f"the graph's state has no channel {', '.join(sorted(unknown))}; RunState has 'outcomes'")
    fan_out = _FanOut(actions, over, join, by if workers else None, builder.channels, outcomes, asked)
    if eager:
        fan_out.begin_early(builder, source, eager if callable(eager) else to_jsonable_python)
    for name in actions:
        node = fan_out.node(name, "usage" in builder.channels)
        node.planned_in = source
        builder.add_node(name, node, input_schema=FanOutInput)
        builder.add_edge(name, join)
    builder.add_conditional_edges(source, fan_out.path(), [*actions, join])


class _FanOut:
    def __init__(
        self,
        actions: dict[str, Worker],
        over: str,
        join: str,
        by: str | None,
        channels: Iterable[str],
        outcomes: str,
        asked: str | None,
    ) -> None:
        self.actions = {name: _callable(action) for name, action in actions.items()}
        self.over, self.join, self.by = over, join, by
        self.channels, self.outcomes, self.asked = frozenset(channels), outcomes, asked
        self.is_eager = False

    def begin_early(
        self, builder: StateGraph[Any, Any, Any, Any], source: str, items_of: Callable[[list[Any]], Sequence[Any]]
    ) -> None:
        """Let the node that plans begin tasks as they come. Raises GraphError if it cannot."""
        spec = builder.nodes.get(source)
        planner = spec.runnable if spec else None
        if not isinstance(planner, Node) or not isinstance(builder.channels[self.over], LastValue):
            raise GraphError(
                f"eager needs {source!r} as an async function, added to a fanloom.StateGraph before its fan-out, and a "
                f"channel {self.over!r} without a reducer"
            )
        self.is_eager = planner.plans_early = True
        planner.action = self._planning(planner.action, items_of)

    def _planning(
        self, plan: Callable[..., Awaitable[Any]], items_of: Callable[[list[Any]], Sequence[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def planned(state: Any, **given: Any) -> Any:
            runtime: Runtime[Any] = get_runtime()
            limit = self._limit(state, runtime)
            eager = EagerPlan(runtime, self.channels, lambda name, *task: self.actions[name](*task))

            def tasks_of(items: Sequence[Any]) -> list[dict[str, Any]]:
                tasks = list(self._tasks(items_of(list(items))))[:limit]
                return [task for task in tasks if "unknown" not in task and not needs_of(task)]

            update = await eager.written(self.over, tasks_of, lambda: plan(state, **given))
            begun = await eager.decide(self._whole_plan(update, limit))
            if runtime.execution_info:
                EarlyTasks.of(current_run(runtime)).keep((self.over, runtime.execution_info.task_id), begun)
            return update

        return planned

    def _whole_plan(self, update: Any, limit: int) -> list[dict[str, Any]]:
        """Return the tasks that run of what a node has planned; none if the plan cannot be carried out."""
        written = update.update if isinstance(update, Command) else update
        plan = written if isinstance(written, Mapping) and self.over in written else read_channels((self.over,))
        try:
            return in_order_of_needs(list(self._tasks(plan.get(self.over) or [])))[:limit]
        except GraphError:
            # The router says so.
            return []

    def path(self) -> Callable[[Any], list[Send | str]]:
        def dispatch(state: Any) -> list[Send | str]:
            tasks = in_order_of_needs(list(self._tasks(_get(state, self.over) or [])))
            # None while somebody updates the state: a context is there only once the run goes on.
            runtime: Runtime[Any] | None = get_runtime()
            if runtime is None:
                return self._again(tasks)
            limit = self._limit(state, runtime)
            self._note_plan(runtime, tasks, limit)
            planned_by = {"planned_by": runtime.execution_info.task_id} if runtime.execution_info else {}
            sends = [self._send({**task, **planned_by}) for task in tasks[:limit]]
            if surplus := tasks[limit:]:
                left = [
                    {name: task[name] for name in ("task_id", "worker", "awaited") if name in task} for task in surplus
                ]
                skipped = {"skipped": left, "limit": limit}
                sends.append(Send(next(iter(self.actions)), {"fan_out": skipped}))
            return sends or [self.join]

        dispatch.__name__ = f"fan_out_{self.over}"
        return dispatch

    def _limit(self, state: Any, runtime: Runtime[Any]) -> int:
        """Return how many tasks run: `max_tasks`, and where it is nobody's choice as many as the user asked for."""
        context = current_run(runtime).context
        chosen = self.asked is None or "max_tasks" in context.model_fields_set
        return context.max_tasks if chosen else max(context.max_tasks, _get(state, str(self.asked)) or 0)

    def _asked_for(self) -> Mapping[str, Any]:
        return read_channels((self.asked,)) if self.asked else {}

    def _note_plan(self, runtime: Runtime[Any], tasks: list[dict[str, Any]], limit: int) -> None:
        if (recorder := recorder_of(runtime)) is not None:
            told = [_planned(task) for task in tasks[:limit]]
            recorder.add("plan.made", over=self.over, tasks=told, cut=max(0, len(tasks) - limit))

    def _send(self, task: dict[str, Any]) -> Send | str:
        return Send(task["worker"], {"fan_out": task})

    def _again(self, tasks: list[dict[str, Any]]) -> list[Send | str]:
        """Plan what is left to do of a thread whose state is updated: all, or only what is to run again."""
        ledger = read_channels((self.outcomes,), with_own_writes=True).get(self.outcomes) or []
        chosen = {outcome["task_id"] for outcome in ledger if runs_again(outcome)}
        again = "a few" if chosen else "all"
        numbered = [{**task, "number": number, "again": again} for number, task in enumerate(tasks, 1)]
        return [self._send(task) for task in numbered if not chosen or task["task_id"] in chosen] or [self.join]

    def node(self, name: str, counts_usage: bool) -> Node:
        async def work(state: FanOutInput, runtime: Runtime[Any]) -> dict[str, Any]:
            task = state["fan_out"]
            if "skipped" in task:
                note(outcome="skipped", reason="max_tasks", tasks=len(task["skipped"]))
                return {self.outcomes: [self._skipped(surplus, task["limit"], runtime) for surplus in task["skipped"]]}
            note(task_id=task["task_id"])
            if (kept := await self._kept(task, runtime)) is not None:
                return kept
            if "number" in task and task["number"] > (limit := self._limit(self._asked_for(), runtime)):
                return {self.outcomes: [self._skipped(task, limit, runtime)]}
            with traced_task(task["task_id"]):
                outcome = await self._settled(name, task, runtime)
            told = {name: value for name, value in outcome.items() if name != "result"}
            record("outcome", **told, usage=used_here())
            note(outcome=outcome["status"], **({"reason": outcome["error"]["kind"]} if outcome["error"] else {}))
            return {self.outcomes: [outcome]}

        return Node(name, work, counts_usage=counts_usage)

    async def _kept(self, task: dict[str, Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Return what a task has written before its thread was forked, if that still holds."""
        past = EarlierBranch()
        if "again" in task:
            past = await earlier_branch(runtime, self.outcomes, self.channels - {self.over, self.outcomes, "usage"})
        mark_planned(self.over, task, past.first_planned_by.get(task["task_id"], ""))
        written = past.written.get(task["task_id"]) if task.get("again") == "all" else None
        if written is not None and task.get("awaited"):
            self._pending(runtime).settle(written[self.outcomes][0])
        return written

    async def _settled(self, name: str, task: dict[str, Any], runtime: Runtime[Any]) -> Outcome:
        if not task.get("awaited"):
            return await self._outcome(name, task, runtime)
        with self._pending(runtime).told_if_given_up(task["task_id"]):
            outcome = await self._outcome(name, task, runtime)
        self._pending(runtime).settle(outcome)
        return outcome

    def _skipped(self, surplus: dict[str, Any], limit: int, runtime: Runtime[Any]) -> Outcome:
        message = f"the plan has more than {limit} tasks; raise max_tasks (--set max_tasks=N, or in the context)"
        outcome = not_done(surplus["task_id"], surplus["worker"], message, status="skipped", kind="max_tasks")
        if surplus.get("awaited"):
            self._pending(runtime).settle(outcome)
        return outcome

    def _pending(self, runtime: Runtime[Any]) -> PendingOutcomes:
        """Return the outcomes that are awaited in this superstep of this run."""
        info = runtime.execution_info
        here = (self.over, info.checkpoint_id, info.checkpoint_ns.rpartition("|")[0]) if info else (self.over,)
        return current_run(runtime).keep((PendingOutcomes, here), lambda _: PendingOutcomes(self.outcomes))

    def _tasks(self, items: Any) -> Iterator[dict[str, Any]]:
        if isinstance(items, str | Mapping) or not isinstance(items, Sequence):
            raise GraphError(f"the channel {self.over!r} holds {type(items).__name__}, where a list of tasks is needed")
        seen: set[str] = set()
        for number, item in enumerate(items, 1):
            fields = item if isinstance(item, Mapping) else {"item": item}
            named = fields.get("task_id")
            task_id = f"{self.over}-{number}" if named in (None, "") else str(named)
            if task_id in seen:
                raise GraphError(f"two items of {self.over!r} have the task_id {task_id!r}; give each its own")
            seen.add(task_id)
            worker = next(iter(self.actions)) if self.by is None else str(fields.get(self.by))
            known = worker in self.actions
            yield {
                "task_id": task_id,
                "worker": worker if known else next(iter(self.actions)),
                "item": dict(fields),
                **({} if known else {"unknown": worker}),
            }

    async def _outcome(self, name: str, task: dict[str, Any], runtime: Runtime[Any]) -> Outcome:
        if "unknown" in task:
            known = ", ".join(self.actions)
            message = f"no worker for {self.by} {task['unknown']!r}; there are {known}"
            return not_done(task["task_id"], task["unknown"], message, kind="unknown_worker")
        ended = self._known() if task.get("again") == "a few" else {}
        needs = await self._pending(runtime).outcomes(wanted, ended) if (wanted := needs_of(task)) else {}
        if undone := [need for need, outcome in needs.items() if outcome["status"] != "done"]:
            message = f"it needs the result of {', '.join(undone)}, which was not done"
            return not_done(task["task_id"], name, message, status="skipped", kind="needs", retryable=True)
        results = {"needs": {need: outcome["result"] for need, outcome in needs.items()}} if needs else {}
        state = {**read_channels(self.channels), **results, **task["item"], "task_id": task["task_id"]}
        return await self._done(name, state, runtime, self._begun(task, runtime))

    def _begun(self, task: dict[str, Any], runtime: Runtime[Any]) -> EarlyTask | None:
        """Return what was begun of a task while its plan was written."""
        if not self.is_eager or "planned_by" not in task:
            return None
        return EarlyTasks.of(current_run(runtime)).take((self.over, task["planned_by"]), task)

    def _known(self) -> dict[str, Outcome]:
        """Return how the tasks ended that do not run again while a few others do."""
        ended = read_channels((self.outcomes,)).get(self.outcomes) or []
        return {outcome["task_id"]: outcome for outcome in ended if not runs_again(outcome)}

    async def _done(
        self, name: str, state: dict[str, Any], runtime: Runtime[Any], early: EarlyTask | None = None
    ) -> Outcome:
        task_id, started = state["task_id"], early.begun if early else perf_counter()
        try:
            # JSON-plain, or a checkpoint of the whole fan-out would fail on it.
            result = to_jsonable_python(await self._result(name, state, runtime, early))
        except GraphBubbleUp:
            raise
        except Exception as error:
            # One failure costs one task: whatever a worker raises is reported, and its siblings go on.
            if current_run(runtime).context.on_failure == "fail_fast" and not isinstance(error, _NO_FAILURE):
                raise
            attempts, seconds = meter().attempts, perf_counter() - started
            return from_error(task_id, name, error, attempts=attempts, seconds=seconds)
        attempts, seconds = meter().attempts or 1, perf_counter() - started
        return done(task_id, name, result, attempts=attempts, seconds=seconds)

    async def _result(self, name: str, state: dict[str, Any], runtime: Runtime[Any], early: EarlyTask | None) -> Any:
        holds, result = await early.result(runtime) if early else (False, None)
        return result if holds else await self.actions[name](state, runtime)


def _actions(worker: str | None, action: Worker | None, workers: Mapping[str, Worker] | None) -> dict[str, Worker]:
    if workers and not (worker or action):
        return dict(workers)
    if worker and action and not workers:
        return {worker: action}
    raise GraphError("add_fan_out takes either worker= and action=, or workers={type: action}")


def _callable(action: Worker) -> Callable[[dict[str, Any], Runtime[Any]], Awaitable[Any]]:
    """Make an action that may be synchronous, and may do without a runtime, a coroutine function that takes both."""
    wants_runtime = "runtime" in inspect.signature(action).parameters
    is_async = inspect.iscoroutinefunction(action)

    async def called(state: dict[str, Any], runtime: Runtime[Any]) -> Any:
        given = {"runtime": runtime} if wants_runtime else {}
        result = action(state, **given) if is_async else await in_thread(lambda: action(state, **given))
        # Also of a synchronous callable: a lambda or an object can return what is still to be awaited.
        return await result if inspect.isawaitable(result) else result

    return called


def _planned(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a planned task what a log tells: a title is a short text that its item has, or all its texts."""
    item = task["item"]
    texts = {name: text for name, text in item.items() if isinstance(text, str) and text and name != "task_id"}
    others = ", ".join(text for text in texts.values() if text != task["worker"])
    title = next((texts[name] for name in _TITLES if name in texts), others or texts.get("type", ""))
    told = {"task_id": task["task_id"], "worker": task["worker"], "title": title[:_LONGEST_TITLE]}
    return {**told, "depends_on": needs_of(task)} if item.get("depends_on") else told


def _get(state: Any, name: str) -> Any:
    return state.get(name) if isinstance(state, Mapping) else getattr(state, name, None)

"""The order in which the calls of one run begin: a task in hand goes on before a new one begins.

With first come, first served, every task of a wide fan-out makes its first call before any makes its second: when the
run ends early, all are paid for and none is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Task(Protocol):
    """A task that makes calls; `begun` is when the first of them began, on any clock, and infinite before."""

    begun: float


class DepthFirst(Generic[T]):
    """Calls that wait: those of the task that has been in hand longest first, then those of new tasks as they came.

    The calls of a graph in a graph belong to several tasks, the outermost of which decides first.
    """

    def __init__(self) -> None:
        self._tasks: dict[T, tuple[int, Sequence[Task]]] = {}
        self._of_task: dict[Task, dict[T, None]] = {}
        self._ranked: list[tuple[Any, int, T]] = []
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, call: T) -> bool:
        return call in self._tasks

    def enter(self, call: T, tasks: Sequence[Task]) -> None:
        """Queue a call of some tasks, the outermost first."""
        self._tasks[call] = next(self._arrivals), tasks
        for task in tasks:
            self._of_task.setdefault(task, {})[call] = None
        self._rank(call)

    def leave(self, call: T) -> Sequence[Task]:
        """Take a call out of the queue, and return its tasks."""
        _, tasks = self._tasks.pop(call)
        for task in tasks:
            del self._of_task[task][call]
            if not self._of_task[task]:
                del self._of_task[task]
        return tasks

    def first(self) -> T:
        """Return the call whose turn it is."""
        while self._ranked[0][2] not in self._tasks:
            heappop(self._ranked)
        return self._ranked[0][2]

    def begun(self, tasks: Sequence[Task], now: float) -> None:
        """Note that a call of some tasks has begun: what else they want comes before what new ones do."""
        for task in tasks:
            if task.begun == inf:
                task.begun = now
                for call in self._of_task.get(task, ()):
                    self._rank(call)

    def _rank(self, call: T) -> None:
        number, tasks = self._tasks[call]
        # A call may be ranked again, and only ever before where it stood: what it had is passed over later.
        heappush(self._ranked, (tuple(task.begun for task in tasks), number, call))

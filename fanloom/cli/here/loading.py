"""From a line of langgraph.json to a compiled graph."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager, redirect_stdout
from contextvars import copy_context
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from fanloom.cli.here.project import CONFIG, GraphEntry, Project
from fanloom.cli.options.lazy_group import nearest
from fanloom.errors import UserError

AnyGraph: TypeAlias = Pregel[Any, Any, Any, Any]


class Session:
    """One event loop for all that a command does with a graph, and what must be closed after it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._runner = self._stack.enter_context(asyncio.Runner())
        # Sync nodes run in the loop's threads. Its own pool has 6 on two cores: 64 one-second calls would take 11 s.
        self._runner.get_loop().set_default_executor(_NodeThreads(64, "fanloom-node"))

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        # What is printed when a graph is taken down is not our result either.
        with redirect_stdout(sys.stderr):
            self._stack.close()

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """Run an awaitable to its end, with the context variables of whoever asks for it."""
        return self._runner.run(_wait_for(awaitable), context=copy_context())

    def enter(self, manager: Any) -> Any:
        """Enter a context manager, sync or async, until the session ends."""
        if isinstance(manager, AbstractContextManager):
            return self._stack.enter_context(manager)
        keeper = _Keeper(manager)
        self._stack.callback(lambda: self.run(keeper.leave()))
        return self.run(keeper.enter())


class _NodeThreads(ThreadPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        # A node that was given up may still be inside a call; closing the loop must not wait for it.
        super().shutdown(wait=False, cancel_futures=True)


class _Keeper:
    """Enters and leaves an async context manager in one task, as those built on task groups need it."""

    def __init__(self, manager: AbstractAsyncContextManager[Any]) -> None:
        self._manager = manager
        self._done = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def enter(self) -> Any:
        entered = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep(entered))
        await asyncio.wait([entered, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not entered.done():
            await self._task
        return await entered

    async def _keep(self, entered: asyncio.Future[Any]) -> None:
        async with self._manager as value:
            entered.set_result(value)
            await self._done.wait()

    async def leave(self) -> None:
        self._done.set()
        if self._task is not None and not self._task.done():
            await self._task


async def _wait_for(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def open_graph(project: Project, name: str, session: Session) -> AnyGraph:
    """Load one graph of a project, importing its module only. Raises UserError, naming the file and the cure."""
    entry = project.graphs[name]
    project.enter()
    # Whatever a module prints when it is imported is not our result.
    with redirect_stdout(sys.stderr):
        module = _import(project, entry)
        if not hasattr(module, entry.attribute):
            raise UserError(
                f"{_place(entry)}: no {entry.attribute!r} in it. {nearest(entry.attribute, _makers(module))}"
            )
        with _explained(project, entry, "cannot be made"):
            return _as_graph(getattr(module, entry.attribute), entry, session)


def _makers(module: ModuleType) -> list[str]:
    """Return the names in a module that langgraph.json may name: graphs, and functions of its own."""
    own = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return [
        name for name, value in own.items() if _is_graph(value) or getattr(value, "__module__", "") == module.__name__
    ]


def _place(entry: GraphEntry) -> str:
    return f"graph {entry.name!r} of {CONFIG}: {entry.module}"


def _import(project: Project, entry: GraphEntry) -> ModuleType:
    with _explained(project, entry, "cannot be imported"):
        if not entry.is_file:
            return importlib.import_module(entry.module)
        path = project.file_of(entry)
        if path is None:
            raise UserError(f"{_place(entry)} does not exist in {project.root}. Correct the path.")
        name = project.module_name(entry)
        module = importlib.import_module(name) if name else None
        # A module of that name may have come from elsewhere before, such as one of the standard library.
        is_it = module is not None and Path(module.__file__ or "").resolve() == path.resolve()
        return module if module is not None and is_it else _import_file(project, path)


def _import_file(project: Project, path: Path) -> ModuleType:
    # Under its dotted name, so that relative imports work and an import by that name finds this copy.
    path = path.resolve()
    inside = path.is_relative_to(project.root)
    name = ".".join(path.relative_to(project.root).with_suffix("").parts) if inside else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _explained(project: Project, entry: GraphEntry, what: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    # Importing a module runs anybody's code, and whatever it raises is the reason why there is no graph.
    except (Exception, SystemExit) as error:
        raise UserError(f"{_place(entry)} {what}: {_cause(project, error)}") from error


def _cause(project: Project, error: BaseException) -> str:
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, ModuleNotFoundError):
        return f"{said}. Install it, or correct the name."
    if isinstance(error, SyntaxError):
        return f"{said}. Correct it there."
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(str(project.root))]
    place = f" ({Path(own[-1].filename).relative_to(project.root)}, line {own[-1].lineno})" if own else ""
    return f"{said}{place}. Run `fanloom --debug ...` for the traceback."


def _as_graph(value: Any, entry: GraphEntry, session: Session) -> AnyGraph:
    if callable(value) and not isinstance(value, type):
        value = _call(value, entry)
    if inspect.isawaitable(value):
        value = session.run(value)
    if isinstance(value, AbstractContextManager | AbstractAsyncContextManager) and not _is_graph(value):
        value = session.enter(value)
    if isinstance(value, StateGraph):
        value = value.compile(name=entry.name)
    if isinstance(value, Pregel):
        return value
    raise UserError(
        f"{_place(entry)}: {entry.attribute!r} is {type(value).__name__}, not a graph. "
        "It must be a compiled graph, a StateGraph, or a function that returns one."
    )


def _is_graph(value: Any) -> bool:
    return isinstance(value, Pregel | StateGraph)


def _call(factory: Callable[..., Any], entry: GraphEntry) -> Any:
    needed = [
        parameter.name
        for parameter in inspect.signature(factory).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed not in ([], ["config"]):
        raise UserError(
            f"{_place(entry)}: {entry.attribute}({', '.join(needed)}) cannot be called from the command line. "
            "A function that makes a graph may take `config`, or nothing."
        )
    made = factory(*({"configurable": {}} for _ in needed))
    if isinstance(made, AsyncIterator | Iterator):
        raise UserError(f"{_place(entry)}: mark {entry.attribute}() as @contextmanager or @asynccontextmanager.")
    return made

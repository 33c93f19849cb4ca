"""The configured checkpointer and store: where threads and long-term memory are kept, and outlive the process."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from fanloom.durable.sqlite_saver import SqliteFile
from fanloom.durable.state_serializer import StateSerializer
from fanloom.errors import InvalidSettings
from fanloom.runs.langgraph_internals import build_serde_allowlist
from fanloom.settings import in_home, settings

if TYPE_CHECKING:
    from langgraph.pregel import Pregel

_FORMS = "sqlite:///FILE, postgresql://USER@HOST/DATABASE or memory://"
Saver = BaseCheckpointSaver[Any]
G = TypeVar("G", bound="Pregel[Any, Any, Any, Any]")


class Opener(NamedTuple):
    """The two ways to open a saver, for `graph.invoke` and for `graph.ainvoke`, and that to open a store."""

    sync: AbstractContextManager[Saver]
    asynchronous: AbstractAsyncContextManager[Saver]
    store: AbstractAsyncContextManager[BaseStore]


def open_checkpointer(url: str | None = None) -> Checkpointer:
    """Open the checkpointer of a URL, by default that of FANLOOM_CHECKPOINT_URL.

    `async with open_checkpointer() as saver:` gives one for `ainvoke` and `astream`, `with open_checkpointer() as
    saver:` one for `invoke` and `stream`; then `graph = builder.compile(checkpointer=saver)`. URLs are
    `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://user@host/database` and `memory://`; folders and
    tables are made. State comes back as plain data, well-known types, and the types in the graph's schemas with the
    classes that are derived from these; others come back as plain data unless `saver.with_allowlist` names them. The
    module of a derived class is imported where nobody has done so, if it stands in the package of one of the types and
    its source says that the class is derived from one.

    Raises InvalidSettings for a URL that means nothing or a file that cannot be written, MissingPackage if the driver
    is not installed, and on entering RunError of the kind `database` if the server cannot be used.
    """
    return Checkpointer(_opener(settings().checkpoint_url if url is None else url))


def open_store(url: str | None = None) -> AbstractAsyncContextManager[BaseStore]:
    """Open the long-term memory of a URL, by default that of FANLOOM_CHECKPOINT_URL.

    `async with open_store() as store:` gives one for `ainvoke` and `astream`; then
    `graph = builder.compile(store=store)`. The URLs and errors are those of `open_checkpointer`; beside an SQLite file
    of threads, as in `threads.db`, the memory is a file of its own, `threads.store.db`. There is no vector search.
    """
    return _opener(settings().checkpoint_url if url is None else url).store


class Checkpointer(AbstractContextManager[Saver], AbstractAsyncContextManager[Saver]):
    """A checkpointer that is opened by `with` or by `async with`, and closed after it."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def __enter__(self) -> Saver:
        return self._opener.sync.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opener.sync.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Saver:
        return await self._opener.asynchronous.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._opener.asynchronous.__aexit__(kind, error, traceback)


def with_checkpointer(graph: G, saver: Saver) -> G:
    """Return a copy of a compiled graph that keeps its threads in a saver, and may load the types of its schemas."""
    graphs = [graph, *(inner for _, inner in graph.get_subgraphs(recurse=True))]
    allowed = {name for each in graphs for name in _types_of(each)}
    return graph.copy(update={"checkpointer": saver.with_allowlist(allowed)})


def _types_of(graph: Any) -> set[tuple[str, ...]]:
    schemas = list(getattr(getattr(graph, "builder", None), "schemas", ()))
    return build_serde_allowlist(schemas=schemas, channels=getattr(graph, "channels", None))


def _opener(url: str) -> Opener:
    scheme, separator, place = url.partition("://")
    kind, _, _ = scheme.casefold().partition("+")
    if separator and kind in ("postgresql", "postgres"):
        from fanloom.durable.postgres_saver import PostgresServer

        server = PostgresServer(f"postgresql://{place}")
        return Opener(server.open(), server.aopen(), server.aopen_store())
    if separator and kind == "sqlite" and len(place) > 1 and place.startswith("/"):
        file = SqliteFile(in_home(place[1:]))
        return Opener(file.open(), file.aopen(), file.aopen_store())
    if separator and kind == "memory":
        saver = InMemorySaver(serde=StateSerializer())
        return Opener(saver, saver, nullcontext(InMemoryStore()))
    # Not the whole of it, which may hold a password.
    given = f", not {scheme}://..." if separator else ""
    raise InvalidSettings(f"a checkpoint URL is {_FORMS}{given}; correct or unset FANLOOM_CHECKPOINT_URL")

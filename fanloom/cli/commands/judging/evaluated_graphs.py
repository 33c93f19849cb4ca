"""What `fanloom eval` runs the items through: graphs and models, checked before anything is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from fanloom.cli.here.loading import open_graph
from fanloom.cli.options.context_options import make_context
from fanloom.cli.options.input_options import check_names
from fanloom.cli.options.lazy_group import nearest
from fanloom.errors import UnknownModel, UserError
from fanloom.evaluation.runner import Candidate
from fanloom.models.factory import chat_model
from fanloom.models.names import parse
from fanloom.runs.context import Context, Role
from fanloom.steps.prompt_versions import PromptVersions

if TYPE_CHECKING:
    from fanloom.cli.here.loading import AnyGraph, Session
    from fanloom.cli.here.project import Project
    from fanloom.evaluation.dataset import Dataset


class GraphAndModel(NamedTuple):
    """A graph, its model if one is named, and the prompt files that another one is tried in the place of."""

    graph: str
    model: str | None
    parts: tuple[tuple[str, str], ...] = ()

    def named(self, among: Sequence[GraphAndModel]) -> str:
        """Return what tells it from the others."""
        tried = ", ".join(other for _, other in self.parts)
        return f"{self._named(among)} with {tried}" if tried else self._named(among)

    def _named(self, among: Sequence[GraphAndModel]) -> str:
        same_graph = len({choice.graph for choice in among}) == 1
        same_model = len({choice.model for choice in among}) == 1
        model = self.model or "default model"
        if same_model:
            return self.graph if self.model is None or len(among) > 1 else f"{self.graph}@{model}"
        return model if same_graph else f"{self.graph}@{model}"


def candidates(
    project: Project,
    session: Session,
    data: Dataset,
    first: GraphAndModel,
    compare: Iterable[str],
    parts: Iterable[str],
    settings: Sequence[str],
) -> list[Candidate]:
    """Load the graphs and make their contexts. Raises UserError for what is not there or cannot be used."""
    others = [_other(given, first, project.graphs) for given in compare]
    choices = list(dict.fromkeys([first, *others, *(first._replace(parts=_parts(given)) for given in parts)]))
    check_names((choice.graph for choice in choices), project.graphs, "graph")
    made = []
    for choice in choices:
        graph = open_graph(project, choice.graph, session)
        context = _context(graph, choice.model, settings, data.about.context)
        prompts = PromptVersions(_files(choice.parts, project.root)) if choice.parts else None
        made.append(Candidate(choice.named(choices), choice.graph, graph, context, prompts))
        _check_contexts(graph, data, context)
    return made


def _other(given: str, first: GraphAndModel, graphs: Mapping[str, Any]) -> GraphAndModel:
    """Read a graph, a model, or GRAPH@MODEL; what is left out is as in the first choice."""
    graph, _, model = given.partition("@")
    if graph in graphs:
        return GraphAndModel(graph, model or first.model)
    try:
        parse(given)
    except UnknownModel as error:
        raise UserError(f"--compare {given!r} is no graph ({nearest(given, graphs)}) and no model: {error}") from None
    return GraphAndModel(first.graph, given)


def _parts(given: str) -> tuple[tuple[str, str], ...]:
    """Read FILE=FILE, or several with commas between. Raises UserError."""
    pairs = [pair.partition("=") for pair in given.split(",")]
    if wrong := [name for name, _, other in pairs if not (name.strip() and other.strip())]:
        raise UserError(f"--parts takes FILE=FILE, a prompt's file and another version of it, not {wrong[0]!r}.")
    return tuple((name.strip(), other.strip()) for name, _, other in pairs)


def _files(parts: Iterable[tuple[str, str]], root: Path) -> dict[Path, Path]:
    return {_found(name, root): _found(other, root) for name, other in parts}


def _found(name: str, root: Path) -> Path:
    """Return a file from here or else from the project's root, as a prompt's file is named there."""
    return Path(name) if Path(name).exists() else root / name


def _context(
    graph: AnyGraph, model: str | None, settings: Sequence[str], base: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what the command line says about the context; the data set's may supply what a graph cannot do without."""
    context = make_context(graph.get_context_jsonschema(), model, settings, base)
    if context is None:
        return None
    chosen = {*(["model"] if model else []), *(pair.partition("=")[0].strip() for pair in settings)}
    return {name: value for name, value in context.items() if name in chosen}


def _check_contexts(graph: AnyGraph, data: Dataset, chosen: Mapping[str, Any] | None) -> None:
    """Make the context of each item, and the models of one. Raises UserError, as the runs would."""
    schema = graph.context_schema
    if chosen is None or not (isinstance(schema, type) and issubclass(schema, Context)):
        return
    contexts = [schema(**{**data.context_of(number), **chosen}) for number in data.items]
    for model in {contexts[0].model_for(role) for role in get_args(Role)}:
        chat_model(model)

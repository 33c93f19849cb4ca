"""`fanloom models`: the model of each role, and whether its provider is ready; nothing is called to find out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import click

from fanloom.cli.commands.providers.provider_readiness import SHIPPED, Provider, examine, keyed
from fanloom.cli.exits import brief
from fanloom.cli.here.project import CONFIG, read_project
from fanloom.errors import InvalidSettings, UnknownModel

if TYPE_CHECKING:
    from fanloom.runs.context import Context

FALLBACK = "fallback"


class ChosenModel(NamedTuple):
    """A model, and what chose it."""

    model: str
    chosen_by: str


@click.command("models")
@click.option("--model", metavar="SPEC", help="Short for --set model=SPEC.")
@click.option(
    "settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context; VALUE may be @FILE."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(ctx: click.Context, model: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """List the model of each role, what its provider needs, and the limits of this process.

    Nothing is called: `fanloom check` does that.
    """
    enter_environment(ctx.obj.project)
    chosen = configured(_context(model, settings))
    providers = [examine(name) for name in _providers(chosen)]
    if as_json:
        click.echo(json.dumps(_report(chosen, providers), indent=2))
        return
    for line in _lines(chosen, providers):
        click.echo(brief(line))


def enter_environment(folder: Path) -> None:
    """Make the variables that langgraph.json sets visible, as `fanloom run` does; there may be no project."""
    if (folder / CONFIG).is_file():
        read_project(folder).enter()


def configured(context: Context) -> dict[str, ChosenModel]:
    """Return the model of each role, and `fallback` if there is one. Raises InvalidSettings, naming the variable."""
    from fanloom.runs.context import Role

    chosen = {role: ChosenModel(str(context.model_for(role)), _chooser(context, role)) for role in get_args(Role)}
    if fallback := context.fallback():
        by = "--set fallback_model" if context.fallback_model else "FANLOOM_FALLBACK_MODEL"
        chosen[FALLBACK] = ChosenModel(str(fallback), by)
    return {slot: _checked(choice) for slot, choice in chosen.items()}


def _chooser(context: Context, role: str) -> str:
    from fanloom.settings import settings

    if getattr(context, f"{role}_model"):
        return f"--set {role}_model"
    if context.model:
        return "--model"
    return "FANLOOM_MODEL" if "model" in settings().model_fields_set else "default"


def _checked(choice: ChosenModel) -> ChosenModel:
    from fanloom.models.names import parse

    try:
        parse(choice.model)
    except UnknownModel as error:
        raise InvalidSettings(f"{choice.chosen_by}: {error}") from None
    return choice._replace(model=choice.model.strip())


def _context(model: str | None, settings: tuple[str, ...]) -> Context:
    from fanloom.cli.options.context_options import make_context
    from fanloom.runs.context import Context

    return Context(**(make_context(Context.model_json_schema(), model, settings) or {}))


def _providers(chosen: Mapping[str, ChosenModel]) -> list[str]:
    """Return the providers to list: those that ship with Fanloom, those that a role uses, those that have a key."""
    used = [choice.model.partition(":")[0] for choice in chosen.values()]
    return list(dict.fromkeys([*SHIPPED, *used, *keyed()]))


def limits() -> dict[str, int | None]:
    """Return the limits of this process for each model."""
    from fanloom.settings import settings

    given = settings()
    return {"max_concurrency": given.max_concurrency, "rpm": given.rpm, "tpm": given.tpm}


def _report(chosen: Mapping[str, ChosenModel], providers: list[Provider]) -> dict[str, Any]:
    slots = {slot: choice._asdict() for slot, choice in chosen.items()}
    return {
        "roles": {slot: choice for slot, choice in slots.items() if slot != FALLBACK},
        "fallback": slots.get(FALLBACK),
        "providers": [{**asdict(provider), "ready": provider.ready} for provider in providers],
        "limits": limits(),
    }


def _lines(chosen: Mapping[str, ChosenModel], providers: list[Provider]) -> Iterator[str]:
    rows = {slot: f"{choice.model}  ({choice.chosen_by})" for slot, choice in chosen.items()}
    yield from _table("Models", {**rows, FALLBACK: rows.get(FALLBACK, "none")}, str)
    yield from _table("Providers", {provider.name: provider for provider in providers}, _state)
    shown = {name: "no limit" if value is None else f"{value:,}" for name, value in limits().items()}
    words = {"max_concurrency": "calls in flight", "rpm": "requests a minute", "tpm": "tokens a minute"}
    yield from _table("Limits of this process, for each model", {words[name]: shown[name] for name in words}, str)


def _table(title: str, rows: Mapping[str, Any], show: Callable[[Any], str]) -> Iterator[str]:
    yield title
    width = max(map(len, rows))
    for name, value in rows.items():
        yield f"  {name:<{width}}  {show(value)}"


def _state(provider: Provider) -> str:
    return f"{'ready' if provider.ready else 'not ready'}: {'; '.join(provider.lacks + provider.has)}"

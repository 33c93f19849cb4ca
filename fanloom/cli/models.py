"""`fanloom models`: the model of each role, and whether its provider is ready; nothing is called to find out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import click

from fanloom.cli.exits import brief
from fanloom.cli.project import CONFIG, read_project
from fanloom.errors import InvalidSettings, UnknownModel

if TYPE_CHECKING:
    from fanloom.cli.loading import AnyGraph
    from fanloom.context import Context

FALLBACK = "fallback"
GEMINI, BEDROCK, OFFLINE = "google_genai", "bedrock_converse", "offline"
SHIPPED = (OFFLINE, GEMINI, BEDROCK)

# Providers that take one key; which variables the others read is their own affair, and `fanloom check` finds out.
_KEYS: dict[str, tuple[str, ...]] = {
    GEMINI: ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"),
    "huggingface": ("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"),
    "mistralai": ("MISTRAL_API_KEY",),
    "perplexity": ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
    **{
        name: (f"{name.upper()}_API_KEY",)
        for name in ("anthropic", "cohere", "deepseek", "fireworks", "groq", "nvidia")
        + ("openai", "openrouter", "together", "upstage", "xai")
    },
}
_AWS_PACKAGE = "langchain-aws"
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_AWS_OTHERS = (
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PROFILE_CREDENTIALS = ("aws_access_key_id", "sso_session", "sso_start_url", "role_arn", "credential_process")
_ENDPOINTS = {GEMINI: ("GOOGLE_GEMINI_BASE_URL",), BEDROCK: ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL")}


class Choice(NamedTuple):
    """A model, and what chose it."""

    model: str
    chosen_by: str


@dataclass(frozen=True)
class Provider:
    """What is known of a provider without calling it; `lacks` says what to do."""

    name: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.lacks


class Finding(NamedTuple):
    """One thing that a provider has, or lacks."""

    good: bool
    text: str


@click.command("models")
@click.option("--model", metavar="SPEC", help="Short for --set model=SPEC.")
@click.option("settings", "--set", multiple=True, metavar="NAME=VALUE", help="Set a field of the context.")
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
    # Line by line, because no message of several lines is expected to be this long.
    for line in _lines(chosen, providers):
        click.echo(brief(line))


def enter_environment(folder: Path) -> None:
    """Make the variables that langgraph.json sets visible, as `fanloom run` does; there may be no project."""
    if (folder / CONFIG).is_file():
        read_project(folder).enter()


def configured(context: Context) -> dict[str, Choice]:
    """Return the model of each role, and `fallback` if there is one. Raises InvalidSettings, naming the variable."""
    from fanloom.context import Role

    chosen = {role: Choice(str(context.model_for(role)), _chooser(context, role)) for role in get_args(Role)}
    if fallback := context.fallback():
        by = "--set fallback_model" if context.fallback_model else "FANLOOM_FALLBACK_MODEL"
        chosen[FALLBACK] = Choice(str(fallback), by)
    return {slot: _checked(choice) for slot, choice in chosen.items()}


def _chooser(context: Context, role: str) -> str:
    from fanloom.settings import settings

    if getattr(context, f"{role}_model"):
        return f"--set {role}_model"
    if context.model:
        return "--model"
    return "FANLOOM_MODEL" if "model" in settings().model_fields_set else "default"


def _checked(choice: Choice) -> Choice:
    from fanloom.models.spec import parse

    try:
        parse(choice.model)
    except UnknownModel as error:
        raise InvalidSettings(f"{choice.chosen_by}: {error}") from None
    return choice._replace(model=choice.model.strip())


class _AnyGraph:
    """A graph whose context is the framework's own."""

    def get_context_jsonschema(self) -> dict[str, Any]:
        from fanloom.context import Context

        return Context.model_json_schema()


def _context(model: str | None, settings: tuple[str, ...]) -> Context:
    from fanloom.cli.choices import make_context
    from fanloom.context import Context

    return Context(**(make_context(cast("AnyGraph", _AnyGraph()), model, settings) or {}))


def _providers(chosen: Mapping[str, Choice]) -> list[str]:
    """Return the providers to list: those that ship with Fanloom, those that a role uses, those that have a key."""
    used = [choice.model.partition(":")[0] for choice in chosen.values()]
    keyed = [name for name, variables in _KEYS.items() if _set(variables)]
    return list(dict.fromkeys([*SHIPPED, *used, *keyed]))


def examine(name: str) -> Provider:
    """Find out what a provider has and lacks, from the environment and the installed packages only."""
    found = list(_findings(name))
    return Provider(
        name, tuple(item.text for item in found if item.good), tuple(item.text for item in found if not item.good)
    )


def _findings(name: str) -> Iterator[Finding]:
    from fanloom.models.spec import PACKAGES

    if name == OFFLINE:
        yield Finding(True, "answers by rules, no language model: needs no key and no network")
        return
    package = PACKAGES[name]
    if find_spec(package.replace("-", "_")) is None:
        yield Finding(False, f"{package} is not installed: pip install {package}")
    elif package == _AWS_PACKAGE:
        yield from _aws()
    if package != _AWS_PACKAGE:
        yield _key(name)
    for variable in _set(_ENDPOINTS.get(name, ()))[:1]:
        yield Finding(True, f"endpoint {without_userinfo(os.environ[variable])} ({variable})")


def _key(name: str) -> Finding:
    variables = _KEYS.get(name)
    if variables is None:
        return Finding(True, "its key is not looked for here: `fanloom check` tries it")
    found = _set(variables)
    return Finding(True, f"{found[0]} is set") if found else Finding(False, f"no key: set {variables[0]}")


def _aws() -> Iterator[Finding]:
    try:
        region, section = _aws_profile()
    except Exception as error:  # noqa: BLE001 - whatever AWS's own reader of its files makes of them is a finding
        yield Finding(False, f"{error}: check AWS_PROFILE and the AWS configuration files".replace("\n", " "))
        return
    if region:
        yield Finding(True, f"region {region}")
    else:
        yield Finding(False, "no region: set AWS_REGION, for example AWS_REGION=us-east-1")
    yield _aws_credentials(section)


def _aws_profile() -> tuple[str | None, Mapping[str, Any]]:
    """Return the region, and what the files say to the chosen profile."""
    import botocore.session

    session = botocore.session.Session()
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    profile = session.get_config_variable("profile") or "default"
    # Asking for the credentials themselves may start a login or look for a server in the network.
    return region, session.full_config.get("profiles", {}).get(profile, {})


def _aws_credentials(profile: Mapping[str, Any]) -> Finding:
    keys = _set(_AWS_KEYS)
    if found := _set(_AWS_OTHERS):
        return Finding(True, f"{found[0]} is set")
    if len(keys) == len(_AWS_KEYS):
        return Finding(True, f"{' and '.join(keys)} are set")
    if keys:
        missing = next(name for name in _AWS_KEYS if name not in keys)
        return Finding(False, f"{keys[0]} is set and {missing} is not: set both")
    if any(profile.get(name) for name in _PROFILE_CREDENTIALS):
        return Finding(True, "the AWS profile has credentials")
    return Finding(
        False,
        "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or AWS_BEARER_TOKEN_BEDROCK (the role of a machine in AWS is found by `fanloom check` only)",
    )


def _set(variables: tuple[str, ...]) -> list[str]:
    return [name for name in variables if os.environ.get(name)]


def without_userinfo(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    scheme, separator, rest = url.rpartition("://")
    # A password that was not quoted may hold a '/' or a '?', so the last '@' ends it.
    shown = rest.rpartition("@")[2].partition("?")[0].partition("#")[0]
    return f"{scheme.rpartition('@')[2]}{separator}{shown}"


def limits() -> dict[str, int | None]:
    """Return the limits of this process for each model."""
    from fanloom.settings import settings

    given = settings()
    return {"max_concurrency": given.max_concurrency, "rpm": given.rpm, "tpm": given.tpm}


def _report(chosen: Mapping[str, Choice], providers: list[Provider]) -> dict[str, Any]:
    slots = {slot: choice._asdict() for slot, choice in chosen.items()}
    return {
        "roles": {slot: choice for slot, choice in slots.items() if slot != FALLBACK},
        "fallback": slots.get(FALLBACK),
        "providers": [{**asdict(provider), "ready": provider.ready} for provider in providers],
        "limits": limits(),
    }


def _lines(chosen: Mapping[str, Choice], providers: list[Provider]) -> Iterator[str]:
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

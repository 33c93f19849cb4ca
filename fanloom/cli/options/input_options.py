"""From a graph's input schema to command line options, and back to an input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from fanloom.cli.exits import clean
from fanloom.cli.options import documents
from fanloom.cli.options import typed_values as values
from fanloom.cli.options.completion import complete_file
from fanloom.cli.options.lazy_group import nearest
from fanloom.errors import UserError

Schema = Mapping[str, Any]

_MAX_REFERENCES = 20
_SIMPLE: dict[str, Any] = {"integer": click.INT, "number": click.FLOAT}
_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "string": ("TEXT|@FILE", values.text),
    "object": ("JSON", values.json_object),
    "array": ("JSON", values.json_or_text),
    "document": ("FILE|FOLDER|-", documents.read_documents),
    "any": ("VALUE", values.json_or_text),
}
# A list in JSON stands for its items.
_READERS_OF_MANY: dict[str, Callable[[str], Any]] = {"string": values.text_or_texts, "object": values.json_objects}


@dataclass(frozen=True)
class Field:
    """One field of an input; `kind` says how a typed value is read, `many` that it is a list of such."""

    name: str
    kind: str
    many: bool = False
    choices: tuple[Any, ...] = ()
    help: str = ""
    required: bool = False


def fields(schema: Schema) -> list[Field]:
    """Return the fields of an object's JSON schema."""
    required = schema.get("required", ())
    return [_field(name, part, schema, name in required) for name, part in schema.get("properties", {}).items()]


def _field(name: str, part: Schema, root: Schema, required: bool) -> Field:
    resolved = resolve(part, root)
    many = resolved.get("type") == "array"
    one = resolve(resolved.get("items") or {}, root) if many else resolved
    default = resolved.get("default")
    note = "required" if required else f"default: {_shown(default)}" if default is not None else ""
    notes = [note, "repeatable" if many else ""]
    description = clean(str(resolved.get("description", "")))
    return Field(
        name=name,
        kind=_kind(one),
        many=many,
        choices=tuple(one.get("enum") or ([one["const"]] if "const" in one else ())),
        help="  ".join(filter(None, (description, *(f"[{note}]" for note in notes if note)))),
        required=required,
    )


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return clean(str(default))


def resolve(part: Schema, root: Schema) -> dict[str, Any]:
    """Return a schema without references, `null` alternatives and single-member unions; what stands outside wins."""
    resolved = dict(part) if isinstance(part, Mapping) else {}
    for _ in range(_MAX_REFERENCES):
        inner = _inner(resolved, root)
        if inner is None:
            break
        outer = {key: value for key, value in resolved.items() if key not in ("$ref", "anyOf", "oneOf", "allOf")}
        resolved = {**inner, **outer}
    if isinstance(resolved.get("type"), list):
        kinds = [kind for kind in resolved["type"] if kind != "null"]
        resolved["type"] = kinds[0] if len(kinds) == 1 else "any"
    return resolved


def _inner(part: Schema, root: Schema) -> Schema | None:
    if "$ref" in part:
        target: Any = root
        for step in str(part["$ref"]).removeprefix("#/").split("/"):
            target = target.get(step, {}) if isinstance(target, Mapping) else {}
        return target if isinstance(target, Mapping) else {}
    for union in ("anyOf", "oneOf", "allOf"):
        members = [member for member in part.get(union, ()) if member.get("type") != "null"]
        if len(members) == 1:
            return dict(members[0])
    return None


def _kind(part: Schema) -> str:
    if "enum" in part or "const" in part:
        return "choice"
    kind = part.get("type")
    if kind == "object":
        return "document" if {"title", "content"} <= set(part.get("properties", {})) else "object"
    return kind if kind in ("string", "integer", "number", "boolean", "array") else "any"


def options(known: Iterable[Field], taken: Iterable[str]) -> dict[str, tuple[Field, click.Option]]:
    """Make an option of each field, by parameter name; a name that is `taken` gets `field-` before it."""
    flags = set(taken)
    made: dict[str, tuple[Field, click.Option]] = {}
    for number, field in enumerate(known):
        flag = re.sub(r"[^\w]+|_+", "-", field.name).strip("-") or f"field-{number}"
        while flag in flags:
            flag = f"field-{flag}"
        flags |= {flag, f"no-{flag}"}
        made[f"field_{number}"] = (field, _option(f"field_{number}", flag, field))
    return made


def _option(parameter: str, flag: str, field: Field) -> click.Option:
    if field.kind == "boolean" and not field.many:
        return click.Option([parameter, f"--{flag}/--no-{flag}"], default=None, help=field.help)
    if field.kind == "choice":
        return click.Option(
            [parameter, f"--{flag}"], multiple=field.many, type=click.Choice(field.choices), help=field.help
        )
    if field.kind in _SIMPLE:
        return click.Option([parameter, f"--{flag}"], multiple=field.many, type=_SIMPLE[field.kind], help=field.help)
    metavar, read = _READERS.get(field.kind, _READERS["any"])
    if field.many:
        read = _READERS_OF_MANY.get(field.kind, read)
    return click.Option(
        [parameter, f"--{flag}"],
        multiple=field.many,
        metavar=metavar,
        help=field.help,
        callback=_reading(read),
        shell_complete=complete_file if field.kind == "document" else None,
    )


def _reading(read: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(_ctx: click.Context, _param: click.Parameter, given: Any) -> Any:
        try:
            if isinstance(given, tuple):
                return tuple(read(value) for value in given)
            return None if given is None else read(given)
        except UserError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def typed(field: Field, given: Any) -> Any:
    """Return the value of a field from what its option was given."""
    if field.kind == "document":
        found = [document for several in (given if field.many else [given]) for document in several]
        if not field.many and len(found) != 1:
            raise UserError(f"{field.name} takes one document, not {len(found)}.")
        return found if field.many else found[0]
    if field.many and field.kind in ("string", "object", "any"):
        return [item for value in given for item in (value if isinstance(value, list) else [value])]
    return list(given) if field.many else given


def check_names(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Refuse names that are not known, with the nearest one that is."""
    known = list(known)
    for name in given:
        if name not in known:
            raise UserError(f"there is no {what} {name!r}. {nearest(name, known)}")

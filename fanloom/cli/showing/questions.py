"""What a run asks a person, and the answer: from a terminal or from --answer, and what its schema says about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from fanloom.cli.exits import clean
from fanloom.cli.options.input_options import Schema, resolve
from fanloom.cli.options.schema_words import describe, problem
from fanloom.cli.options.typed_values import parsed_or_text
from fanloom.cli.thread import Place
from fanloom.errors import UserError

Question = Mapping[str, Any]
_MOST_TRIES = 5


def match(answer: Any, asked: Sequence[Question]) -> dict[str, Any]:
    """Return the answers by the ids of the questions, from the value of --answer.

    One value where one question waits; for several an object by id, which may leave some out, or a list in the order
    shown. Raises UserError for answers that do not fit.
    """
    answers = _by_id(answer, [question["id"] for question in asked])
    for question in asked:
        schema = question["response_schema"]
        if question["id"] in answers and (wrong := problem(answers[question["id"]], schema)):
            raise UserError(f"{wrong}. Expected is {describe(schema)}.")
    return answers


def _by_id(answer: Any, ids: Sequence[str]) -> dict[str, Any]:
    if isinstance(answer, dict) and answer and set(answer) <= set(ids):
        return answer
    if len(ids) == 1:
        return {ids[0]: answer}
    if isinstance(answer, list) and len(answer) == len(ids):
        return dict(zip(ids, answer, strict=True))
    raise UserError(
        f"{len(ids)} questions wait: give a JSON object with the answers by id ({', '.join(ids)}), "
        f"or a list of {len(ids)} in this order."
    )


def is_interactive() -> bool:
    """Tell whether a person can be asked; the result may go elsewhere."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def show_questions(asked: Sequence[Question], place: Place) -> None:
    """Show what is asked on standard error, and how to answer."""
    for number, question in enumerate(asked, 1):
        _show(question, number, len(asked))
        click.echo(f"Expected answer: {describe(question['response_schema'])}", err=True)
    if place.thread is None:
        click.echo("Nothing is kept of this run: start it with --thread NAME to be able to answer.", err=True)
    else:
        click.echo(f"Answer with: {place.resume_command('--answer', 'JSON')}", err=True)


def _show(question: Question, number: int, of: int) -> None:
    which = f" ({number} of {of}, id {question['id']})" if of > 1 else ""
    click.echo(clean("\n".join([f"waiting for a person{which}:", *_lines(question["value"])])), err=True)


def _lines(value: Any) -> list[str]:
    """Return what is asked, a line for each field."""
    from fanloom.cli.showing.output import plain
    from fanloom.cli.showing.readable_output import label_of

    value = plain(value)
    if not isinstance(value, Mapping):
        return [_text(value)]
    return [_text(item) if name == "question" else f"{label_of(name)}: {_text(item)}" for name, item in value.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def ask(asked: Sequence[Question]) -> dict[str, Any]:
    """Ask a person on the terminal and return the answers by id; empty when they give up."""
    try:
        return {question["id"]: _ask_one(question, number, len(asked)) for number, question in enumerate(asked, 1)}
    except click.Abort:
        click.echo("\nNot answered.", err=True)
        return {}


def _ask_one(question: Question, number: int, of: int) -> Any:
    _show(question, number, of)
    schema = question["response_schema"] or {}
    for _ in range(_MOST_TRIES):
        answer = _prompt_for(schema)
        wrong = problem(answer, schema)
        if not wrong:
            return answer
        click.echo(clean(f"{wrong}. Expected is {describe(schema)}."), err=True)
    raise UserError("no answer that can be used was given.")


def _prompt_for(schema: Schema) -> Any:
    whole = resolve(schema, schema)
    parts = whole.get("properties") if whole.get("type") == "object" else None
    if not parts:
        return _prompt("Answer", whole, schema, required=True)
    required = whole.get("required", ())
    given = {name: _prompt(name, part, schema, required=name in required) for name, part in parts.items()}
    return {name: value for name, value in given.items() if value is not None}


def _prompt(name: str, part: Schema, root: Schema, *, required: bool) -> Any:
    """Ask for one value; None where an optional one is left empty."""
    from fanloom.cli.showing.readable_output import label_of

    part = resolve(part, root)
    label = label_of(name) + (f" ({clean(str(part['description']))})" if part.get("description") else "")
    choices = {clean(str(choice)): choice for choice in part.get("enum", ())}
    if choices:
        said = _typed(label, required, type=click.Choice(list(choices)))
        return choices.get(str(said))
    kind = part.get("type")
    if kind == "boolean":
        return click.confirm(label, default=None if required else bool(part.get("default")), err=True)
    said = _typed(label if required else f"{label} [optional]", required)
    return None if said is None else said if kind == "string" else parsed_or_text(said)


def _typed(label: str, required: bool, **options: Any) -> str | None:
    if required:
        return str(click.prompt(label, err=True, **options))
    # An empty default, which no type of click's would take.
    return str(click.prompt(label, default="", show_default=False, err=True)) or None

"""From what is typed to a value: text, JSON, files and documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from fanloom.errors import UserError

_WAS_READ = "fanloom.stdin"


def read_stdin() -> str:
    """Read standard input as UTF-8 text. Raises UserError when it has been read before."""
    if click.get_current_context().meta.setdefault(_WAS_READ, False):
        raise UserError("standard input can be read by one option only; give the others a file.")
    click.get_current_context().meta[_WAS_READ] = True
    return _decoded(sys.stdin.buffer.read(), "standard input")


def read_text(path: str) -> str:
    """Read a UTF-8 text file, or standard input for '-'. Raises UserError, naming the file."""
    if path == "-":
        return read_stdin()
    try:
        return _decoded(Path(path).expanduser().read_bytes(), repr(path))
    except FileNotFoundError:
        raise UserError(f"there is no file {path!r}.") from None
    except OSError as error:
        raise UserError(f"{path!r} cannot be read: {error.strerror}.") from None


def _decoded(data: bytes, name: str) -> str:
    if kind := _other_kind(data):
        raise UserError(f"{name} is {kind}, not UTF-8 text. Convert it to UTF-8 text first.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8 text. Save it as UTF-8 first.") from None


def _other_kind(data: bytes) -> str:
    """Say what data is that a person may take for text, by how it begins; nothing for what may be UTF-8."""
    if data.startswith(b"%PDF-"):
        return "a PDF"
    if data.startswith(b"PK\3\4"):
        return "a ZIP archive, as Word and Excel files are"
    half = len(data) // 2
    # Without a mark at its start, most letters of a text in UTF-16 have a zero as one of their two bytes.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or max(data[::2].count(0), data[1::2].count(0)) > half // 2 > 0:
        return "UTF-16 text"
    return "a binary file" if b"\0" in data else ""


def text(value: str) -> str:
    """Return a string as it is typed; '@file' is the file's content, '@-' standard input, '@@x' a literal '@x'."""
    if value.startswith("@@"):
        return value[1:]
    return read_text(value[1:]) if value.startswith("@") else value


def text_or_texts(value: str) -> str | list[str]:
    """Return a string as `text` does, or the strings of a list in JSON."""
    given = text(value)
    parsed = parsed_or_text(given)
    return parsed if isinstance(parsed, list) and all(isinstance(item, str) for item in parsed) else given


def parse_json(value: str) -> Any:
    """Parse JSON, from a file where the value is '@file'. Raises UserError."""
    given = text(value)
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        shown = value.removeprefix("@")
        named = "standard input" if value == "@-" else repr(shown if len(shown) <= 60 else f"{shown[:60]}...")
        raise UserError(
            f"{named} is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}."
        ) from None
    except (ValueError, RecursionError):
        raise UserError(
            "the JSON that is given has a number too long or is nested too deeply. Make it smaller."
        ) from None


def json_object(value: str) -> dict[str, Any]:
    """Parse a JSON object. Raises UserError."""
    parsed = parse_json(value)
    if not isinstance(parsed, dict):
        raise UserError(f"{value!r} is not a JSON object: write it as {{...}}, or @file.json.")
    return parsed


def json_objects(value: str) -> list[dict[str, Any]]:
    """Parse a JSON object or a list of such. Raises UserError."""
    parsed = parse_json(value)
    listed = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(item, dict) for item in listed):
        raise UserError(f"{value!r} is no JSON object and no list of such: write it as {{...}}, or @file.json.")
    return listed


def json_or_text(value: str) -> Any:
    """Parse JSON where the value is JSON; otherwise it is a string."""
    return parsed_or_text(text(value))


def parsed_or_text(given: str) -> Any:
    """Parse JSON where the text is JSON that can be read; otherwise return the text."""
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given

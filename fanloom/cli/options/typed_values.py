"""From what is typed to a value: text, JSON, files and documents."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from fanloom.errors import UserError

DOCUMENT_SUFFIXES = (".md", ".txt")

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
    if b"\0" in data:
        raise UserError(f"{name} is a binary file, not text. Convert it to UTF-8 text first.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8 text. Save it as UTF-8 first.") from None


def text(value: str) -> str:
    """Return a string as it is typed; '@file' is the file's content, '@-' standard input, '@@x' a literal '@x'."""
    if value.startswith("@@"):
        return value[1:]
    return read_text(value[1:]) if value.startswith("@") else value


def parse_json(value: str) -> Any:
    """Parse JSON, from a file where the value is '@file'. Raises UserError."""
    given = text(value)
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        named = "standard input" if value == "@-" else repr(value if len(value) <= 60 else f"{value[:60]}...")
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


def json_or_text(value: str) -> Any:
    """Parse JSON where the value is JSON; otherwise it is a string."""
    return parsed_or_text(text(value))


def parsed_or_text(given: str) -> Any:
    """Parse JSON where the text is JSON that can be read; otherwise return the text."""
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def documents(value: str) -> list[dict[str, Any]]:
    """Make documents, each with `title` and `content`, from a text file, a folder, '-', or a JSON object or list."""
    if value.startswith(("{", "[")) and not Path(value).exists():
        parsed = parse_json(value)
        return parsed if isinstance(parsed, list) else [parsed]
    path = value.removeprefix("@")
    if Path(path).expanduser().is_dir():
        return [document(str(file)) for file in _texts_in(Path(path).expanduser())]
    return [document(path)]


def document(path: str) -> dict[str, Any]:
    """Read a text file as `{title, content}`; the title is its first heading, else its name made readable."""
    content = read_text(path)
    name = "Standard input" if path == "-" else _readable(Path(path).stem)
    return {"title": heading(content) or name, "content": content}


def heading(content: str) -> str | None:
    """Return the title that the first line of a text is: `# Title`, or a line underlined by === or ---."""
    first, _, rest = content.lstrip().partition("\n")
    if marked := re.fullmatch(r"#\s+(.+?)(\s+#+)?\s*", first):
        return marked[1]
    underlined = re.match(r"\s{0,3}(={3,}|-{3,})\s*$", rest.partition("\n")[0])
    is_words = any(letter.isalnum() for letter in first)
    return first.strip() if underlined and is_words else None


def _texts_in(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in DOCUMENT_SUFFIXES and file.is_file())
    if not found:
        raise UserError(f"folder {str(folder)!r} holds no {' or '.join(DOCUMENT_SUFFIXES)} file.")
    return found


def _readable(stem: str) -> str:
    words = re.sub(r"[_\-\s]+", " ", stem).strip() or stem
    return words[:1].upper() + words[1:]

"""From files and folders to documents, each with a title and a content."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from fanloom.cli.options.typed_values import parse_json, read_text
from fanloom.errors import UserError

TEXTS = (".md", ".txt")
BINARY = (".pdf", ".docx")
CONVERTED = (*BINARY, ".html", ".htm", ".csv")
_HOW = "to read it, run: pip install 'fanloom[documents]'"
_MOST_NAMED = 5

Document = dict[str, Any]


def read_documents(value: str) -> list[Document]:
    """Make documents from a file, a pattern of such, a folder with its sub-folders, '-', or a JSON object or list.

    Raises UserError, naming the file. What of a folder is left out is said on standard error.
    """
    if value.startswith(("{", "[")) and not Path(value).exists():
        parsed = parse_json(value)
        return parsed if isinstance(parsed, list) else [parsed]
    path = value.removeprefix("@")
    there = Path(path).expanduser()
    if has_magic(path) and not there.exists():
        return [document for match in _matches(str(there)) for document in read_documents(match)]
    return _of_folder(there) if there.is_dir() else [document(path)]


def _matches(pattern: str) -> list[str]:
    found = sorted(glob(pattern, recursive=True))
    if not found:
        raise UserError(f"no file matches {pattern!r}.")
    return found


def document(path: str) -> Document:
    """Read a file as `{title, content}`; the title is its first heading, else its name made readable.

    Raises UserError, naming the file.
    """
    content = _content(path)
    if not content.strip():
        named = "standard input" if path == "-" else repr(path)
        raise UserError(f"{named} is empty: give it some text, or leave it out.")
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


def _content(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in CONVERTED or not Path(path).expanduser().is_file():
        return read_text(path)
    if _can_convert():
        return _converted(path)
    if suffix in BINARY:
        raise UserError(f"{path!r}: {_HOW}")
    return read_text(path)


def _can_convert() -> bool:
    return find_spec("markitdown") is not None


def _converted(path: str) -> str:
    from markitdown import MarkItDown

    try:
        text: str = MarkItDown(enable_plugins=False).convert_local(Path(path).expanduser()).text_content
    except Exception as error:  # noqa: BLE001 - each format has a reader of its own, which fails in its own way
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{path!r} cannot be converted to text: {said}. Convert it yourself first.") from None
    return text


def _of_folder(folder: Path) -> list[Document]:
    made: dict[Path, Document] = {}
    left_out: dict[str, str] = {}
    for file in _files(folder):
        name = str(file.relative_to(folder))
        if why := _unread(file):
            left_out[name] = why
            continue
        try:
            made[file.relative_to(folder)] = document(str(file))
        except UserError as error:
            left_out[name] = str(error).removeprefix(f"{str(file)!r}").lstrip(": ")
    _say_left_out(folder, left_out)
    if not made:
        kinds = ", ".join((*TEXTS, *CONVERTED))
        raise UserError(f"folder {str(folder)!r} holds no document that can be read: {kinds}.")
    return _told_apart(made)


def _files(folder: Path) -> Iterator[Path]:
    """Walk through a folder by name, not into what is hidden or a link: of that the entry itself is given."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _files(entry)
        else:
            yield entry


def _unread(file: Path) -> str:
    """Say why a file of a folder is not read; nothing if it is."""
    if file.name.startswith("."):
        return "hidden"
    if file.is_dir():
        return "a link to another folder"
    if file.suffix.lower() in CONVERTED:
        return "" if _can_convert() else _HOW
    return "" if file.suffix.lower() in TEXTS else "no document"


def _say_left_out(folder: Path, left_out: dict[str, str]) -> None:
    if not left_out:
        return
    named = [f"{name} ({why})" for name, why in list(left_out.items())[:_MOST_NAMED]]
    more = f" and {len(left_out) - len(named)} more" if len(left_out) > len(named) else ""
    click.echo(f"Left out of {str(folder)!r}: {', '.join(named)}{more}.", err=True)


def _told_apart(made: dict[Path, Document]) -> list[Document]:
    """Add to each title that two files of a folder have which file it is."""
    several = _repeated(document["title"] for document in made.values())
    return [
        {**document, "title": f"{document['title']} ({path.as_posix()})"} if document["title"] in several else document
        for path, document in made.items()
    ]


def _repeated(titles: Iterable[str]) -> set[str]:
    return {title for title, count in Counter(titles).items() if count > 1}


def _readable(stem: str) -> str:
    words = re.sub(r"[_\-\s]+", " ", stem).strip() or stem
    return words[:1].upper() + words[1:]

"""Answers of models, kept while one develops: the same question costs nothing the second time.

Off unless FANLOOM_CACHE is set. The key is the model, its options, the whole prompt and the schema of the answer, and
how many times a run has asked so: votes on one question stay different.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel, ValidationError

from fanloom.loops.background import in_thread
from fanloom.models.options import ModelOptions
from fanloom.private_files import FOLDER, make_private
from fanloom.runs.current_run import Run
from fanloom.settings import in_home, settings

FILE = f"{FOLDER}/answers.db"
_WAIT_S = 10
_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, message TEXT NOT NULL)"


def cache_key(
    run: Run, model: str, options: ModelOptions, messages: Sequence[BaseMessage], output: type[Any]
) -> str | None:
    """Return the key of a question that a run asks a model, or None where answers are not kept."""
    counts = run.top.keep(Counter, lambda _: Counter[str]() if settings().cache else None)
    if counts is None:
        return None
    asked = [model, options.given(), list(map(_told, messages)), _schema(output)]
    question = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    counts[question] += 1
    return f"{question}-{counts[question]}"


async def kept_answer(key: str) -> AIMessage | None:
    """Return the answer that is kept under a key, if there is one that can be read."""
    found = await in_thread(lambda: _rows("SELECT message FROM answers WHERE key = ?", key))
    try:
        return AIMessage.model_validate_json(found[0][0]) if found else None
    except ValidationError:
        return None


async def keep_answer(key: str, message: AIMessage) -> None:
    """Keep a good answer."""
    told = json.dumps(message.model_dump(mode="json"))
    await in_thread(lambda: _rows("INSERT OR REPLACE INTO answers VALUES (?, ?)", key, told))


def _rows(statement: str, *values: str) -> list[Any]:
    file = Path(in_home(FILE))
    make_private(file)
    with closing(sqlite3.connect(file, timeout=_WAIT_S)) as connection, connection:
        connection.execute(_TABLE)
        return connection.execute(statement, values).fetchall()


def _told(message: BaseMessage) -> Any:
    return [message.type, message.content]


def _schema(output: type[Any]) -> Any:
    return output.model_json_schema() if issubclass(output, BaseModel) else output.__name__

"""LangSmith's ingest formats: a batch of runs as JSON, or as one part a field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

Change = tuple[str, dict[str, Any]]
"""The id of a run, and those of its fields that are told."""


def batch(body: bytes) -> Iterator[Change]:
    """Read the body of POST /runs/batch."""
    told = json.loads(body)
    for run in (told.get("post") or []) + (told.get("patch") or []):
        yield run["id"], run


def multipart(body: bytes, content_type: str) -> Iterator[Change]:
    """Read the body of POST /runs/multipart: `post.<id>`, `patch.<id>` and `post.<id>.<field>` are its parts."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    for part in message.iter_parts():
        what, run, *name = str(part.get_param("name", header="content-disposition")).split(".", 2)
        if what in ("post", "patch"):
            value = json.loads(part.get_payload(decode=True))
            yield run, {name[0]: value} if name else value


def merge(known: dict[str, Any], told: dict[str, Any]) -> None:
    """Add what is told of a run to what is known of it; nothing that is known is told away."""
    for name, value in told.items():
        if isinstance(value, dict) and isinstance(known.get(name), dict):
            known[name] = {**known[name], **value}
        elif value is not None:
            known[name] = value

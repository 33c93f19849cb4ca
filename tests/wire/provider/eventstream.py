"""The binary framing of AWS event streams."""

import json
from binascii import crc32
from struct import pack
from typing import Any

_STRING = 7


def event(name: str, payload: dict[str, Any]) -> bytes:
    """Frame one event."""
    return message({":message-type": "event", ":event-type": name}, payload)


def exception(name: str, payload: dict[str, Any]) -> bytes:
    """Frame one exception."""
    return message({":message-type": "exception", ":exception-type": name}, payload)


def message(headers: dict[str, str], payload: dict[str, Any]) -> bytes:
    """Frame a JSON payload: lengths, their checksum, headers, payload, checksum of all before."""
    head = b"".join(_header(*item) for item in {**headers, ":content-type": "application/json"}.items())
    body = json.dumps(payload).encode()
    prelude = pack("!II", 16 + len(head) + len(body), len(head))
    framed = prelude + pack("!I", crc32(prelude)) + head + body
    return framed + pack("!I", crc32(framed))


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return pack("!B", len(name)) + name.encode() + pack("!BH", _STRING, len(text)) + text

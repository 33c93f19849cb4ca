"""Ports for servers that need some seconds to take theirs."""

from __future__ import annotations

import os
import socket
from itertools import count

# Below those that systems give out by themselves (RFC 6335: from 49152; Linux: from 32768), which another test could be
# given in those seconds.
_FIRST, _END = 20000, 32000
_numbers = count(os.getpid() * 61)


def free_port() -> int:
    """Return a port of this machine that nobody has now, another one each time."""
    for number in _numbers:
        port = _FIRST + number % (_END - _FIRST)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("there is always another number")

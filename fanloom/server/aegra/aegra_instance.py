"""One process of Aegra on a socket that it shares."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

# A stream that somebody reads does not hold the end up.
_GRACE_S = 5


def serve_at(listener: socket.socket, says: Connection) -> None:
    """Serve until a signal asks to stop, and say when it begins to. Leaves the process with 3 where it cannot begin."""
    import uvicorn

    class ToldServer(uvicorn.Server):
        """A server that says when it is ready."""

        async def startup(self, sockets: list[Any] | None = None) -> None:
            """Begin to serve."""
            await super().startup(sockets)
            if self.started:
                says.send(True)

    Thread(target=_end_with_parent, daemon=True).start()
    # Its logs are Aegra's to write.
    config = uvicorn.Config(
        "aegra_api.main:app", log_config=None, access_log=False, timeout_graceful_shutdown=_GRACE_S, server_header=False
    )
    server = ToldServer(config)
    with suppress(KeyboardInterrupt):
        server.run([listener])
    if not server.started:
        sys.exit(3)


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

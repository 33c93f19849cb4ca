"""What an instance of Aegra imports before it can serve, for the process that instances are forked from.

No module of a project is among it: it may start threads, of which a forked process would have none.
"""

import uvicorn.lifespan.on
import uvicorn.loops.auto
import uvicorn.protocols.http.auto
import uvicorn.protocols.websockets.auto
from aegra_api.api import assistants, crons, event_streaming, runs, stateless_runs, store, threads
from aegra_api.core import health, migrations

import fanloom.graph.state_graph
import fanloom.server.app
import fanloom.steps.step

__all__ = [
    "assistants",
    "crons",
    "event_streaming",
    "fanloom",
    "health",
    "migrations",
    "runs",
    "stateless_runs",
    "store",
    "threads",
    "uvicorn",
]

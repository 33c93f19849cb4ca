"""What an instance of Aegra imports before it can serve, for the process that instances are forked from.

Not among it are modules of a project, which may start threads that a forked process would not have, nor Aegra's
executor: it takes the name of the process that imports it, and two instances of one name would hold the same runs.
"""

import uvicorn.lifespan.on
import uvicorn.loops.auto
import uvicorn.protocols.http.auto
import uvicorn.protocols.websockets.auto
from aegra_api.core import health, migrations, redis_manager
from aegra_api.observability import metrics, setup
from aegra_api.services import assistant_service, graph_streaming, langgraph_service

import fanloom.graph.state_graph
import fanloom.server.app
import fanloom.steps.step

__all__ = [
    "assistant_service",
    "fanloom",
    "graph_streaming",
    "health",
    "langgraph_service",
    "metrics",
    "migrations",
    "redis_manager",
    "setup",
    "uvicorn",
]

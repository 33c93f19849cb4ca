"""Programs of processes of their own that are traced: how tracing ends with a process shows only there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.wire.provider import environment, foreign

ROOT = Path(__file__).parents[3]
PERSONAL = "INV-7890 C-1001 CASE-20481234 jane.doe@example.com +49 30 1234567 4111 1111 1111 1111"

# langchain-core drops a coroutine on each 5xx of Gemini's; where Python says so in the middle of an import, the import
# can fail on 3.11 (KeyError in importlib's module lock).
_KNOWN_WARNING = "ignore:coroutine 'ClientResponse.json' was never awaited:RuntimeWarning"

_START = """
import asyncio, importlib, json, sys, time
from tests.wire.langsmith.examples import INPUTS, context

def run(name, given, model, asynchronous, **options):
    graph = importlib.import_module(f"graphs.{name}").graph
    chosen = {**context(name, model), **options}
    if asynchronous:
        return asyncio.run(graph.ainvoke(given, context=chosen))
    return graph.invoke(given, context=chosen)
"""

ALL_GRAPHS = """
for name, given in INPUTS.items():
    for asynchronous in (False, True):
        for model in sys.argv[1:]:
            run(name, given, model, asynchronous)
"""

ONE_RUN = """
result = run("support_router", INPUTS["support_router"], "offline", False)
print(json.dumps([result["intent"], time.time()]))
"""

STUMBLING = """
for model in sys.argv[1:]:
    run("support_router", INPUTS["support_router"], model, False, max_attempts=3)
    run("support_router", INPUTS["support_router"], model, True, max_attempts=1, fallback_model="offline")
run("faq_parallel", {**INPUTS["faq_parallel"], "n_questions": 3}, "offline", True, max_tasks=1)
run("support_desk", {"query": "Where is my order?"}, "offline", False)
"""

TALKATIVE = """
from typing_extensions import TypedDict
from fanloom import Context, StateGraph

class State(TypedDict, total=False):
    query: str
    answer: str

async def look(state: State):
    if "raise" in state["query"]:
        raise LookupError(f"nothing found for {state['query']}")
    return {"answer": state["query"]}

inner = StateGraph(State, context_schema=Context)
inner.add_node("look", look)
inner.add_edge("__start__", "look")
outer = StateGraph(State, context_schema=Context)
outer.add_node("search", inner.compile(name="inner"))
outer.add_edge("__start__", "search")
graph = outer.compile(name="outer")
said = sys.argv[1]
for text in (said, f"raise {said}"):
    try:
        graph.invoke({"query": text}, {"metadata": {"asked_by": said}, "configurable": {"thread_id": said}})
    except LookupError:
        pass
for model in sys.argv[2:]:
    run("support_router", {"query": said}, model, False)
    try:
        run("support_desk", {"query": said}, model, True, customer_id="C-1001")
    except Exception as error:
        print(type(error))
"""

TRACED_AROUND = """
from langsmith import traceable
if "first" in sys.argv:
    from fanloom import start_tracing
    start_tracing()

@traceable
def around(text):
    return run("support_router", {"query": text}, "offline", False)

around(sys.argv[1])
"""


def start(program: str, variables: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start a program with some variables; of this process' own it sees nothing that leads a client anywhere."""
    return launch([sys.executable, "-c", _START + program, *arguments], variables)


def launch(command: list[str], variables: Mapping[str, str], *, merged: bool = False) -> subprocess.Popen[str]:
    """Start a command in the project's folder; `merged` writes its errors where its output goes."""
    mine = ("FANLOOM", "COV_", "COVERAGE", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if name not in foreign() and not name.startswith(mine)}
    # Of the provider's variables, those that keep AWS' client on this machine.
    local = {name: value for name, value in environment("").items() if not name.startswith("LANGSMITH")}
    local = {name: value for name, value in local.items() if value and "KEY" not in name}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**kept, **local, "PYTHONWARNINGS": _KNOWN_WARNING, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], within: float = 60) -> tuple[int, str, str]:
    """Wait for a process; return its exit code and what it said. It is killed after `within` seconds."""
    try:
        out, error = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, error

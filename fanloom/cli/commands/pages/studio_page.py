"""`fanloom studio`: the pages over the logs, the graphs and the threads of this project, or over files alone."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from fanloom.cli.here.local_host import LocalHost
from fanloom.errors import MissingPackage, UserError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from fanloom.runlog.run_store import RunStore
    from fanloom.studio.kept_evaluations import KeptEvaluations

_HOST = "127.0.0.1"


@click.command("studio")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65_535), default=2026, show_default=True, help="The port to listen at.")
@click.pass_context
def studio(ctx: click.Context, files: tuple[Path, ...], port: int) -> None:
    """Show the logged runs and the evaluations of this project in the browser, or those in files.

    Files are .fanrun files, reports, and what `fanloom eval` writes with --json, --page and --out.

    It listens on this machine only. Where it finds the project's graphs, questions of the threads that `fanloom run`
    keeps can be answered there, and runs begun and forked; the threads of a server are answered on its own pages, at
    /studio.
    """
    try:
        import fastapi  # noqa: F401 - the page is made with it
        import uvicorn
    except ModuleNotFoundError:
        raise MissingPackage('the page needs a server; run: pip install "fanloom[server]"') from None
    from fanloom.server.app import app

    host = LocalHost(ctx)
    if not files:
        # First: the project's variables may say where its logs are.
        _let_act(app, host)
    with _shown(files) as (store, evaluations):
        app.state.logs, app.state.evaluations = store, evaluations
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        # Whoever reads its address may ask at once.
        with _listening(port) as listening, suppress(KeyboardInterrupt):
            address = f"{_HOST}:{listening.getsockname()[1]}"
            _close_to_other_sites(listening.getsockname()[1])
            click.echo(f"The studio is at http://{address}/studio; Ctrl-C ends it.", err=True)
            sys.stderr.flush()
            # Where the threads are open, whose connections belong to one loop.
            host.session.run(server.serve(sockets=[listening]))


def _close_to_other_sites(port: int) -> None:
    """Let no page but our own ask, as `http.cors` of langgraph.json says it to a server."""
    origins = [f"http://{name}:{port}" for name in (_HOST, "localhost")]
    os.environ["LANGGRAPH_HTTP"] = json.dumps({"cors": {"allow_origins": origins}})


def _let_act(app: FastAPI, host: LocalHost) -> None:
    """Let the pages begin, answer and fork runs of the project's graphs, where there are some.

    Not where keys are asked for: the threads of `fanloom run` are nobody's of those who have one.
    """
    from fanloom.cli.exits import RunFailed
    from fanloom.cli.here.thread_routes import ThreadRoutes
    from fanloom.server.keys import api_keys

    try:
        if api_keys():
            return
        threads = host.threads
        graphs = {name: host.open(name) for name in host.project.graphs}
    except (UserError, RunFailed) as error:
        click.echo(f"No run can be begun, answered or forked on these pages: {error}", err=True)
    else:
        ThreadRoutes(graphs, threads.graph_of).add_to(app)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"port {port} cannot be had: {why}. Choose another one with --port.") from None


@contextmanager
def _shown(files: tuple[Path, ...]) -> Iterator[tuple[RunStore, KeptEvaluations]]:
    """Give the logs and evaluations of this project, or those of files."""
    from fanloom.runlog.run_store import RunStore
    from fanloom.studio.kept_evaluations import KeptEvaluations, kept_evaluations
    from fanloom.studio.kept_logs import open_store
    from fanloom.studio.report_file import holds_evaluation, read_evaluation

    if not files:
        yield open_store(), kept_evaluations()
        return
    with TemporaryDirectory(prefix="fanloom-studio-") as folder:
        store, evaluations = RunStore(f"sqlite:///{folder}/runs.db"), KeptEvaluations(Path(folder) / "evals")
        for number, file in enumerate(files):
            if holds_evaluation(file):
                evaluations.keep(read_evaluation(file))
            else:
                _take(store, file, number)
        yield store, evaluations
        store.close()


def _take(store: RunStore, file: Path, number: int) -> None:
    from fanloom.runlog.contents import packed
    from fanloom.runlog.log_writer import Batch
    from fanloom.studio.kept_logs import find_run

    run = find_run(str(file), store)
    # Two files may hold the same run.
    name = f"{number + 1}-{str(run.events[0].get('run', file.stem))[:40]}" if run.events else file.stem
    events = [{**event, "run": name} if event["type"] == "run.started" else event for event in run.events]
    lines = "".join(f"{json.dumps(event)}\n" for event in events).encode()
    bodies = {key: packed(text) for key, text in run.contents.items()}
    store.write([Batch(name, 1, max((int(each["seq"]) for each in events), default=1), lines, events, bodies)])

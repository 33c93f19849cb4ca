"""`fanloom studio`: the pages over the logs of this project, or over files, with no graph and no model behind them."""

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

from fanloom.errors import MissingPackage, UserError

if TYPE_CHECKING:
    from fanloom.runlog.run_store import RunStore
    from fanloom.studio.kept_evaluations import KeptEvaluations

_HOST = "127.0.0.1"


@click.command("studio")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65_535), default=2026, show_default=True, help="The port to listen at.")
def studio(files: tuple[Path, ...], port: int) -> None:
    """Show the logged runs and the evaluations of this project in the browser, or those in files.

    Files are .fanrun files, reports, and what `fanloom eval` writes with --json, --page and --out.

    It listens on this machine only, and shows what is logged. The pages of a server that runs graphs too, where
    questions can be answered and runs begun, are those of `fanloom dev`, at /studio.
    """
    try:
        import fastapi  # noqa: F401 - the page is made with it
        import uvicorn
    except ModuleNotFoundError:
        raise MissingPackage('the page needs a server; run: pip install "fanloom[server]"') from None
    from fanloom.server.app import app

    with _shown(files) as (store, evaluations):
        app.state.logs, app.state.evaluations = store, evaluations
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        with _listening(port) as listening, suppress(KeyboardInterrupt):
            click.echo(
                f"The studio is at http://{_HOST}:{listening.getsockname()[1]}/studio; Ctrl-C ends it.", err=True
            )
            sys.stderr.flush()
            server.run(sockets=[listening])


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

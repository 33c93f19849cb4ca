"""`fanloom runs replay`: a test case run again on its recorded answers, with no key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fanloom.cli.exits import RunFailed

if TYPE_CHECKING:
    from fanloom.cli.here.local_host import LocalHost
    from fanloom.runlog.fanrun import LoggedRun


@click.command("replay")
@click.argument("test", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--graph", metavar="GRAPH", help="The graph to run.  [default: the one that was recorded]")
@click.pass_context
def replay(ctx: click.Context, test: Path, graph: str | None) -> None:
    """Run a test case of `fanloom runs export --as-test` again, and say what is not as it was.

    Its model gives the recorded answers, so no key is needed; what the graph does besides, as in a database, it does
    again. Exit code 1 means that a prompt or the end of a task is another one.
    """
    from fanloom.cli.here.local_host import LocalHost
    from fanloom.evaluation.recorded_case import differences, read_test

    case = read_test(test)
    found = differences(case, _replayed(LocalHost(ctx), graph or str(case["graph"]), case, test))
    if found:
        raise RunFailed("it is not as it was recorded:\n" + "\n".join(f"- {line}" for line in found))
    click.echo(f"as it was recorded; outcomes: {len(case['expected']['outcomes'])}", err=True)


def _replayed(host: LocalHost, name: str, case: Mapping[str, Any], test: Path) -> LoggedRun:
    from fanloom.cli.here.log_file import logs_for_once, newest_run
    from fanloom.cli.here.replaying import replay_once

    with logs_for_once() as logs:
        context = {**case["context"], "model": f"replay:{test}"}
        replay_once(host.session, host.open(name).graph, case, context, logs)
        return newest_run(logs)

"""`fanloom report`: a run as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.studio.hiding import HiddenPart


@click.command("report")
@click.argument("run", metavar="THREAD|RUN|FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("run.html"),
    show_default=True,
    help="Write to this file.",
)
@click.option(
    "--redact",
    type=click.Choice(["pii", "inputs", "outputs", "all"]),
    help="Leave out personal data, inputs, outputs, or all of them, beyond what the log leaves out.",
)
def report(run: str, output: Path, redact: HiddenPart | None) -> None:
    """Write a run as one HTML file: the newest of a thread, one of an id, or that of a .fanrun file or a report.

    The file opens with no network and no server, and holds the whole run: whoever has it can read the prompts and the
    answers in it, but for what --redact leaves out.
    """
    from fanloom.studio.hiding import without
    from fanloom.studio.kept_logs import find_run, open_store
    from fanloom.studio.report_file import report_page

    found = find_run(run, open_store())
    page = report_page(without(found, redact) if redact else found)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{str(output)!r} cannot be written: {error.strerror}.") from None
    click.echo(f"Written to {output}; open it in a browser.", err=True)

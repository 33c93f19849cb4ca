"""The options of a job whose calls go to a provider's batch mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from fanloom.errors import UserError

if TYPE_CHECKING:
    from fanloom.batch.provider_jobs.wave_options import WaveOptions

_GIVEN = ("max_waves", "wait_hours", "online", "s3", "role", "count_waves")


def takes_wave_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of waves; None stands for one that is not given."""
    options = [
        click.option("--max-waves", type=click.IntRange(1, 1000), help="Waves of provider jobs.  [default: 8]"),
        click.option("--wait-hours", type=click.FloatRange(0), help="Wait so long for them, then stop.  [default: 24]"),
        click.option(
            "--online/--no-online",
            default=None,
            help="Ask at once, at full price, what a provider's job has not answered or is too small for.",
        ),
        click.option("--s3", metavar="s3://BUCKET/PREFIX", help="Where Bedrock's batch mode reads and writes."),
        click.option("--role-arn", "role", metavar="ARN", help="The role by which it may."),
        click.option(
            "--count-waves/--no-count-waves",
            "count_waves",
            default=None,
            help="Run one item with the offline model first, to see how many waves it takes.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def check_no_waves(given: Mapping[str, Any]) -> None:
    """Raise UserError for an option of waves where there are none."""
    if wrong := [name for name in _GIVEN if given.get(name) is not None]:
        name = "role-arn" if wrong[0] == "role" else wrong[0].replace("_", "-")
        raise UserError(f"--{name} is an option of --provider-batch; give that too")


def wave_options(given: Mapping[str, Any], known: WaveOptions | None = None) -> WaveOptions:
    """Return the options of waves: as given, else as the job has known them, else those of the settings."""
    from dataclasses import replace

    from fanloom.batch.provider_jobs.wave_options import WaveOptions
    from fanloom.settings import settings

    now = settings()
    before = known or WaveOptions(s3=now.batch_s3, role=now.batch_role)
    return replace(before, **{name: given[name] for name in _GIVEN if given.get(name) is not None})

"""What the settings of the job's own process mean for its workers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fanloom.settings import PREFIX, settings

_PASSED_ON = ("model", "fallback_model", "rpm", "tpm", "trace_redact", "run_log", "run_log_keep", "cache")
"""What is said where the job is begun holds in workers on other machines too; what may hold a secret is not sent."""


def most_workers(cpus: int, concurrency: int) -> int:
    """Return how many workers there may be: one a CPU, and none that could run no item or send no request."""
    now = settings()
    sent = now.max_concurrency if "max_concurrency" in now.model_fields_set else concurrency
    return max(1, min(cpus, concurrency, sent))


def variables_of(number: int, count: int) -> Mapping[str, str]:
    """Return the variables of one of so many workers, whose numbers begin at 0.

    Requests and tokens a minute they share as they need them, so each has the whole; requests in flight are divided.
    """
    now = settings()
    named = {name: PREFIX + name.upper() for name in _PASSED_ON}
    told = {variable: value for variable in named.values() if (value := os.environ.get(variable))}
    told[f"{PREFIX}LIMITS_SHARE"] = str((now.limits_share or 1) / count)
    if "max_concurrency" in now.model_fields_set:
        width = now.max_concurrency // count + (number < now.max_concurrency % count)
        told[f"{PREFIX}MAX_CONCURRENCY"] = str(max(1, width))
    return told

"""A wave: what items have asked, in one job a model, sent once, waited for, and read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from typing import TypeVar

from fanloom.batch.provider_jobs.batch_service import BatchService, BatchServices
from fanloom.batch.provider_jobs.wave_ledger import ProviderJob, WaveLedger
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.errors import RunError, UserError
from fanloom.gateway.failures.classification import classify
from fanloom.loops.background import in_thread
from fanloom.models.deferred.call_wire import WireAnswer
from fanloom.redaction import redact

T = TypeVar("T")

_FIRST_POLL_S, _LONGEST_POLL_S = 5.0, 300.0
_LOOK_S, _MOST_TRIES = 0.5, 6


class WaveSending:
    """Sends waves and reads them. `stopped` says that nobody wants to wait any longer; a signal can set it."""

    def __init__(self, ledger: WaveLedger, services: BatchServices, options: WaveOptions) -> None:
        self._ledger, self._services, self._options, self.stopped = ledger, services, options, False
        self._deadline = time.monotonic() + 3600 * options.wait_hours

    def seal(self) -> bool:
        """Write down the jobs of the next wave, and say whether there is one. Raises UserError for one too small."""
        number = self._ledger.waves() + 1
        parts: list[tuple[str, str, int, str]] = []
        for model, called, calls, size in self._ledger.unsent():
            service = self._services.of(model)
            if calls >= service.least:
                parts += self._parts(service, model, called, calls, size, number, len(parts))
            elif self._options.online:
                self._ledger.to_online(model, called)
            else:
                raise UserError(
                    f"a job of {model} takes at least {service.least} calls, and wave {number} has {calls}; give "
                    "--online to send so few at once, at full price"
                )
        self._ledger.plan(number, parts)
        return bool(parts)

    def _parts(
        self, service: BatchService, model: str, called: str, calls: int, size: int, wave: int, before: int
    ) -> list[tuple[str, str, int, str]]:
        """Divide the calls of a model into as few jobs of about the same size as its provider takes."""
        jobs = max(-(-calls // service.most), -(-size // service.most_bytes))
        counts = [calls // jobs + (place < calls % jobs) for place in range(jobs)]
        return [
            (model, called, each, f"fanloom-{self._ledger.id}-w{wave}-{before + place + 1}")
            for place, each in enumerate(counts)
        ]

    async def answered(self) -> str:
        """Send what was written down and wait for all of it; return why that was given up, or an empty text.

        Raises RunError or UserError where a provider refuses a job.
        """
        for job in self._ledger.open_jobs():
            await self._send(job)
        for attempt in count(1):
            for job in self._ledger.open_jobs():
                await self._read_if_ended(job)
            if not (jobs := self._ledger.open_jobs()):
                break
            if why := self._given_up(jobs):
                return why
            await self._pause(attempt)
        return ""

    def _given_up(self, jobs: list[ProviderJob]) -> str:
        if self.stopped:
            return "stopped"
        if time.monotonic() >= self._deadline:
            return f"it waits for provider job {', '.join(job.name for job in jobs)}"
        return ""

    async def _pause(self, attempt: int) -> None:
        until = min(time.monotonic() + poll_s(attempt), self._deadline)
        # No event: what sets it is a signal, in whatever thread.
        while not self.stopped and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _LOOK_S))

    async def _send(self, job: ProviderJob) -> None:
        if job.state != "planned":
            return
        service = self._services.of(job.model)

        def found_or_made() -> str:
            # A process that was killed, or a request whose answer was lost, may have made it.
            requests = self._ledger.requests(job.name)
            return service.find(job.name) or service.create(job.name, job.called, requests)

        self._ledger.sent(job.name, await self._asked(job, found_or_made))

    async def _read_if_ended(self, job: ProviderJob) -> None:
        service, known = self._services.of(job.model), str(job.provider_id)
        word, has_ended = await self._asked(job, lambda: service.standing(known))
        self._ledger.note(job.name, word)
        if has_ended:
            missing = service.unanswered(f"the provider's job {job.name} has {word} without an answer to this")
            await self._asked(job, lambda: self._read(service, job, missing))

    def _read(self, service: BatchService, job: ProviderJob, missing: WireAnswer) -> None:
        with closing(service.answers(job.name, str(job.provider_id))) as answers:
            self._ledger.read(job, answers, missing)

    async def _asked(self, job: ProviderJob, ask: Callable[[], T]) -> T:
        """Ask a provider, again where that may help. Raises RunError, saying of which job."""
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                return await in_thread(ask)
            except Exception as error:
                # Whatever the client raises: the provider's or the network's, or a defect, which goes on as it is.
                known = classify(error, job.model)
                if known is None:
                    raise
                if not (known.retryable and attempt < _MOST_TRIES):
                    raise _refused(job, error, known) from error
            await self._pause(attempt)
        raise AssertionError("the last try returns or raises")


def _refused(job: ProviderJob, error: Exception, known: RunError) -> RunError:
    # Not the words of a model call: it may be the bucket, the role or the job that is refused.
    said = redact(f"provider job {job.name} of {job.model}: {type(error).__name__}: {error}")
    return RunError(f"{said}. When it is mended, go on with `fanloom batch resume`", kind=known.kind, retryable=True)


def poll_s(attempt: int) -> float:
    """Return how long to wait before a provider is asked once more, in seconds."""
    return float(min(_LONGEST_POLL_S, _FIRST_POLL_S * 2 ** min(attempt - 1, 10)))

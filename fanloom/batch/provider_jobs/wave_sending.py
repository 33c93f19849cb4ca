"""A wave: what items have asked, in one job a model, sent once, waited for, and read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from fanloom.batch.provider_jobs.batch_service import BatchService, service_of
from fanloom.batch.provider_jobs.wave_ledger import ProviderJob, WaveLedger
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.errors import RunError, UserError
from fanloom.gateway.failures.classification import classify
from fanloom.loops.background import in_thread

T = TypeVar("T")

_FIRST_POLL_S, _LONGEST_POLL_S = 5.0, 300.0
_MOST_TRIES = 6


class WaveSending:
    """Sends waves and reads them. `stopped` says that nobody wants to wait any longer."""

    def __init__(self, ledger: WaveLedger, options: WaveOptions, stopped: asyncio.Event) -> None:
        self._ledger, self._options, self._stopped = ledger, options, stopped
        self._services: dict[str, BatchService] = {}
        self._deadline = time.monotonic() + 3600 * options.wait_hours

    def service(self, model: str) -> BatchService:
        """Return the batch mode of a model. Raises UserError where something that it needs is not given."""
        provider = model.partition(":")[0]
        if provider not in self._services:
            self._services[provider] = service_of(model, self._options)
        return self._services[provider]

    def seal(self) -> bool:
        """Write down the jobs of the next wave, and say whether there is one. Raises UserError for one too small."""
        number = self._ledger.waves() + 1
        parts: list[tuple[str, str, int, str]] = []
        for model, called, count, size in self._ledger.unsent():
            service = self.service(model)
            if count >= service.least:
                parts += self._parts(service, model, called, count, size, number, len(parts))
            elif self._options.online:
                self._ledger.to_online(model, called)
            else:
                raise UserError(
                    f"a job of {model} takes at least {service.least} calls, and wave {number} has {count}; give "
                    "--online to send so few at once, at full price"
                )
        self._ledger.plan(number, parts)
        return bool(parts)

    def _parts(
        self, service: BatchService, model: str, called: str, count: int, size: int, wave: int, before: int
    ) -> list[tuple[str, str, int, str]]:
        """Divide the calls of a model into as few jobs of about the same size as its provider takes."""
        jobs = max(-(-count // service.most), -(-size // service.most_bytes))
        counts = [count // jobs + (place < count % jobs) for place in range(jobs)]
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
        attempt = 1
        while jobs := self._ledger.open_jobs():
            if why := self._given_up(jobs):
                return why
            for job in jobs:
                await self._read_if_ended(job)
            if self._ledger.open_jobs():
                await self._pause(attempt)
                attempt += 1
        return ""

    def _given_up(self, jobs: list[ProviderJob]) -> str:
        if self._stopped.is_set():
            return "stopped"
        if time.monotonic() >= self._deadline:
            return f"it waits for provider job {', '.join(job.name for job in jobs)}"
        return ""

    async def _pause(self, attempt: int) -> None:
        longest = max(0.0, self._deadline - time.monotonic())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), min(poll_s(attempt), longest))

    async def _send(self, job: ProviderJob) -> None:
        if job.state != "planned":
            return
        service = self.service(job.model)

        def found_or_made() -> str:
            # A process that was killed, or a request whose answer was lost, may have made it.
            requests = self._ledger.requests(job.name)
            return service.find(job.name) or service.create(job.name, job.called, requests)

        self._ledger.sent(job.name, await self._asked(job, found_or_made))

    async def _read_if_ended(self, job: ProviderJob) -> None:
        service, known = self.service(job.model), str(job.provider_id)
        word, has_ended = await self._asked(job, lambda: service.standing(known))
        self._ledger.note(job.name, word)
        if has_ended:
            missing = service.unanswered(f"the provider's job {job.name} has {word} without an answer to this")
            await self._asked(job, lambda: self._ledger.read(job, service.answers(job.name, known), missing))

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
                    raise RunError(f"provider job {job.name}: {known}", kind=known.kind, retryable=True) from error
            await self._pause(attempt)
        raise AssertionError("the last try returns or raises")


def poll_s(attempt: int) -> float:
    """Return how long to wait before a provider is asked once more, in seconds."""
    return float(min(_LONGEST_POLL_S, _FIRST_POLL_S * 2 ** min(attempt - 1, 10)))

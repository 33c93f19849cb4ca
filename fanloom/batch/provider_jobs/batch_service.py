"""What a provider's batch mode is to Fanloom: a job of many calls, found by its name, asked how it stands, and read."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

from fanloom.batch.provider_jobs.bedrock_jobs import BedrockJobs
from fanloom.batch.provider_jobs.gemini_jobs import GeminiJobs
from fanloom.batch.provider_jobs.wave_options import WaveOptions
from fanloom.models import names
from fanloom.models.deferred.call_wire import WireAnswer


class BatchService(Protocol):
    """A provider's batch mode; its methods wait for the network and raise what its client raises."""

    least: int
    """The fewest calls that a job may have."""
    most: int
    """The most."""
    most_bytes: int
    """How large their requests may be in all."""

    def find(self, name: str) -> str | None:
        """Return the provider's own name of the job with our name, if there is one."""

    def create(self, name: str, model: str, requests: Iterable[tuple[str, bytes]]) -> str:
        """Make a job of requests, each with its key, and return the provider's own name of it."""

    def standing(self, provider_id: str) -> tuple[str, bool]:
        """Say how a job stands, and whether it has ended."""

    def answers(self, name: str, provider_id: str) -> Generator[tuple[str, WireAnswer], None, None]:
        """Yield the answers of a job that has ended, as far as there are any."""

    def close(self) -> None:
        """Close the connections."""

    def unanswered(self, said: str) -> WireAnswer:
        """Return what stands for an answer that a job does not have: an error of the provider's that passes."""


class BatchServices:
    """The batch modes of providers, each made when it is first asked for."""

    def __init__(self, options: WaveOptions) -> None:
        self._options = options
        self._made: dict[str, BatchService] = {}

    def of(self, model: str) -> BatchService:
        """Return the batch mode of a model. Raises UserError, naming what it needs that is not given."""
        provider = names.parse(model).provider
        if provider not in self._made:
            self._made[provider] = self._make(provider)
        return self._made[provider]

    def _make(self, provider: str) -> BatchService:
        return GeminiJobs() if provider == "google_genai" else BedrockJobs(self._options.s3, self._options.role)

    def close(self) -> None:
        """Close the connections of all."""
        for each in self._made.values():
            each.close()
        self._made.clear()

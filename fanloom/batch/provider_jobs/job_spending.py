"""What a job may spend on calls that are answered days later: counted when they are asked, by what they may use."""

from __future__ import annotations

from collections.abc import Mapping

from fanloom.batch.provider_jobs.wave_ledger import WaveLedger
from fanloom.gateway.bounds.budget import FIRST_GUESS_TOKENS, Amount
from fanloom.runs.prices import cost_usd
from fanloom.runs.usage import ModelUsage

# Providers charge half for what their batch modes answer: https://ai.google.dev/gemini-api/docs/batch-api and
# https://aws.amazon.com/bedrock/pricing/.
PRICE_SHARE = 0.5
_BYTES_A_TOKEN = 4


class JobSpending:
    """The limits of a whole job, against what its ledger says is spent and asked for."""

    def __init__(self, limits: Mapping[str, float], ledger: WaveLedger) -> None:
        self._limits, self._ledger = limits, ledger
        self._longest_answer = 0

    def expected(self, model: str, size: int, share: float) -> Amount:
        """Return what a request of so many bytes may use, at a share of the listed price.

        Its answer is taken to be as long as the longest so far.
        """
        tokens, answer = size // _BYTES_A_TOKEN, self._longest_answer or FIRST_GUESS_TOKENS
        return Amount(1, tokens + answer, share * (cost_usd(model, tokens, answer) or 0.0))

    def saw(self, used: ModelUsage) -> None:
        """Learn from an answer."""
        self._longest_answer = max(self._longest_answer, used["output_tokens"])

    def lacks(self, wanted: Amount) -> str:
        """Return the limit that a call would exceed, as in `max_model_calls=10`; empty where there is room."""
        then = self._ledger.spent.plus(wanted)
        over = (name for name, most in self._limits.items() if getattr(then, name) > most)
        return next((f"{name}={self._limits[name]:g}" for name in over), "")

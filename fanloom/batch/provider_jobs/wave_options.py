"""How a job uses a provider's batch mode."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_WAVES = 8


@dataclass(frozen=True)
class WaveOptions:
    """How many waves a job may take, how long a process waits for them, and what is sent online, at full price.

    `online`: what a provider's job has not answered, and a wave that is too small for one. `s3` and `role` are where
    Bedrock reads and writes, as `s3://BUCKET/PREFIX`, and the ARN of the role by which it may. `count_waves`: how
    many waves one item takes is counted before anything is sent.
    """

    max_waves: int = DEFAULT_WAVES
    wait_hours: float = 24.0
    online: bool = False
    s3: str | None = None
    role: str | None = None
    count_waves: bool = True

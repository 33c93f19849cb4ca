"""Latencies with a tail, the same for the provider that has them and for the benchmark that knows them."""

from __future__ import annotations

import math
import random

MEDIAN_S, SIGMA, CAP_S = 0.2, 0.8, 3.0


def latency_s(seed: str, question: str, number: int) -> float:
    """Return how long the answer to a question takes, asked for the so-manieth time, from 0."""
    drawn = random.Random(f"{seed}/{question}/{number}").gauss(0, SIGMA)
    return min(CAP_S, MEDIAN_S * math.exp(drawn))

"""Gemini and Bedrock on loopback in a process of their own, so that their CPU time is not counted with the client's."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from benchmarks.tail_latency import latency_s
from tests.faq_writer import Writer, question_in
from tests.wire.provider import Answer, FakeProvider, Reply, Request, environment, foreign, status

GEMINI = "google_genai:gemini-2.5-flash"
BEDROCK = "bedrock_converse:us.amazon.nova-pro-v1:0"
MODELS = {"gemini": GEMINI, "bedrock": BEDROCK}

_COMMAND = [sys.executable, "-m", "benchmarks.provider"]
_ROOT = Path(__file__).parents[1]


@contextmanager
def surroundings(**variables: str) -> Iterator[None]:
    """Set environment variables, and take those away that lead to the real providers or to LangSmith, for a while."""
    before = dict(os.environ)
    for name in foreign():
        del os.environ[name]
    os.environ.update({"LANGSMITH_TRACING": "false", **variables})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Provider:
    """A fake provider in a child process; it answers at once until `after` sets a latency."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until the child serves."""
        self._process = process
        self.url: str = self._heard()["url"]

    def after(self, latency: float, **more: Any) -> dict[str, int]:
        """Answer after so many seconds from now on; return `requests` and `peak` (in flight) since the last time.

        `tail` is the seed of latencies with a tail, which take the place of `latency`, `scale` times as long: of
        the answers to questions, which are then all the same, or with `every` of whatever is asked. Requests
        beyond `held` at once, or `a_minute`, are refused with 429, and counted as `refused`. With `faults` a question
        that names a fault gets it: see `Faults`.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"latency": latency, **more}) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard


@contextmanager
def running(**variables: str) -> Iterator[Provider]:
    """Run a provider that writes what the steps of the FAQ graphs ask for, and lead both clients to it.

    `variables` are further environment variables to set meanwhile.
    """
    # The child ends when its standard input does, which leaving Popen's context closes.
    with subprocess.Popen(
        _COMMAND, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        provider = Provider(process)
        with surroundings(**environment(provider.url), **variables):
            yield provider


class Tail:
    """Answers whose latencies have a tail, while there is a seed for them."""

    def __init__(self) -> None:
        self.seed, self.scale, self.every = "", 1.0, False
        self.asked: Counter[str] = Counter()

    def written(self, prompt: str, said: Any) -> Any:
        """Return what is said to a prompt, after a latency of its own where every answer has one."""
        if not (self.seed and self.every):
            return said
        self.asked[prompt] += 1
        seconds = self.scale * latency_s(self.seed, prompt, self.asked[prompt] - 1)
        return Reply(said, latency=seconds) if isinstance(said, str) else Reply(data=said, latency=seconds)

    def answer(self, prompt: str) -> Reply | None:
        """Answer a question after its latency."""
        if not self.seed or self.every:
            return None
        question = question_in(prompt)
        self.asked[question] += 1
        seconds = latency_s(self.seed, question, self.asked[question] - 1)
        return Reply(f"An answer to {question}", latency=seconds * self.scale)


class Bounds:
    """How many requests are answered at once, and in any minute; the others are refused without a word of when."""

    def __init__(self) -> None:
        self.held = self.a_minute = float("inf")
        self.refused = 0
        self._taken: deque[float] = deque()

    def refusal(self, in_flight: int) -> Answer | None:
        """Refuse a request that is too much."""
        now = monotonic()
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        if in_flight > self.held or len(self._taken) >= self.a_minute:
            self.refused += 1
            return status(429)
        self._taken.append(now)
        return None


class Faults:
    """Answers to questions that name a fault: `cut` off at the longest, `blocked`, or `down`, an error each time."""

    MADE: ClassVar[dict[str, Callable[[], Answer]]] = {
        "cut": lambda: Reply("The answer is that", finish="max_tokens"),
        "blocked": lambda: Reply(finish="safety"),
        "down": lambda: status(500),
    }

    def __init__(self) -> None:
        self.are_on = False

    def answer(self, prompt: str) -> Answer | None:
        """Answer badly where that is asked for."""
        named = (name for name in self.MADE if f"#{name}" in prompt) if self.are_on else iter(())
        return next((self.MADE[name]() for name in named), None)


def serve() -> None:
    """Serve until the standard input ends; each line on it sets the latency and is answered with what was seen."""
    writer, tail, bounds, faults = Writer(), Tail(), Bounds(), Faults()

    def reply(request: Request) -> Any:
        bad = bounds.refusal(provider.in_flight) or faults.answer(request.text)
        return bad or tail.answer(request.text) or tail.written(request.text, writer(request.text))

    with FakeProvider(reply=reply) as provider:
        _say(url=provider.url)
        for line in sys.stdin:
            told = json.loads(line)
            provider.latency, tail.seed = told["latency"], told.get("tail", "")
            tail.every = told.get("every", False)
            tail.scale, faults.are_on = told.get("scale", 1.0), told.get("faults", False)
            bounds.held, bounds.a_minute = told.get("held", math.inf), told.get("a_minute", math.inf)
            tail.asked.clear()
            _say(requests=len(provider.requests), peak=provider.peak, refused=bounds.refused)
            provider.clear()
            bounds.refused = 0


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    serve()

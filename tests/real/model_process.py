"""The real model in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "real" / "bin" / "python"


@contextmanager
def served() -> Iterator[str]:
    """Serve the model, and give its address."""
    command = [PYTHON, ROOT / "tests" / "real" / "serve.py", str(free_port())]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            if not url:
                sys.exit("the model's server does not start")
            yield url
        finally:
            process.kill()

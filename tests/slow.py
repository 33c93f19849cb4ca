"""What `make test` leaves to `make slow`, since it has one of the kind already."""

from __future__ import annotations

from typing import Any

import pytest


def slow(*values: Any, id: str | None = None) -> Any:
    """Return the values of one case of a test that is slow, while another one is not."""
    return pytest.param(*values, marks=pytest.mark.slow, id=id)

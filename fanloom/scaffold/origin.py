"""Where this Fanloom was installed from, so that a new project finds it there too."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname


def install_source() -> str | None:
    """Return the wheel, checkout or repository that this Fanloom is from, as pip takes it; None if from an index."""
    try:
        # What every installer notes down for a package that it did not find by its name.
        noted = distribution("fanloom").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    return _requirement(json.loads(noted)) if noted else None


def _requirement(noted: dict[str, Any]) -> str:
    url = str(noted["url"])
    if repository := noted.get("vcs_info"):
        return f"fanloom @ {repository['vcs']}+{url}@{repository['commit_id']}"
    if url.startswith("file:"):
        return url2pathname(urlsplit(url).path)
    return f"fanloom @ {url}"

"""The studio's pages: an empty shell and its two files, which hold no data and are given without a key."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

from fanloom.studio.report_file import STATIC

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# What is open where keys are set; all below /studio/api asks for one.
_PAGES = ("", "/new", "/compare", "/evals", "/file")
OPEN_PAGES = (*(f"/studio{page}" for page in _PAGES), "/studio/studio.js", "/studio/studio.css")
OPEN_BELOW = ("/studio/runs/", "/studio/new/", "/studio/evals/")
_TYPES = {"studio.js": "text/javascript", "studio.css": "text/css"}
_SHELL = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Fanloom studio</title>
<link rel="stylesheet" href="/studio/studio.css">
</head>
<body>
<div id="studio"></div>
<script src="/studio/studio.js"></script>
</body>
</html>
"""


def is_open(path: str) -> bool:
    """Tell whether a path is a page of ours, which holds no data."""
    return path in OPEN_PAGES or path.startswith(OPEN_BELOW)


def add_pages(app: FastAPI) -> None:
    """Give an application the pages and their two files."""
    for name in _TYPES:
        app.get(f"/studio/{name}")(partial(_asset, name))
    for path in (*_PAGES, "/new/{graph}", "/runs/{run}", "/evals/{name}"):
        app.get(f"/studio{path}")(_shell)


async def _asset(name: str) -> Response:
    return FileResponse(STATIC / name, media_type=_TYPES[name], headers=HEADERS)


async def _shell() -> Response:
    # The page asks for its data itself.
    return HTMLResponse(_SHELL, headers=HEADERS)

"""The studio's pages: an empty shell and its two files, which hold no data and are given without a key."""

from __future__ import annotations

from fastapi import APIRouter
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
OPEN_PAGES = ("/studio", "/studio/new", "/studio/compare", "/studio/file", "/studio/studio.js", "/studio/studio.css")
OPEN_BELOW = ("/studio/runs/", "/studio/new/")
_TYPES = {"studio.js": "text/javascript", "studio.css": "text/css"}
_SHELL = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Fanloom studio</title>
<link rel="stylesheet" href="/studio/studio.css">
</head>
<body>
<div id="studio"></div>
<script src="/studio/studio.js"></script>
</body>
</html>
"""

pages = APIRouter(prefix="/studio")


def is_open(path: str) -> bool:
    """Tell whether a path is a page of ours, which holds no data."""
    return path in OPEN_PAGES or path.startswith(OPEN_BELOW)


@pages.get("/{name}.{ending}")
async def asset(name: str, ending: str) -> Response:
    """Give one of the page's two files."""
    file = f"{name}.{ending}"
    if file not in _TYPES:
        return Response(status_code=404, headers=HEADERS)
    return FileResponse(STATIC / file, media_type=_TYPES[file], headers=HEADERS)


@pages.get("")
@pages.get("/new")
@pages.get("/compare")
@pages.get("/file")
@pages.get("/new/{graph}")
@pages.get("/runs/{run}")
async def shell() -> Response:
    """Give the page, which asks for its data itself."""
    return HTMLResponse(_SHELL, headers=HEADERS)

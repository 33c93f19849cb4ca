"""A run as one HTML file that opens anywhere, with no network and no server; and the run inside such a file."""

from __future__ import annotations

import io
import re
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

from fanloom.errors import UserError
from fanloom.runlog.fanrun import LoggedRun, read_fanrun, write_fanrun

STATIC = Path(__file__).parent / "static"
_MOST_BYTES = 500_000_000
# A policy in a <meta> cannot forbid frames; a report has nothing that acts.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>A run</title>
<style>{style}</style>
</head>
<body>
<div id="studio"><p class="plain">Reading the run ...</p></div>
<script type="application/octet-stream" id="run">{run}</script>
<script>{script}</script>
</body>
</html>
"""
_EMBEDDED = re.compile(rb'<script type="application/octet-stream" id="run">([A-Za-z0-9+/=\s]*)</script>')


def report_page(run: LoggedRun) -> str:
    """Return the page that shows a run and holds all of it."""
    script, style = (_asset(name) for name in ("studio.js", "studio.css"))
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    packed = b64encode(zlib.compress(_as_bytes(run), 9)).decode()
    return _PAGE.format(policy=policy, style=style, run=packed, script=script)


def read_report(file: Path) -> LoggedRun:
    """Return the run inside a report. Raises UserError for a file that is none."""
    try:
        found = _EMBEDDED.search(file.read_bytes())
        if found is None:
            raise UserError(f"{str(file)!r} is no report; make one with `fanloom report`")
        return read_fanrun(io.BytesIO(_inflated(b64decode(found[1]))))
    except FileNotFoundError:
        raise UserError(f"there is no file {str(file)!r}") from None
    except (OSError, ValueError, zlib.error) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the run in {str(file)!r} cannot be read: {error}; make the report again") from None


def _asset(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _as_bytes(run: LoggedRun) -> bytes:
    # Packed as a whole it is smaller than part by part.
    made = io.BytesIO()
    write_fanrun(run, made, packed=False)
    return made.getvalue()


def _inflated(packed: bytes) -> bytes:
    opened = zlib.decompressobj()
    body = opened.decompress(packed, _MOST_BYTES)
    if opened.unconsumed_tail:
        raise UserError(f"the report unpacks to more than {_MOST_BYTES:,} bytes; it is not read")
    return body

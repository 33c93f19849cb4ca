"""A run or an evaluation as one HTML file that opens with no network and no server; and what is inside such a file."""

from __future__ import annotations

import io
import json
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

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
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="studio"><p class="plain">Reading it ...</p></div>
<script type="application/octet-stream" id="{kind}">{body}</script>
<script>{script}</script>
</body>
</html>
"""
_EMBEDDED = re.compile(rb'<script type="application/octet-stream" id="(run|evaluation)">([A-Za-z0-9+/=\s]*)</script>')
Kind = Literal["run", "evaluation"]


def report_page(run: LoggedRun) -> str:
    """Return the page that shows a run and holds all of it."""
    return _page("run", "A run", _as_bytes(run))


def evaluation_page(evaluation: Mapping[str, Any]) -> str:
    """Return the page that shows an evaluation and holds all of it: what `fanloom eval --json` prints."""
    return _page("evaluation", "An evaluation", json.dumps(evaluation, ensure_ascii=False).encode("utf-8", "replace"))


def read_report(file: Path) -> LoggedRun:
    """Return the run inside a report. Raises UserError for a file that is none."""
    return read_fanrun(io.BytesIO(_embedded(file, "run", "it is no report; make one with `fanloom report`")))


def holds_evaluation(file: Path) -> bool:
    """Say whether a file is meant as an evaluation, and not as a run: JSON, or a page that holds one."""
    if file.suffix == ".json":
        return True
    found = _EMBEDDED.search(file.read_bytes()) if file.suffix == ".html" and file.is_file() else None
    return found is not None and found[1] == b"evaluation"


def read_evaluation(file: Path) -> dict[str, Any]:
    """Return the evaluation in a file: what `fanloom eval --json` has printed, or a page. Raises UserError."""
    wrong = "it holds no evaluation; make one with `fanloom eval --json` or `--page`"
    try:
        body = _embedded(file, "evaluation", wrong) if file.suffix == ".html" else file.read_bytes()
        found = json.loads(body)
    except (OSError, ValueError, RecursionError) as error:
        raise error if isinstance(error, UserError) else UserError(f"{str(file)!r} cannot be read: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("candidates"), list):
        raise UserError(f"{str(file)!r}: {wrong}")
    return found


def _page(kind: Kind, title: str, body: bytes) -> str:
    script, style = (_asset(name) for name in ("studio.js", "studio.css"))
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    packed = b64encode(zlib.compress(body, 9)).decode()
    return _PAGE.format(policy=policy, title=title, style=style, kind=kind, body=packed, script=script)


def _embedded(file: Path, kind: Kind, wrong: str) -> bytes:
    try:
        found = _EMBEDDED.search(file.read_bytes())
        if found is None or found[1].decode() != kind:
            raise UserError(f"{str(file)!r}: {wrong}")
        return _inflated(b64decode(found[2]))
    except FileNotFoundError:
        raise UserError(f"there is no file {str(file)!r}") from None
    except (OSError, ValueError, zlib.error) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"what is in {str(file)!r} cannot be read: {error}; make it again") from None


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

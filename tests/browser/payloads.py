"""Texts that would act on a page that made HTML, links or styles of them."""

from __future__ import annotations

import re

# Each begins with a mark of its own, by which it is found again as text.
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<link rel=stylesheet href=//evil.invalid/x.css>",
    "<style>@import '//evil.invalid/x.css'</style>",
    "<base href=//evil.invalid/>",
    "<meta http-equiv=refresh content='0;url=//evil.invalid/'>",
    "<form action=//evil.invalid/><button>x</button></form>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "'\"><script>alert(1)</script>",
    '" onmouseover=alert(1) x="',
    "' autofocus onfocus=alert(1) x='",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "[x](javascript:alert(1))",
    "![x](//evil.invalid/x.png)",
    "url(//evil.invalid/x.png)",
    "expression(alert(1));background:url(//evil.invalid/)",
    "\u202egnp.exe<script>alert(1)</script>",
    "__proto__\u0000<script>alert(1)</script>",
]

# Nothing of ours but links is an element that a payload could have made.
MADE_BY_PAYLOADS = "script, iframe, object, embed, a, img, base, link, video, audio, template, math, form[action]"


def as_shown(payload: str) -> str:
    """Return a payload as the page shows it: marks that are not seen as signs."""
    return re.sub(r"[\u0000\u202e]", lambda mark: f"[U+{ord(mark[0]):04X}]", payload)

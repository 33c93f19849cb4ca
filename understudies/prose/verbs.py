"""The verbs that documents are written with, in the forms by which a sentence shows its subject: verbs.toml."""

import tomllib
from pathlib import Path

from understudies.prose.english import listed

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
VERBS = listed(_WORDS["verbs"])
_IRREGULAR = _WORDS["irregular"].split()


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}
# A verb with a past of its own loses nothing by the regular one, which nobody writes.
PASTS = {third.removesuffix("s").removesuffix("e") + "ed": verb for third, verb in THIRDS.items()}
PASTS |= dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True))


def is_plural(word: str) -> bool:
    low = word.lower()
    known = low in ("people", "children", "men", "women", "data", "bacteria", "police", "staff")
    return known or (len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))

"""The words by which the understudies tell products, what ends their names, and what says nothing: vocabulary.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

GENERIC = frozenset(_WORDS["generic"].split())
CONDITIONS = frozenset(_WORDS["conditions"].split())
SKIPPED = frozenset(_WORDS["skipped"].split())
STOPS = GENERIC.union(CONDITIONS, _WORDS["stops"].split())
NEVER = GENERIC.union(_WORDS["never"].split())

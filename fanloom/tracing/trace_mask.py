"""What a trace may say: never a secret, and nothing of what FANLOOM_TRACE_REDACT names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from pydantic_core import to_jsonable_python

from fanloom.redaction import mask_personal, redactor

_HIDDEN = "(hidden by FANLOOM_TRACE_REDACT)"
_ERROR_TYPE = re.compile(r"\s*([A-Za-z_][\w.]*)?")
# Numbers that are long enough to be a telephone's or a card's.
_LONG = 10**8
_DOCUMENT = 2000
# Words of ours and of LangGraph's own that can look like an identifier.
_TECHNICAL = frozenset(
    {
        "model",
        "ls_model_name",
        "prompt_version",
        "revision_id",
        "checkpoint_ns",
        "langgraph_checkpoint_ns",
        "lc_versions",
        "run_id",
    }
)


_PARAMETERS = {"invocation_params", "options"}
_SCHEMAS = {"tools", "functions", "response_json_schema", "response_schema", "response_format"} | {
    "ls_structured_output_format"
}


class TraceMask:
    """Masks the inputs, the outputs, the metadata and the error of a run: the langsmith client's `anonymizer`."""

    def __init__(self, hidden: Collection[str]) -> None:
        self._only_types = bool({"all", "inputs", "outputs"} & set(hidden))
        self._personal = bool(hidden)

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of JSON-plain data that may be sent; an error comes as the one field `error`."""
        if self._only_types and told.keys() == {"error"} and isinstance(told["error"], str):
            return {"error": _type_of(told["error"])}
        # The secrets are looked up once for all the texts.
        masked: dict[str, Any] = self._masked(told, redactor(), self._personal)
        return masked

    def parameters(self, extra: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of what a run tells beside its inputs, with the parameters of a model call masked."""
        found = {name: extra[name] for name in _PARAMETERS & extra.keys()}
        return {**extra, **self._masked(_plain(found), redactor(), self._personal)}

    def _masked(self, value: Any, redacted: Callable[[str], str], personal: bool) -> Any:
        if isinstance(value, str):
            return _impersonal(redacted(value)) if personal else redacted(value)
        if isinstance(value, dict):
            return {
                self._masked(key, redacted, personal): self._item(key, item, redacted, personal)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._masked(item, redacted, personal) for item in value]
        return "***" if personal and isinstance(value, int | float) and abs(value) >= _LONG else value

    def _item(self, key: Any, value: Any, redacted: Callable[[str], str], personal: bool) -> Any:
        if personal and key in _SCHEMAS and value:
            # The schema of an answer may name what stands in the prompt, such as titles and identifiers.
            return _HIDDEN
        if personal and type(value) is int and mask_personal(f"{key}: {value}").endswith("***"):
            # A number is an identifier by its name: {"order_id": 12345}.
            return "***"
        return self._masked(value, redacted, personal and key not in _TECHNICAL)


def _plain(value: Any) -> Any:
    return to_jsonable_python(value, fallback=str)


def _impersonal(text: str) -> str:
    return _remembered(text) if len(text) >= _DOCUMENT else mask_personal(text)


# The documents of a fan-out stand in every one of its prompts.
_remembered = lru_cache(maxsize=16)(mask_personal)


def _type_of(error: str) -> str:
    found = _ERROR_TYPE.match(error)
    return f"{(found and found[1]) or 'Error'} {_HIDDEN}"

"""LangSmith's client, which masks the parameters of model calls too: its `anonymizer` does not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanloom.tracing.trace_mask import TraceMask

if TYPE_CHECKING:
    from langsmith import Client


def masking_client(mask: TraceMask, **options: Any) -> Client:
    """Make a client that sends nothing which a mask hides; the options are those of LangSmith's own."""
    # The library takes a second to import.
    from langsmith import Client

    def masked(fields: dict[str, Any]) -> dict[str, Any]:
        extra = fields.get("extra")
        return {**fields, "extra": mask.parameters(extra)} if isinstance(extra, dict) else fields

    class MaskingClient(Client):
        __slots__ = ()

        def create_run(self, *args: Any, **fields: Any) -> None:
            super().create_run(*args, **masked(fields))

        def update_run(self, *args: Any, **fields: Any) -> None:
            super().update_run(*args, **masked(fields))

    return MaskingClient(anonymizer=mask, **options)

"""LangSmith tracing that is complete, never in the way, and keeps secrets. Imports only the ground."""

from fanloom.moved import once_here

__getattr__ = once_here("fanloom.tracing.langsmith_tracing", "finish_tracing", "note", "start_tracing")

"""LLM workflows on LangGraph that are bounded, resumable and honest about what failed.

Names are loaded when they are first used, so that `import fanloom` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fanloom.checkpoint import open_checkpointer as open_checkpointer
    from fanloom.checkpoint import open_store as open_store
    from fanloom.context import Context as Context
    from fanloom.context import Role as Role
    from fanloom.database import Database as Database
    from fanloom.effects import effect_key as effect_key
    from fanloom.effects import effects_table as effects_table
    from fanloom.errors import BadModelOutput as BadModelOutput
    from fanloom.errors import BudgetExceeded as BudgetExceeded
    from fanloom.errors import Declined as Declined
    from fanloom.errors import FanloomError as FanloomError
    from fanloom.errors import InvalidContext as InvalidContext
    from fanloom.errors import InvalidInput as InvalidInput
    from fanloom.errors import ModelRefused as ModelRefused
    from fanloom.errors import ModelUnavailable as ModelUnavailable
    from fanloom.errors import NeedsInput as NeedsInput
    from fanloom.errors import RunError as RunError
    from fanloom.errors import UnknownModel as UnknownModel
    from fanloom.errors import UserError as UserError
    from fanloom.fan_out import add_fan_out as add_fan_out
    from fanloom.graph import StateGraph as StateGraph
    from fanloom.models.factory import chat_model as chat_model
    from fanloom.models.offline import OfflineChatModel as OfflineChatModel
    from fanloom.outcome import Outcome as Outcome
    from fanloom.outcome import settle as settle
    from fanloom.prompt import Prompt as Prompt
    from fanloom.schema import OutputModel as OutputModel
    from fanloom.settings import Settings as Settings
    from fanloom.state import RunState as RunState
    from fanloom.state import new_run as new_run
    from fanloom.state import stored_once as stored_once
    from fanloom.step import LLMStep as LLMStep
    from fanloom.tracing import finish_tracing as finish_tracing
    from fanloom.tracing import start_tracing as start_tracing
    from fanloom.usage import Usage as Usage
    from fanloom.validation import check_input as check_input
    from fanloom.voting import Vote as Vote
    from fanloom.voting import vote as vote

__version__ = "0.1.0"

_HOMES = {
    "checkpoint": ["open_checkpointer", "open_store"],
    "context": ["Context", "Role"],
    "database": ["Database"],
    "effects": ["effect_key", "effects_table"],
    "errors": [
        "BadModelOutput",
        "BudgetExceeded",
        "Declined",
        "FanloomError",
        "InvalidContext",
        "InvalidInput",
        "ModelRefused",
        "ModelUnavailable",
        "NeedsInput",
        "RunError",
        "UnknownModel",
        "UserError",
    ],
    "fan_out": ["add_fan_out"],
    "graph": ["StateGraph"],
    "models.factory": ["chat_model"],
    "models.offline": ["OfflineChatModel"],
    "outcome": ["Outcome", "settle"],
    "prompt": ["Prompt"],
    "schema": ["OutputModel"],
    "settings": ["Settings"],
    "state": ["RunState", "new_run", "stored_once"],
    "step": ["LLMStep"],
    "tracing": ["finish_tracing", "start_tracing"],
    "usage": ["Usage"],
    "validation": ["check_input"],
    "voting": ["Vote", "vote"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fanloom' has no attribute {name!r}")
    return getattr(import_module(f"fanloom.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__

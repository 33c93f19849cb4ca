"""LLM workflows on LangGraph that are bounded, resumable and honest about what failed.

Names are loaded when they are first used, so that `import fanloom` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fanloom.moved import keep_old_paths

if TYPE_CHECKING:
    from fanloom.batch.inputs import InputSource as InputSource
    from fanloom.batch.job import Bounds as Bounds
    from fanloom.batch.job import run_batch as run_batch
    from fanloom.durable.checkpointer import open_checkpointer as open_checkpointer
    from fanloom.durable.checkpointer import open_store as open_store
    from fanloom.durable.database import Database as Database
    from fanloom.durable.effects import effect_key as effect_key
    from fanloom.durable.effects import effects_table as effects_table
    from fanloom.errors import BadModelOutput as BadModelOutput
    from fanloom.errors import BudgetExceeded as BudgetExceeded
    from fanloom.errors import Declined as Declined
    from fanloom.errors import FanloomError as FanloomError
    from fanloom.errors import GraphError as GraphError
    from fanloom.errors import InvalidContext as InvalidContext
    from fanloom.errors import InvalidInput as InvalidInput
    from fanloom.errors import InvalidSettings as InvalidSettings
    from fanloom.errors import MissingCredentials as MissingCredentials
    from fanloom.errors import MissingNode as MissingNode
    from fanloom.errors import MissingPackage as MissingPackage
    from fanloom.errors import ModelRefused as ModelRefused
    from fanloom.errors import ModelUnavailable as ModelUnavailable
    from fanloom.errors import NeedsInput as NeedsInput
    from fanloom.errors import PromptError as PromptError
    from fanloom.errors import RunError as RunError
    from fanloom.errors import UnknownModel as UnknownModel
    from fanloom.errors import UserError as UserError
    from fanloom.graph.changed_graph import arename_nodes as arename_nodes
    from fanloom.graph.changed_graph import rename_nodes as rename_nodes
    from fanloom.graph.dependencies import in_order_of_needs as in_order_of_needs
    from fanloom.graph.fan_out import add_fan_out as add_fan_out
    from fanloom.graph.input_check import check_input as check_input
    from fanloom.graph.rerun import arerun_failed as arerun_failed
    from fanloom.graph.rerun import rerun_failed as rerun_failed
    from fanloom.graph.state_graph import StateGraph as StateGraph
    from fanloom.grounding.courtesies import Courtesies as Courtesies
    from fanloom.grounding.lexical import grounded as grounded
    from fanloom.grounding.lexical import stems as stems
    from fanloom.grounding.lexical import support as support
    from fanloom.grounding.shown_text import bare as bare
    from fanloom.grounding.shown_text import seen as seen
    from fanloom.models.factory import chat_model as chat_model
    from fanloom.models.narrowing.narrowed import narrowed as narrowed
    from fanloom.models.narrowing.output_bounds import Choices as Choices
    from fanloom.models.narrowing.output_bounds import Count as Count
    from fanloom.models.offline import OfflineChatModel as OfflineChatModel
    from fanloom.models.output_model import OutputModel as OutputModel
    from fanloom.runs.channels import RunState as RunState
    from fanloom.runs.channels import grown as grown
    from fanloom.runs.channels import new_run as new_run
    from fanloom.runs.channels import stored_once as stored_once
    from fanloom.runs.context import Context as Context
    from fanloom.runs.context import Role as Role
    from fanloom.runs.outcome import Outcome as Outcome
    from fanloom.runs.outcome import OutcomeError as OutcomeError
    from fanloom.runs.outcome import done as done
    from fanloom.runs.outcome import error_of as error_of
    from fanloom.runs.outcome import failures as failures
    from fanloom.runs.outcome import from_error as from_error
    from fanloom.runs.outcome import not_done as not_done
    from fanloom.runs.outcome import settle as settle
    from fanloom.runs.outcome import status_of as status_of
    from fanloom.runs.usage import Usage as Usage
    from fanloom.runs.usage import meter as meter
    from fanloom.settings import Settings as Settings
    from fanloom.steps.entailment import Entailment as Entailment
    from fanloom.steps.entailment import entailed as entailed
    from fanloom.steps.prompt import Prompt as Prompt
    from fanloom.steps.prompt import unescape as unescape
    from fanloom.steps.step import LLMStep as LLMStep
    from fanloom.steps.vote import Vote as Vote
    from fanloom.steps.vote import vote as vote
    from fanloom.tracing.langsmith_tracing import finish_tracing as finish_tracing
    from fanloom.tracing.langsmith_tracing import start_tracing as start_tracing

__version__ = "0.2.0"

_HOMES = {
    "batch.inputs": ["InputSource"],
    "batch.job": ["Bounds", "run_batch"],
    "durable.checkpointer": ["open_checkpointer", "open_store"],
    "durable.database": ["Database"],
    "durable.effects": ["effect_key", "effects_table"],
    "errors": [
        "BadModelOutput",
        "BudgetExceeded",
        "Declined",
        "FanloomError",
        "GraphError",
        "InvalidContext",
        "InvalidInput",
        "InvalidSettings",
        "MissingCredentials",
        "MissingNode",
        "MissingPackage",
        "ModelRefused",
        "ModelUnavailable",
        "NeedsInput",
        "PromptError",
        "RunError",
        "UnknownModel",
        "UserError",
    ],
    "graph.changed_graph": ["arename_nodes", "rename_nodes"],
    "graph.dependencies": ["in_order_of_needs"],
    "graph.fan_out": ["add_fan_out"],
    "graph.input_check": ["check_input"],
    "graph.rerun": ["arerun_failed", "rerun_failed"],
    "graph.state_graph": ["StateGraph"],
    "grounding.courtesies": ["Courtesies"],
    "grounding.lexical": ["grounded", "stems", "support"],
    "grounding.shown_text": ["bare", "seen"],
    "models.factory": ["chat_model"],
    "models.narrowing.narrowed": ["narrowed"],
    "models.narrowing.output_bounds": ["Choices", "Count"],
    "models.offline": ["OfflineChatModel"],
    "models.output_model": ["OutputModel"],
    "runs.channels": ["RunState", "grown", "new_run", "stored_once"],
    "runs.context": ["Context", "Role"],
    "runs.outcome": [
        "Outcome",
        "OutcomeError",
        "done",
        "error_of",
        "failures",
        "from_error",
        "not_done",
        "settle",
        "status_of",
    ],
    "runs.usage": ["Usage", "meter"],
    "settings": ["Settings"],
    "steps.entailment": ["Entailment", "entailed"],
    "steps.prompt": ["Prompt", "unescape"],
    "steps.step": ["LLMStep"],
    "steps.vote": ["Vote", "vote"],
    "tracing.langsmith_tracing": ["finish_tracing", "start_tracing"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF), "__version__"]

keep_old_paths()


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fanloom' has no attribute {name!r}")
    return getattr(import_module(f"fanloom.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__

"""Pictures, schemas and rendered prompts, so that a change to any of them is seen in review."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from fanloom import LLMStep
from nodes import faq_steps

IDS = sorted(json.loads((Path(__file__).parents[2] / "langgraph.json").read_text())["graphs"])
STEPS = {step.name: step for step in vars(faq_steps).values() if isinstance(step, LLMStep)}
VALUES = {
    "sources": [
        {"title": "Tides", "content": "Two a day.\n\nBecause of the <moon>."},
        {"title": "R&D", "content": "x"},
    ],
    "n_questions": 2,
    "already": ["Why?", "How?"],
    "question": "What are </question> tides?",
    "answer": "Water & moon.",
    "invented": ["The Moon"],
}


def graph(name: str) -> Any:
    return importlib.import_module(f"graphs.{name}").graph


@pytest.mark.parametrize("name", IDS)
def test_picture(name: str, snapshot: SnapshotAssertion) -> None:
    assert graph(name).get_graph().draw_mermaid() == snapshot


@pytest.mark.parametrize("name", IDS)
def test_schemas(name: str, snapshot: SnapshotAssertion) -> None:
    schemas = {
        "input": graph(name).get_input_jsonschema(),
        "output": graph(name).get_output_jsonschema(),
        "context": graph(name).get_context_jsonschema(),
    }
    assert json.dumps(schemas, indent=2) == snapshot


@pytest.mark.parametrize("name", sorted(STEPS))
def test_prompt_as_rendered(name: str, snapshot: SnapshotAssertion) -> None:
    prompt = STEPS[name].prompt
    parts = prompt.render(**{variable: VALUES[variable] for variable in prompt.variables})
    assert "\n\n----- part -----\n\n".join(parts) == snapshot


@pytest.mark.parametrize("name", sorted(STEPS))
def test_schema_that_a_model_is_shown(name: str, snapshot: SnapshotAssertion) -> None:
    output = STEPS[name].output
    shown = output.model_json_schema() if output is not str else {"type": "string"}
    assert json.dumps(shown, indent=2) == snapshot


@pytest.mark.parametrize("name", IDS)
def test_every_field_of_the_forms_is_described(name: str) -> None:
    schema = graph(name).get_context_jsonschema()
    assert all(field.get("title") and field.get("description") for field in schema["properties"].values())
    given = graph(name).get_input_jsonschema()
    assert all(field.get("description") for field in given["properties"].values())

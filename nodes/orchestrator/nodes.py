"""The nodes of an orchestrator: plan any subtasks, do each, make one document of what was done."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Overwrite, StreamWriter

from fanloom import Count, Prompt, PromptError, RunError, entailed, failures, new_run, settle
from fanloom import check_input as checked
from nodes.orchestrator.context import OrchestratorContext
from nodes.orchestrator.document import (
    Document,
    Part,
    bounds_of,
    by_template,
    for_model,
    parts_of,
    parts_without_plan,
    problems,
    written,
)
from nodes.orchestrator.markdown import as_written
from nodes.orchestrator.plan import UNREADABLE, cut, dropped, planned
from nodes.orchestrator.state import OrchestratorInput, OrchestratorState, SubtaskState, WorkerResult
from nodes.orchestrator.steps import Steps, Understudies, ask, steps
from nodes.orchestrator.variables import Prompts, UnusedContext, check_variables

_MOST_TOLD = 20
# A thread that is used again and fails must not show the document of the task before.
_NOTHING_YET = {"analysis": "", "parts": [], "subtasks": [], "worker_results": [], "final": "", "failures": []}


class Orchestrator:
    """The nodes of one orchestrator, which ask with its prompts or with those that a run's context brings."""

    def __init__(self, plan: Prompt, work: Prompt, combine: Prompt, understudies: Understudies) -> None:
        """Raises PromptError for one that is no Prompt."""
        for name, prompt in {"plan": plan, "work": work, "combine": combine}.items():
            if not isinstance(prompt, Prompt):
                raise PromptError(f"{name} is no prompt: write Prompt(file), or Prompt.of_text({name!r}, text)")
        self.prompts = Prompts(plan, work, combine)
        self.understudies = understudies

    async def check_input(
        self, state: OrchestratorState, runtime: Runtime[OrchestratorContext], writer: StreamWriter
    ) -> dict[str, Any]:
        """Check the task, what is known, and that every variable of the prompts is given; say what none of them uses.

        Raises InvalidInput, naming the field, or PromptError, naming the variable.
        """
        known = checked(OrchestratorInput, state).get("context", {})
        unused = check_variables(self._prompts(runtime), known)
        for message in unused:
            warnings.warn(message, UnusedContext, stacklevel=1)
            writer({"message": message})
        return {**new_run(), **_NOTHING_YET, "known": known, "unused": unused, "warnings": unused}

    async def plan_subtasks(self, state: OrchestratorState, runtime: Runtime[OrchestratorContext]) -> dict[str, Any]:
        """Ask for the subtasks; those beyond `max_subtasks` are skipped, and with them nothing that others need."""
        limit = OrchestratorContext.of(runtime.context).max_subtasks
        given = {"task": state["task"], "max_subtasks": limit}
        step = self._steps(runtime).plan.within({"subtasks": Count(1, limit, enforced=False)})
        plan = await ask(step, runtime, given, state["known"])
        parts = planned(plan.subtasks)
        subtasks, skipped = cut(parts, limit)
        outcomes = [*skipped, *dropped(plan.dropped)]
        return {"analysis": as_written(plan.analysis), "parts": parts, "subtasks": subtasks, "outcomes": outcomes}

    async def do_subtask(self, task: SubtaskState, runtime: Runtime[OrchestratorContext]) -> str:
        """Write one part, from the task, what is known and the results that the part needs."""
        results = task.get("needs", {})
        # Read only where it is needed: a subtask may begin before the parts of the plan are known.
        types = {part["task_id"]: part["type"] for part in task["parts"]} if results else {}
        needs = [{"type": types[need], "result": result} for need, result in results.items()]
        given = {"task": task["task"], "type": task["type"], "description": task["description"], "needs": needs}
        return as_written(await ask(self._steps(runtime).work, runtime, given, task["known"]))

    async def combine_results(self, state: OrchestratorState, runtime: Runtime[OrchestratorContext]) -> dict[str, Any]:
        """Make one document: the model's if it has all that is done and nothing else, else the template's."""
        plan = state["parts"]
        outcomes = settle([part["task_id"] for part in plan], state["outcomes"])
        unreadable = [outcome for outcome in state["outcomes"] if outcome["worker"] == UNREADABLE]
        parts = [*parts_of(plan, outcomes), *parts_without_plan(unreadable)]
        document, wrong = await self._document(state, runtime, parts)
        results = [
            WorkerResult(type=part["type"], description=part["description"], result=outcome["result"])
            for part, outcome in zip(plan, outcomes, strict=True)
            if outcome["status"] == "done"
        ]
        return {
            "worker_results": results,
            "final": document or by_template(state["task"], parts),
            "written": {"by": "model" if document else "template", "problems": wrong[:_MOST_TOLD]},
            # Anew each time: the parts can be combined when some of them are done again.
            "warnings": [*state.get("unused", []), *_uncombined(wrong)],
            "failures": [*failures(outcomes), *unreadable],
            "outcomes": Overwrite([*outcomes, *unreadable]),
        }

    async def _document(
        self, state: OrchestratorState, runtime: Runtime[OrchestratorContext], parts: Sequence[Part]
    ) -> tuple[str | None, list[str]]:
        """Return the model's document, or None and what is wrong with it: it has two tries."""
        if not any(part["text"] for part in parts):
            return None, []
        asked, known, bounds = self._steps(runtime), state["known"], bounds_of(parts)
        given = {"task": state["task"], "analysis": state["analysis"], "parts": for_model(parts)}
        try:
            document = await ask(asked.combine.within(bounds), runtime, given, known)
            if wrong := await _wrong(runtime, document, parts, state["task"]):
                again = asked.combine_again.within(bounds)
                document = await ask(again, runtime, given, known, wrong=wrong[:_MOST_TOLD])
                wrong = await _wrong(runtime, document, parts, state["task"])
        except RunError as error:
            # The parts have been paid for, and are given as they are.
            return None, [str(error)]
        return (None, wrong) if wrong else (written(document, parts), [])

    def _prompts(self, runtime: Runtime[OrchestratorContext]) -> Prompts:
        return self.prompts.with_own(OrchestratorContext.of(runtime.context))

    def _steps(self, runtime: Runtime[OrchestratorContext]) -> Steps:
        return steps(self._prompts(runtime), self.understudies)


async def _wrong(
    runtime: Runtime[OrchestratorContext], document: Document, parts: Sequence[Part], task: str
) -> list[str]:
    """Return what is wrong with a document: by rule first, then, if the context wants it, in a second reader's eyes."""
    wrong = problems(document, parts)
    if wrong or OrchestratorContext.of(runtime.context).check_document != "model":
        return wrong
    given = {part["id"]: part["text"] for part in parts if part["text"]}
    said = [(f"Part {one.id} does", one.text, [given[one.id]]) for one in document.sections]
    about = f"{task}\n{', '.join(part['heading'] for part in parts)}"
    said.append(("The parts do", f"{document.title}\n{document.introduction}", [about, *given.values()]))
    read = [(who, await entailed(runtime, text, documents)) for who, text, documents in said]
    return [f"{who} not say: {it.words or 'all of it'}" for who, it in read if it.verdict != "entailed"]


def _uncombined(wrong: Sequence[str]) -> list[str]:
    """Say why the parts stand in the document as they are, if they do."""
    told = " ".join(wrong[:_MOST_TOLD])
    return [f"the parts stand in the final document as they are, no model has combined them: {told}"] if wrong else []

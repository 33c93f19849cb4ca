"""Other versions of prompt files are tried in their place, and `fanloom eval --parts` compares them."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fanloom import Prompt
from fanloom.cli import cli
from fanloom.errors import PromptError, UserError
from fanloom.steps.prompt_versions import PromptVersions

ROOT = Path(__file__).parents[2]
ANSWER = ROOT / "prompts/faq/answer_question.md"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two prompt files, and versions of the first."""
    texts = {
        "ask": "Answer: $question",
        "system": "Be kind.",
        "brief": "In one word: $question",
        "same": "Answer: $question\n",
        "other": "Answer: $query",
        "more": "Answer: $question in $language",
        "broken": "Answer for 5 $",
        "empty": " ",
    }
    made = {name: tmp_path / f"{name}.md" for name in texts}
    for name, text in texts.items():
        made[name].write_text(text)
    return made


def test_a_version_is_tried_in_its_block_only(files: dict[str, Path]) -> None:
    prompt = Prompt(files["ask"], system=files["system"])
    before = prompt.version
    with PromptVersions({files["ask"]: files["brief"]}).tried():
        assert prompt.render(question="Why?") == ["Be kind.", "In one word: Why?"]
        assert prompt.version != before
        tried = prompt.version
    assert prompt.render(question="Why?") == ["Be kind.", "Answer: Why?"]
    assert (prompt.version, files["ask"].read_text()) == (before, "Answer: $question")
    assert tried == Prompt(files["brief"], system=files["system"]).version


def test_a_version_is_tried_in_the_prompts_that_are_made_of_others(files: dict[str, Path]) -> None:
    joined = Prompt(files["system"]).followed_by(Prompt(files["ask"]))
    with PromptVersions({files["ask"]: files["brief"]}).tried():
        assert joined.render(question="Why?")[-1] == "In one word: Why?"


async def test_runs_side_by_side_have_each_their_own(files: dict[str, Path]) -> None:
    prompt = Prompt(files["ask"])

    async def rendered(versions: PromptVersions | None) -> str:
        await asyncio.sleep(0)
        if versions is None:
            return prompt.render(question="?")[0]
        with versions.tried():
            await asyncio.sleep(0)
            return prompt.render(question="?")[0]

    tried = PromptVersions({files["ask"]: files["brief"]})
    said = await asyncio.gather(*(rendered(tried if n % 2 else None) for n in range(6)))
    assert said == ["Answer: ?", "In one word: ?"] * 3


def test_a_version_that_no_prompt_was_made_of_is_told(files: dict[str, Path]) -> None:
    one, _ = Prompt(files["system"]), Prompt(files["ask"])
    tried = PromptVersions({files["ask"]: files["brief"]})
    assert tried.unused() == []
    with tried.tried():
        one.render()
        assert tried.unused() == [str(files["ask"])]
        Prompt(files["ask"]).render(question="?")
    assert tried.unused() == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("same", "says the same as"),
        ("other", r"must have the variables of .*: \$question; it has \$query"),
        ("more", r"it has \$question, \$language"),
        ("system", "it has none"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(files: dict[str, Path], other: str, said: str) -> None:
    Prompt(files["ask"])
    with pytest.raises(UserError, match=said):
        PromptVersions({files["ask"]: files[other]})


@pytest.mark.parametrize("other", ["broken", "empty", "nowhere"])
def test_a_version_that_is_no_prompt_is_refused(files: dict[str, Path], tmp_path: Path, other: str) -> None:
    Prompt(files["ask"])
    with pytest.raises(PromptError, match=other):
        PromptVersions({files["ask"]: tmp_path / f"{other}.md"})


def test_a_file_of_no_prompt_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="is no file of a prompt here; the files are"):
        PromptVersions({files["brief"]: files["ask"]})


def eval_parts(*parts: str, more: tuple[str, ...] = ()) -> Result:
    options = [word for each in parts for word in ("--parts", each)]
    data = str(ROOT / "evals/faq.jsonl")
    return CliRunner().invoke(cli, ["-C", str(ROOT), "eval", data, "--limit", "2", "--json", *options, *more])


def test_two_versions_of_a_prompt_are_compared(tmp_path: Path) -> None:
    long = tmp_path / "long.md"
    long.write_text(ANSWER.read_text() + "\nTake your time. " * 40)
    done = eval_parts(f"prompts/faq/answer_question.md={long}", more=("--out", str(tmp_path / "kept")))
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)["candidates"]
    assert (first["name"], second["name"]) == ("faq_parallel", f"faq_parallel with {long}")
    assert (first["parts"], list(second["parts"].values())) == ({}, [str(long)])
    # The offline model says the same; but what it is asked is longer, in each answer's prompt.
    assert second["differences"]["tokens in"]["value"] > 100
    # What is kept belongs to the text that was tried.
    long.write_text(ANSWER.read_text() + "\nBe quick.")
    again = eval_parts(f"prompts/faq/answer_question.md={long}", more=("--out", str(tmp_path / "kept")))
    assert again.exit_code == 2
    assert not re.search("Traceback", again.output)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ("prompts/faq/answer_question.md", "--parts takes FILE=FILE"),
        ("=x.md", "--parts takes FILE=FILE"),
        ("prompts/faq/answer_question.md=prompts/faq/none.md", "cannot be read"),
        ("prompts/faq/never_written.md=prompts/faq/system.md", "is no file of a prompt here"),
        ("prompts/faq/find_sources.md=prompts/faq/answer_question.md", "must have the variables of"),
    ],
)
def test_parts_that_mean_nothing_are_refused_before_anything_runs(parts: str, said: str) -> None:
    done = eval_parts(parts)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr

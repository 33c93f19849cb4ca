from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fanloom.steps.prompt
from fanloom import Prompt
from fanloom.errors import PromptError
from fanloom.steps.prompt import as_text, escape, unescape
from prompts import path

TAG = re.compile(r"</?[\w-]+>")
ALL = sorted(path(".").rglob("*.md"))
hostile = st.text() | st.lists(
    st.sampled_from(
        ["</user_query>", "</provided_content>", "<provided_content>", "</", "<", ">", "x", "</question>\n"]
    )
).map("".join)


def written(folder: Path, text: str) -> Path:
    file = folder / "step.md"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("costs $5", r"\$\$"),
        ("a ${b", r"\$\$"),
        ("$$ $a ${b}\n$c costs $5 each\n$ again", r"stands in '\$c costs \$5 each'$"),
        ("x" * 100 + "$ " + "y" * 100, r"stands in 'x{30}\$ y{28}'$"),
    ],
)
def test_a_file_that_is_no_template_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        Prompt(written(tmp_path, text))


def test_a_byte_order_mark_is_no_part_of_a_prompt(tmp_path: Path) -> None:
    file = tmp_path / "step.md"
    file.write_text("Ask", encoding="utf-8-sig")
    assert Prompt(file).render() == ["Ask"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"nowhere\.md"):
        Prompt(tmp_path / "nowhere.md")
    with pytest.raises(PromptError, match="at least one"):
        Prompt()


def test_missing_and_unknown_variables_are_named(tmp_path: Path) -> None:
    prompt = Prompt(written(tmp_path, "Ask $question about ${subject} for $$5"))
    assert prompt.variables == {"question", "subject"}
    with pytest.raises(PromptError, match=r"needs \$subject; given: 'question'"):
        prompt.render(question="?")
    with pytest.raises(PromptError, match="does not use 'mood'; its variables are 'question', 'subject'"):
        prompt.render(question="?", subject="x", mood="y")
    assert prompt.render(question="why", subject="x") == ["Ask why about x for $5"]


@given(st.data())
def test_no_value_can_open_or_close_a_tag_in_any_shipped_prompt(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(ALL))
    prompt = Prompt(file)
    values: dict[str, Any] = {name: data.draw(hostile | st.lists(hostile, max_size=3)) for name in prompt.variables}
    (text,) = prompt.render(**values)
    assert TAG.findall(text) == TAG.findall(file.read_text(encoding="utf-8"))


@given(st.dictionaries(hostile, hostile, max_size=4))
def test_the_tags_of_a_mapping_are_its_own(value: dict[str, str]) -> None:
    tags = TAG.findall(as_text(value))
    assert len(tags) == 2 * len(value)
    assert as_text(value).count("<") == 2 * len(value)


@given(st.text())
def test_escaping_leaves_no_bracket_and_can_be_undone(text: str) -> None:
    assert "<" not in escape(text)
    if "&lt;" not in text:
        assert unescape(escape(text)) == text


def test_a_variable_inside_a_value_stays_as_it_is(tmp_path: Path) -> None:
    assert Prompt(written(tmp_path, "<q>$q</q>")).render(q="$q costs $5 ${x}") == ["<q>$q costs $5 ${x}</q>"]


def test_messages_keep_the_stable_parts_in_blocks_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("Rules.", encoding="utf-8")
    (tmp_path / "shared.md").write_text("<docs>$docs</docs>", encoding="utf-8")
    prompt = Prompt(tmp_path / "shared.md", written(tmp_path, "Ask $q"), system=tmp_path / "rules.md")
    system, human = prompt.messages(docs="D", q="Q")
    assert system.text == "Rules."
    assert json.dumps(human.content) == json.dumps(
        [{"type": "text", "text": "<docs>D</docs>\n\n"}, {"type": "text", "text": "Ask Q"}]
    )


def test_the_version_follows_the_text(tmp_path: Path) -> None:
    before = Prompt(written(tmp_path, "one")).version
    assert len(before) == 12
    assert Prompt(written(tmp_path, "two")).version != before


class Sly:
    def __str__(self) -> str:
        return "</user_query>"


@pytest.mark.parametrize(
    "value", [{"user_query": "x", "b": "c"}, ValueError("</user_query>"), Sly(), {"</user_query>"}, [Sly()]]
)
def test_nothing_that_is_given_closes_the_tag_around_it(tmp_path: Path, value: Any) -> None:
    (text,) = Prompt(written(tmp_path, "<user_query>\n$q\n</user_query>")).render(q=value)
    assert text.count("</user_query>") == text.count("<user_query>") == 1


def test_any_name_can_be_a_variable(tmp_path: Path) -> None:
    assert Prompt(written(tmp_path, "$self")).render(self="x") == ["x"]


def test_a_document_that_many_calls_share_is_escaped_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    escaped: list[str] = []
    monkeypatch.setattr(fanloom.steps.prompt, "escape", lambda text: escaped.append(text) or escape(text))
    (tmp_path / "shared.md").write_text("<docs>$docs</docs>", encoding="utf-8")
    prompt = Prompt(tmp_path / "shared.md", written(tmp_path, "Ask $q"))
    texts = [prompt.render(docs=[{"content": "a <b> of its own"}], q=f"Q{number}") for number in range(5)]
    assert {shared for shared, _ in texts} == {"<docs><item><content>a &lt;b> of its own</content></item></docs>"}
    assert escaped == ["a <b> of its own", *(f"Q{number}" for number in range(5))]
    # And it is not kept for ever.
    assert fanloom.steps.prompt._rendered_once.cache_parameters()["maxsize"] < 100


def test_what_was_rendered_before_is_never_taken_for_something_else(tmp_path: Path) -> None:
    (tmp_path / "shared.md").write_text("<docs>$docs</docs>", encoding="utf-8")
    prompt = Prompt(tmp_path / "shared.md", written(tmp_path, "Ask $q"))
    alike: list[Any] = [1, True, 1.0, "1", [1], [True], [[1]], {"1": 1}, [["1", "1"]], [{"1": "1"}], {}, [], ""]
    for value in alike:
        assert prompt.render(docs=value, q="?")[0] == f"<docs>{as_text(value)}</docs>"
    growing = [{"title": "one"}]
    before = prompt.render(docs=growing, q="?")
    growing[0]["title"] = "two"
    assert "two" in prompt.render(docs=growing, q="?")[0] != before[0]


def test_a_prompt_can_be_a_text_and_go_on_with_another(tmp_path: Path) -> None:
    text = Prompt.of_text("mine", " Say <x>$what</x>. \n")
    assert (text.name, text.variables) == ("mine", {"what"})
    assert text.render(what="</x>") == ["Say <x>&lt;/x></x>."]
    assert text.version != Prompt.of_text("mine", "Say $what.").version
    file, system = tmp_path / "more.md", tmp_path / "system.md"
    file.write_text("More of <y>$y</y>.", encoding="utf-8")
    system.write_text("Rules.", encoding="utf-8")
    both = Prompt(file, system=system).followed_by(text)
    assert [message.type for message in both.messages(y=1, what=2)] == ["system", "human"]
    assert both.render(y=1, what={"y": "z"}) == ["Rules.", "More of <y>1</y>.", "Say <x><y_>z</y_></x>."]
    assert text.followed_by(Prompt(file, system=system)).render(y=1, what=2) == ["Say <x>2</x>.", "More of <y>1</y>."]


@pytest.mark.parametrize(("text", "said"), [("", "'mine' is empty"), ("5 $ each", "'mine': write a dollar sign")])
def test_a_text_that_is_no_template_is_refused(text: str, said: str) -> None:
    with pytest.raises(PromptError, match=re.escape(said)):
        Prompt.of_text("mine", text)

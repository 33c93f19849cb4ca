"""Where the boxes of a drawn graph stand: by the longest way, whatever leads back, however long the way is."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fanloom.runlog.graph_layout import placed

NAMES = [f"n{number}" for number in range(8)]


def test_layers_go_by_the_longest_way_and_loops_do_not_matter() -> None:
    edges = [("s", "a"), ("a", "b"), ("a", "c"), ("b", "j"), ("c", "d"), ("d", "j"), ("j", "a"), ("j", "e"), ("s", "e")]
    found = {node["name"]: (node["x"], node["y"]) for node in placed(["s", "a", "b", "c", "d", "j", "e"], edges)}
    assert [found[name][0] for name in "sabcdje"] == [0, 0.2, 0.4, 0.4, 0.6, 0.8, 1]
    assert (found["b"][1], found["c"][1]) == (0.25, 0.75)


def test_a_graph_may_be_longer_than_the_stack() -> None:
    names = [str(number) for number in range(3000)]
    assert placed(names[:2], []) == [{"name": "0", "x": 0.0, "y": 0.25}, {"name": "1", "x": 0.0, "y": 0.75}]
    assert placed(names, list(pairwise(names)))[-1]["x"] == 1
    assert placed([], [("a", "b")]) == []


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=30))
def test_no_two_boxes_stand_on_one_another(edges: list[tuple[str, str]]) -> None:
    found = placed(NAMES, edges)
    assert [node["name"] for node in found] == NAMES
    assert len({(node["x"], node["y"]) for node in found}) == len(NAMES)
    assert all(0 <= node[axis] <= 1 for node in found for axis in ("x", "y"))

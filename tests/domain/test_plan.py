"""Plans: what is understood, and that what is not is named by its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import plan
from halftui.errors import HalfTUIError, Misconfigured, Refused


def _of(**bead: Any) -> dict[str, Any]:
    return {"name": "trip", "beads": [{"title": "one", "key": "a"}, {"title": "two", **bead}]}


def test_all_that_a_plan_can_say() -> None:
    made = plan.read({
        "name": "trip", "integration": True,
        "beads": [
            {"key": 1, "title": "one", "labels": "web", "priority": 0, "due": 5.5, "hold": "later"},
            {"title": "two", "after": [1, {"bead": "hf-1", "kind": "waits-for", "gate": "any-children",
                                           "on_failure": "hold"}], "parent": "hf-2"},
        ],
    })  # fmt: skip
    assert (made.name, made.has_branch, [b.key for b in made.beads]) == ("trip", True, ["1", "#2"])
    assert made.beads[0].fields == {
        "title": "one", "labels": ("web",), "priority": 0, "due": 5.5, "hold": "later"
    }  # fmt: skip
    assert [(w.target, w.kind, w.on_failure, w.gate, w.place) for w in made.beads[1].waits] == [
        ("1", "blocks", "release", "all-children", "beads[1].after[0]"),
        ("hf-1", "waits-for", "hold", "any-children", "beads[1].after[1]"),
    ]
    assert [(e.source, e.target, e.kind) for e in plan.edges_of(made)][-1] == ("#2", "hf-2", "parent-child")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (None, "fields are expected"),
        ([], "fields are expected"),
        ({"name": "x"}, "beads: a plan has 1 to"),
        ({"name": "x", "beads": {}}, "beads: beads is a list"),
        ({"name": 3, "beads": [{"title": "a"}]}, "name: name is a text"),
        ({"name": "x", "integration": "yes", "beads": [{"title": "a"}]}, "integration: integration is true"),
        ({"name": "x", "bead": []}, "bead: this is no field"),
        ({"name": "x", "beads": ["a"]}, r"beads\[0\]: fields are expected"),
        (_of(heading="x"), r"beads\[1\].heading: this is no field"),
        (_of(title=None), r"beads\[1\]: a bead needs a title"),
        (_of(title=1), r"beads\[1\].title: title is a text"),
        (_of(priority="high"), r"beads\[1\].priority: priority is a number"),
        (_of(priority=True), r"beads\[1\].priority: priority is a number"),
        (_of(due="soon"), r"beads\[1\].due: due is a time"),
        (_of(labels=[1, {}]), r"beads\[1\].labels: labels is a text"),
        (_of(labels={}), r"beads\[1\].labels: labels is a list"),
        (_of(key="a"), r"beads\[1\].key: the key a stands there twice"),
        (_of(key="a b"), r"beads\[1\].key: a key has letters"),
        (_of(key=""), r"beads\[1\].key: a key has letters"),
        (_of(parent=["a"]), r"beads\[1\].parent: a key has letters"),
        (_of(after={"bead": "a"}), r"beads\[1\].after: after is a list"),
        (_of(after=[[]]), r"beads\[1\].after\[0\].bead: a key has letters"),
        (_of(after=[{"kind": "blocks"}]), r"beads\[1\].after\[0\]: it says not which bead"),
        (
            _of(after=[{"bead": "a", "on_failure": "no"}]),
            r"beads\[1\].after\[0\].on_failure: on_fail",
        ),
        (_of(after=[{"bead": "a", "gate": 1}]), r"beads\[1\].after\[0\].gate: gate is one of"),
    ],
)
def test_what_is_not_understood_is_named_by_its_place(value: object, place: str) -> None:
    with pytest.raises(Misconfigured, match=f"^{place}") as found:
        plan.read(value)
    assert found.value.hint


@pytest.mark.parametrize("after", [["b"], [{"bead": "b", "kind": "waits-for"}]])
def test_a_circle_is_refused_by_its_keys(after: list[object]) -> None:
    with pytest.raises(Refused, match="wait for each other: a → b → a"):
        plan.read({"name": "x", "beads": [
            {"key": "a", "title": "a", "after": after}, {"key": "b", "title": "b", "after": "a"}
        ]})  # fmt: skip


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "beads", "title", "key", "after", "bead", "kind", "parent", "labels", "due"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_json)
def test_anything_else_is_refused_with_a_sentence(value: object) -> None:
    try:
        plan.read(value)
    except HalfTUIError as error:
        assert error.hint  # noqa: PT017 - either end is right, a bare error is not

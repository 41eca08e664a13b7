"""What blocks a bead, against a slow and obvious computation of the same."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from halftui.domain.graph import BLOCKING, Edge, blockers, cycle, longest, onward_of, outline, path, waves
from halftui.domain.states import BeadState

NAMES = [f"b{n}" for n in range(8)]
KINDS = [*sorted(BLOCKING), "related"]
states_of = st.fixed_dictionaries({n: st.sampled_from(BeadState) for n in NAMES})
edges_of = st.lists(
    st.builds(
        Edge, st.sampled_from(NAMES), st.sampled_from([*NAMES, "missing"]), st.sampled_from(KINDS),
        st.sampled_from(["release", "hold"]), st.sampled_from(["all-children", "any-children"]),
    ),
    max_size=20,
)  # fmt: skip
FINISHED = ("done", "failed", "cancelled")


def _slowly(states: dict[str, BeadState], edges: list[Edge]) -> set[str]:
    found: set[str] = set()
    while True:
        more = {
            e.source
            for e in edges
            if states[e.source].value not in FINISHED
            and e.target in states and _holds(e, states, edges, found)
        }  # fmt: skip
        if more <= found:
            return found
        found |= more


def _holds(edge: Edge, states: dict[str, BeadState], edges: list[Edge], found: set[str]) -> bool:
    state = states[edge.target].value
    if edge.kind == "blocks":
        return state not in FINISHED or (state != "done" and edge.on_failure == "hold")
    if edge.kind == "conditional-blocks":
        return state != "failed"
    if edge.kind == "parent-child":
        return edge.target in found
    if edge.kind == "waits-for":
        children = {e.source for e in edges if e.kind == "parent-child" and e.target == edge.target}
        over = [states[c].value in FINISHED for c in children]
        return bool(over) and not (any(over) if edge.gate == "any-children" else all(over))
    return False


@given(states_of, edges_of)
def test_blocked_is_what_the_rules_say(states: dict[str, BeadState], edges: list[Edge]) -> None:
    assert set(blockers(states, edges)) == _slowly(states, edges)


@given(states_of, edges_of)
def test_waves_hold_each_bead_after_what_it_waits_for(
    states: dict[str, BeadState], edges: list[Edge]
) -> None:
    found = waves(NAMES, edges)
    depth = {bead: number for number, wave in enumerate(found) for bead in wave}
    assert len(depth) == sum(map(len, found))
    for edge in edges:
        if edge.kind in BLOCKING and edge.source in depth and edge.target in NAMES:
            assert depth[edge.target] < depth[edge.source]


def _waits(edges: list[Edge]) -> set[tuple[str, str]]:
    """Return who waits for whom; who waits for children waits for each of them."""
    own = {(e.source, e.target) for e in edges if e.kind in BLOCKING}
    return own | {
        (w.source, c.source)
        for w in edges
        for c in edges
        if w.kind == "waits-for" and c.kind == "parent-child" and c.target == w.target
    }


@given(edges_of)
def test_an_outline_holds_each_bead_once_below_what_it_waits_for(edges: list[Edge]) -> None:
    layers = waves(NAMES, edges)
    steps = {(s, t) for s, t in _waits(edges) if {s, t} <= {b for layer in layers for b in layer}}
    found = outline(layers, edges)
    assert sorted(t.bead for t in found) == sorted(b for layer in layers for b in layer)
    stems: list[str] = []
    for twig in found:
        del stems[twig.depth :]
        above = {t for s, t in steps if s == twig.bead}
        assert above == {*stems[-1:], *twig.more}
        assert len(stems) == twig.depth
        stems.append(twig.bead)


@given(edges_of)
def test_the_longest_way_has_a_bead_of_each_wave(edges: list[Edge]) -> None:
    layers = waves(NAMES, edges)
    way = longest(layers, edges)
    assert len(way) == len(layers)
    assert all((later, sooner) in _waits(edges) for sooner, later in pairwise(way))


@given(edges_of)
def test_a_cycle_is_found_if_there_is_one(edges: list[Edge]) -> None:
    found = cycle(edges)
    in_waves = sum(map(len, waves(NAMES, edges)))
    assert bool(found) == (in_waves < len(NAMES))
    if found:
        assert found[0] == found[-1]
        assert all(step in _waits(edges) for step in pairwise(found))


@given(edges_of, st.sampled_from(NAMES))
def test_onward_are_the_edges_that_can_be_reached(edges: list[Edge], start: str) -> None:
    reached = {start}
    while more := {t for s, t in _waits(edges) if s in reached} - reached:
        reached |= more
    assert {e for e in onward_of([start], edges) if e.kind in BLOCKING} >= {
        e for e in edges if e.source in reached and e.kind in BLOCKING
    }
    bare = onward_of([start], [e for e in edges if e.kind in BLOCKING])
    assert {e.source for e in bare} <= reached


@given(edges_of, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_path_is_a_path(edges: list[Edge], start: str, goal: str) -> None:
    def onward(bead: str) -> list[str]:
        return [e.target for e in edges if e.source == bead]

    way = path(start, goal, onward)
    reached, front = {start}, [start]
    while front:
        front = [t for b in front for t in onward(b) if t not in reached]
        reached |= set(front)
    assert bool(way) == (goal in reached)
    if way:
        assert (way[0], way[-1]) == (start, goal)
        assert all(b in onward(a) for a, b in pairwise(way))


def test_a_merely_open_parent_does_not_block() -> None:
    states = dict.fromkeys(("child", "parent"), BeadState.OPEN)
    assert blockers(states, [Edge("child", "parent", "parent-child")]) == {}


def test_a_blocked_parent_blocks_at_any_depth() -> None:
    count = 5_000
    chain = [Edge(f"b{n}", f"b{n - 1}", "parent-child") for n in range(1, count)]
    states = {f"b{n}": BeadState.OPEN for n in range(count)} | {"x": BeadState.OPEN}
    assert len(blockers(states, [*chain, Edge("b0", "x", "blocks")])) == count
    layers = waves(states, chain)
    assert (len(layers), len(outline(layers, chain)), len(longest(layers, chain))) == (
        count,
        count + 1,
        count,
    )
    assert len(cycle([*chain, Edge("b0", f"b{count - 1}", "blocks")])) == count + 1
    assert len(path(f"b{count - 1}", "b0", lambda b: [e.target for e in chain if e.source == b][:1])) == count

"""Over random boards the kept count of blockers, SQL and the pure rules agree, and nothing deadlocks."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from halftui.domain.graph import ANY_CHILDREN, BLOCKING, NEVER_READY_TYPES, Edge, blockers, is_unmet
from halftui.domain.states import FINISHED, BeadState
from halftui.errors import Denied, NotFound, Refused
from halftui.ops import beads, boards, convoys, edges, views
from halftui.store.store import Rows, Store
from tests.helpers.stores import ANN, BO
from tests.helpers.world import World

COUNT = 7
KINDS = ["blocks", "conditional-blocks", "parent-child", "waits-for", "related"]
NOW = 1_800_000_000.0
bead_of = st.integers(0, COUNT - 1)
step_of = st.one_of(
    st.tuples(
        st.just("link"), bead_of, bead_of, st.sampled_from(KINDS),
        st.sampled_from(["release", "hold"]), st.sampled_from(["all-children", "any-children"]),
    ),
    st.tuples(st.just("unlink"), bead_of, bead_of, st.sampled_from(KINDS)),
    st.tuples(st.just("put"), bead_of, st.sampled_from(["active", "review", "done", "failed", "cancelled"])),
    st.tuples(st.just("reopen"), bead_of),
    st.tuples(st.just("reparent"), bead_of, st.integers(-1, COUNT - 1)),
    st.tuples(st.just("delete"), bead_of),
    st.tuples(st.just("make"), bead_of, bead_of),
    st.tuples(st.just("hold"), bead_of, st.sampled_from(["", "later"])),
    st.tuples(st.just("type"), bead_of, st.sampled_from(["task", "gate"])),
    st.tuples(st.just("later"), bead_of, st.sampled_from([None, NOW - 1, NOW, NOW + 1])),
    st.tuples(st.just("convoy"), bead_of),
    st.tuples(st.just("start"), st.integers(0, 3)),
)  # fmt: skip
Step = tuple[object, ...]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a database in which every example has a board of its own."""
    file: Path = tmp_path_factory.mktemp("props") / "halftui.db"
    with closing(Store(f"sqlite:///{file}", lambda: NOW)) as store:
        store.prepare()
        yield store


@hypothesis_settings(max_examples=40)
@given(steps=st.lists(step_of, max_size=25))
def test_random_boards(shared: Store, steps: list[Step]) -> None:
    _play(shared, steps)


@pytest.mark.parametrize("seed", range(12))
def test_random_boards_on_each_database(store: Store, seed: int) -> None:
    store.clock = lambda: NOW
    draw = random.Random(seed)
    steps: list[Step] = []
    for _ in range(40):
        one, two, kind = draw.randrange(COUNT), draw.randrange(COUNT), draw.choice(KINDS)
        fate = draw.choice(["active", "review", "done", "failed", "cancelled"])
        gate, failing = draw.choice(["all-children", "any-children"]), draw.choice(["release", "hold"])
        steps.append(
            draw.choice(
                [("link", one, two, kind, failing, gate)] * 3
                + [("unlink", one, two, kind), ("put", one, fate), ("reopen", one), ("hold", one, "later")]
                + [("reparent", one, two), ("make", one, two)]
                + [("delete", one)] * (draw.random() < 0.3)
            )
        )
    _play(store, steps)


def _play(store: Store, steps: list[Step]) -> None:
    number = len(store.read(views.boards))
    board = store.write(ANN, boards.create, f"Board {number}", f"/srv/{number}", "main")
    world = World(store, board)
    ids = [world.bead(str(n)) for n in range(COUNT)]
    for step in steps:
        _step(world, ids, step)
        _compare(world)
    _finish_all(world)


def _step(world: World, ids: list[str], step: Step) -> None:
    before = world.ask(_graph, world.board)
    try:
        name, first, *rest = step
        _STEPS[str(name)](world, ids, int(str(first)), *rest)
    except NotFound:  # one of them was deleted
        assert world.ask(_graph, world.board) == before
        is_cycle = False
    except (Refused, Denied) as refused:  # nobody approves their own work, and the like
        assert world.ask(_graph, world.board) == before
        is_cycle = "cycle" in refused.message
    else:
        is_cycle = False
    if is_cycle:
        kind = ("parent-child",) if name == "reparent" else map(str, step[3:])
        extra = Edge(*(ids[int(str(n))] for n in step[1:3]), *kind)
        kept = {e for e in before[1] if name == "link" or e.source != extra.source or e.kind != extra.kind}
        assert _has_cycle(frozenset(kept | {extra}))


def _link(world: World, ids: list[str], one: int, two: int, *more: str) -> None:
    world.do(edges.link, ids[one], ids[two], *more)


def _reparent(world: World, ids: list[str], one: int, parent: int) -> None:
    world.do(edges.reparent, ids[one], ids[parent] if parent >= 0 else "")


def _make(world: World, ids: list[str], one: int, parent: int) -> None:
    """Make a bead in the place of one that was deleted."""
    gone = [n for n, bead in enumerate(ids) if bead not in world.ask(_graph, world.board)[0]]
    if gone:
        ids[gone[0]] = world.bead("anew", after_beads=[ids[one]], parent=ids[parent])


def _put(world: World, ids: list[str], one: int, state: str) -> None:
    if world.lane(ids[one]) == "ready":
        world.put(ids[one], state)
    elif world.state(ids[one]) in ("open", "active"):
        world.do(beads.cancel, ids[one])


def _start(world: World, _ids: list[str], count: int) -> None:
    for convoy in world.ask(views.convoys, world.board)[:count]:
        world.do(convoys.start, convoy.id)


_STEPS: dict[str, Callable[..., object]] = {
    "link": _link,
    "unlink": lambda world, ids, one, two, kind: world.do(edges.unlink, ids[one], ids[two], kind),
    "put": _put,
    "reopen": lambda world, ids, one: world.do(beads.reopen, ids[one]),
    "reparent": _reparent,
    "delete": lambda world, ids, one: world.do(beads.delete, ids[one]),
    "make": _make,
    "hold": lambda world, ids, one, reason: world.do(beads.hold, ids[one], reason),
    "type": lambda world, ids, one, kind: world.do(beads.edit, ids[one], type=kind),
    "later": lambda world, ids, one, at: world.do(beads.edit, ids[one], not_before=at),
    "convoy": lambda world, ids, one: world.do(convoys.create, world.board, "trip", [ids[one]]),
    "start": _start,
}


def _graph(rows: Rows, board: str) -> tuple[Mapping[str, BeadState], frozenset[Edge]]:
    beads_ = rows.rows("SELECT id, state FROM bead WHERE board_id = :b", b=board)
    found = rows.rows(
        "SELECT e.source, e.target, e.kind, e.on_failure, e.gate FROM edge e JOIN bead b ON b.id = e.source"
        " WHERE b.board_id = :b",
        b=board,
    )
    return {str(i): BeadState(s) for i, s in beads_}, frozenset(Edge(*map(str, row)) for row in found)


def _compare(world: World) -> None:
    states, links = world.ask(_graph, world.board)
    assert not _has_cycle(links)
    stuck = set(blockers(states, links))
    rows = world.ask(
        lambda r: r.rows(
            "SELECT b.id, b.blockers, b.type, b.hold, b.not_before, coalesce(c.state, '') FROM bead b"
            " LEFT JOIN convoy c ON c.id = b.convoy_id WHERE b.board_id = :b",
            b=world.board,
        )
    )
    assert {str(r[0]) for r in rows if r[1] > 0} == stuck
    times = {str(r[0]): r[4] for r in rows}
    later = {bead for bead, at in times.items() if at is not None and at > NOW}
    ready = {
        str(bead)
        for bead, _, kind, hold, _, convoy in rows
        if states[str(bead)] is BeadState.OPEN and bead not in stuck and kind not in NEVER_READY_TYPES
        and not hold and convoy != "staged" and bead not in later
        and not any(e.source == bead and e.kind == "parent-child" and e.target in later for e in links)
    }  # fmt: skip
    assert {c.id for c in world.ask(views.lane, world.board, "ready").cards} == ready
    open_ones = {b for b, s in states.items() if s is BeadState.OPEN}
    assert {c.id for c in world.ask(views.lane, world.board, "blocked").cards} == open_ones - ready
    for bead in open_ones - ready:
        assert world.shown(bead).why, bead
    for bead in ready:
        assert world.shown(bead).why == ()


def _has_cycle(links: frozenset[Edge]) -> bool:
    """Return True if some bead waits for itself; who waits for children waits for each of them."""
    steps = {(e.source, e.target) for e in links if e.kind in BLOCKING}
    for wait in (e for e in links if e.kind == "waits-for"):
        steps |= {
            (wait.source, c.source) for c in links if c.kind == "parent-child" and c.target == wait.target
        }
    while steps:
        waiting = {source for source, _ in steps}
        left = {(s, t) for s, t in steps if t in waiting}
        if left == steps:
            return True
        steps = left
    return False


def _finish_all(world: World) -> None:
    """Whatever was linked, everything can be finished, or waits for something that can be named."""
    for convoy in world.ask(views.convoys, world.board):
        if convoy.state == "staged" and convoy.total:
            world.do(convoys.start, convoy.id)
    while True:
        states, links = world.ask(_graph, world.board)
        stuck = set(blockers(states, links))
        going = [b for b, s in states.items() if s in ("open", "active", "review") and b not in stuck]
        if not going:
            break
        world.do(beads.cancel, going[0])
    assert {b for b, s in states.items() if s is BeadState.OPEN} <= _explained(states, links)


def _explained(states: Mapping[str, BeadState], links: frozenset[Edge]) -> set[str]:
    """Return the beads that wait, over any way, for something finished otherwise than they wanted."""
    steps = {(e.source, e.target) for e in links if e.kind in BLOCKING} | _through_children(links)
    found = {
        e.source for e in links
        if e.kind in ("blocks", "conditional-blocks") and is_unmet(e, states, lambda _: ())
        and states[e.target] in FINISHED
    }  # fmt: skip
    while more := {source for source, target in steps if target in found} - found:
        found |= more
    return found


def _through_children(links: frozenset[Edge]) -> set[tuple[str, str]]:
    waits = [e for e in links if e.kind == "waits-for"]
    return {
        (w.source, c.source)
        for w in waits
        for c in links
        if c.kind == "parent-child" and c.target == w.target
    }


def test_a_gate_of_any_children_opens_with_the_first(world: World) -> None:
    parent, waiter = world.bead(), world.bead()
    children = [world.bead(parent=parent) for _ in range(3)]
    world.do(edges.link, waiter, parent, "waits-for", gate=ANY_CHILDREN)
    assert world.lane(waiter) == "blocked"
    world.put(children[1], "done")
    assert world.lane(waiter) == "ready"
    world.store.write(BO, beads.reopen, children[1])
    assert world.lane(waiter) == "blocked"

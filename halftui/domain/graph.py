"""What blocks a bead: the rules over edges, as pure functions without recursion.

Only a parent's being blocked spreads; every other edge looks at its target's state alone. So an
unfinished bead is blocked if one of its own edges is unmet, or a parent is blocked, at any depth;
a finished bead is never blocked.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from halftui.domain.states import FINISHED, BeadState


class EdgeKind(StrEnum):
    """The kinds of edges that can block; any other kind is kept and never blocks."""

    BLOCKS = "blocks"
    CONDITIONAL = "conditional-blocks"
    PARENT = "parent-child"
    WAITS_FOR = "waits-for"


BLOCKING = frozenset(k.value for k in EdgeKind)
NEVER_READY_TYPES = frozenset({"merge-request", "gate", "molecule", "message", "agent", "role", "rig"})
# Why a bead is set aside: one of these marks, which stay whatever is done with it, or the word of a
# status from elsewhere, which the next move ends.
MARKS = frozenset({"pin", "ephemeral", "template"})
PINNED = "pinned"  # the status of a standing note, which is no work: it neither waits nor lets wait
RELEASE, HOLD = ON_FAILURE = ("release", "hold")
ALL_CHILDREN, ANY_CHILDREN = GATES = ("all-children", "any-children")


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` depends on `target`; for a parent-child edge the target is the parent."""

    source: str
    target: str
    kind: str
    on_failure: str = RELEASE
    gate: str = ALL_CHILDREN


States = Mapping[str, BeadState]


def standing(state: BeadState, aside: str) -> BeadState:
    """Return the state that a bead has for those around it: a pinned one counts as done."""
    return BeadState.DONE if aside == PINNED and state not in FINISHED else state


def is_unmet(edge: Edge, states: States, children: Callable[[str], Iterable[str]]) -> bool:
    """Return True if this edge alone blocks its source; a missing target never blocks."""
    target = states.get(edge.target)
    if target is None:
        return False
    match edge.kind:
        case EdgeKind.BLOCKS:
            return _holds(target, edge.on_failure)
        case EdgeKind.CONDITIONAL:
            return target is not BeadState.FAILED
        case EdgeKind.WAITS_FOR:
            offspring = [states[c] for c in children(edge.target) if c in states]
            is_open = any(s not in FINISHED for s in offspring)
            if edge.gate == ANY_CHILDREN:
                return is_open and not any(s in FINISHED for s in offspring)
            return is_open
    return False


def blockers(states: States, edges: Iterable[Edge]) -> dict[str, int]:
    """Return for each blocked bead how many unmet edges and blocked parents it has."""
    edges = [e for e in edges if states.get(e.source, BeadState.DONE) not in FINISHED or _is_parent(e)]
    children: dict[str, list[str]] = {}
    for edge in edges:
        if _is_parent(edge):
            children.setdefault(edge.target, []).append(edge.source)

    def children_of(bead: str) -> list[str]:
        return children.get(bead, [])

    counts = Counter(e.source for e in edges if is_unmet(e, states, children_of))
    waiting = list(counts)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if states.get(child, BeadState.DONE) not in FINISHED:
                counts[child] += 1
                if counts[child] == 1:
                    waiting.append(child)
    return dict(counts)


def blocked(states: States, edges: Iterable[Edge]) -> frozenset[str]:
    """Return the ids of all blocked beads."""
    return frozenset(blockers(states, edges))


def cycle(edges: Iterable[Edge]) -> list[str]:
    """Return a cycle of beads that wait, its first bead named again at its end, or [] if there is none.

    Who waits for the children of a bead waits for each of them. Of several cycles it is always the
    same one, whatever the order of the edges.
    """
    onward: dict[_Stop, set[_Stop]] = {}
    back: dict[_Stop, list[_Stop]] = {}
    for here, there in _steps(edges):
        if there not in onward.setdefault(here, set()):
            onward[here].add(there)
            back.setdefault(there, []).append(here)
    ends = [stop for stop in back if not onward.get(stop)]
    while ends:  # what leads nowhere is on no cycle
        end = ends.pop()
        for stop in back.get(end, ()):
            onward[stop].discard(end)
            if not onward[stop]:
                ends.append(stop)
    left = [stop for stop, targets in onward.items() if targets]
    beads = [bead for bead, is_family in _round(min(left), onward) if not is_family] if left else []
    return [*beads, *beads[:1]]


def path(start: str, goal: str, onward: Callable[[str], Iterable[str]]) -> list[str]:
    """Return the shortest way from `start` to `goal`, both named, or [] if there is none."""
    came: dict[str, str] = {start: ""}
    front = [start]
    while front:
        ahead: list[str] = []
        for here in front:
            if here == goal:
                return _walk_back(came, here)
            for there in onward(here):
                if there not in came:
                    came[there] = here
                    ahead.append(there)
        front = ahead
    return []


def waves(beads: Iterable[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the beads in layers, each layer after all it waits for; cycles are left out."""
    members = set(beads)
    needs = {b: 0 for b in members}
    dependants: dict[str, list[str]] = {}
    for edge in edges:
        if edge.kind in BLOCKING and edge.source in members and edge.target in members:
            needs[edge.source] += 1
            dependants.setdefault(edge.target, []).append(edge.source)
    layers: list[list[str]] = []
    layer = sorted(b for b, count in needs.items() if not count)
    while layer:
        layers.append(layer)
        ahead = []
        for bead in layer:
            for later in dependants.get(bead, ()):
                needs[later] -= 1
                if not needs[later]:
                    ahead.append(later)
        layer = sorted(ahead)
    return layers


def _is_parent(edge: Edge) -> bool:
    return edge.kind == EdgeKind.PARENT


# A bead, or (True) its children together: so many waiting for many children stay few steps.
_Stop = tuple[str, bool]


def _steps(edges: Iterable[Edge]) -> Iterator[tuple[_Stop, _Stop]]:
    for edge in edges:
        source, target, family = (edge.source, False), (edge.target, False), (edge.target, True)
        if edge.kind in BLOCKING:
            yield source, target
        if edge.kind == EdgeKind.WAITS_FOR:
            yield source, family
        if _is_parent(edge):
            yield family, source


def _round(start: _Stop, onward: Mapping[_Stop, Collection[_Stop]]) -> list[_Stop]:
    """Return the stops of the cycle that the way from `start` on runs into, each once."""
    seen: dict[_Stop, None] = {}
    here = start
    while here not in seen:
        seen[here] = None
        here = min(onward[here])
    way = list(seen)
    return way[way.index(here) :]


def _holds(target: BeadState, on_failure: str) -> bool:
    if target is BeadState.DONE:
        return False
    return target not in FINISHED or on_failure == HOLD


def _walk_back(came: Mapping[str, str], last: str) -> list[str]:
    way = [last]
    while came[way[-1]]:
        way.append(came[way[-1]])
    return way[::-1]

"""What blocks a bead: the rules over edges, as pure functions without recursion.

Only a parent's being blocked spreads; every other edge looks at its target's state alone. So an
unfinished bead is blocked if one of its own edges is unmet, or a parent is blocked, at any depth;
a finished bead is never blocked.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

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


class Edge(NamedTuple):
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


def onward_of(beads: Iterable[str], edges: Iterable[Edge]) -> list[Edge]:
    """Return the edges that these beads wait over, at any distance; children of a target among them."""
    edges = list(edges)
    leaving: dict[str, list[Edge]] = {}
    entering: dict[str, list[str]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
        if _is_parent(edge):
            entering.setdefault(edge.target, []).append(edge.source)
    seen = set(beads)
    waiting = list(seen)
    while waiting:
        here = waiting.pop()
        for edge in leaving.get(here, ()):
            children = entering.get(edge.target, ()) if edge.kind == EdgeKind.WAITS_FOR else ()
            new = {edge.target, *children} - seen
            seen |= new
            waiting += new
    return [edge for edge in edges if edge.source in seen]


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
    """Return the beads in layers, each layer after all it waits for; cycles are left out.

    Within a layer they stand in the order in which they were given.
    """
    order = {bead: number for number, bead in enumerate(beads)}
    needs = dict.fromkeys(order, 0)
    dependants: dict[str, list[str]] = {}
    for source, target in _waits(edges):
        if source in order and target in order:
            needs[source] += 1
            dependants.setdefault(target, []).append(source)
    layers: list[list[str]] = []
    layer = [b for b, count in needs.items() if not count]
    while layer:
        layers.append(sorted(layer, key=order.__getitem__))
        ahead = []
        for bead in layer:
            for later in dependants.get(bead, ()):
                needs[later] -= 1
                if not needs[later]:
                    ahead.append(later)
        layer = ahead
    return layers


class Twig(NamedTuple):
    """A bead in an outline, below one of those that it waits for; `more` are the others."""

    bead: str
    depth: int
    more: tuple[str, ...] = ()


def outline(layers: Sequence[Sequence[str]], edges: Sequence[Edge]) -> list[Twig]:
    """Return the beads of these waves as a tree, line by line: each below the last one that it waits for."""
    wave = {bead: number for number, layer in enumerate(layers) for bead in layer}
    place = {bead: number for number, bead in enumerate(wave)}
    above: dict[str, dict[str, None]] = {}
    for source, target in _waits(edges):
        if source in wave and target in wave:
            above.setdefault(source, {})[target] = None
    stem = {
        bead: max(targets, key=lambda t: (wave[t], -place[t])) for bead, targets in above.items()
    }  # fmt: skip
    below: dict[str, list[str]] = {}
    for bead in place:
        if bead in stem:
            below.setdefault(stem[bead], []).append(bead)
    found: list[Twig] = []
    left = [(bead, 0) for bead in place if bead not in stem][::-1]
    while left:
        bead, depth = left.pop()
        more = [target for target in above.get(bead, ()) if target != stem[bead]]
        found.append(Twig(bead, depth, tuple(sorted(more, key=place.__getitem__))))
        left += [(child, depth + 1) for child in reversed(below.get(bead, ()))]
    return found


def longest(layers: Sequence[Sequence[str]], edges: Sequence[Edge]) -> list[str]:
    """Return the longest way through these waves, from what comes first to what comes last."""
    wave = {bead: number for number, layer in enumerate(layers) for bead in layer}
    before: dict[str, str] = {}
    for source, target in _waits(edges):
        if source in wave and target in wave and wave[target] == wave[source] - 1:
            before.setdefault(source, target)
    way = [layers[-1][0]] if layers else []
    while way and way[-1] in before:
        way.append(before[way[-1]])
    return way[::-1]


def _is_parent(edge: Edge) -> bool:
    return edge.kind == EdgeKind.PARENT


def _waits(edges: Iterable[Edge]) -> Iterator[tuple[str, str]]:
    """Yield who waits for whom; the children of a bead whose children are waited for are among them."""
    edges = [edge for edge in edges if edge.kind in BLOCKING]
    children: dict[str, list[str]] = {}
    for edge in edges:
        yield edge.source, edge.target
        if _is_parent(edge):
            children.setdefault(edge.target, []).append(edge.source)
    for edge in edges:
        if edge.kind == EdgeKind.WAITS_FOR:
            yield from ((edge.source, child) for child in children.get(edge.target, ()))


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

"""A board under two engines that may crash at any time, against a model that shares no code with its SQL."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from halftui.domain.actor import ENGINE, PATROL
from halftui.domain.graph import BLOCKING, Edge
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.domain.states import FINISHED, BeadState, ConvoyState
from halftui.errors import Conflict, Denied, Refused
from halftui.ops import agents, attempts, beads, boards, convoys, edges, views
from halftui.ops.attempts import Claim
from halftui.store.store import Store
from halftui.store.tx import Tx
from tests.helpers.claimers import expired
from tests.helpers.model import Held, Model, Piece, has_cycle, waiting
from tests.helpers.model import states as states_of
from tests.helpers.replay import Replay
from tests.helpers.stores import ANN, BO, Clock

LEASE = 30.0
MOST_BEADS = 12
OPEN, ACTIVE, REVIEW, DONE = BeadState.OPEN, BeadState.ACTIVE, BeadState.REVIEW, BeadState.DONE
FAILED, CANCELLED = BeadState.FAILED, BeadState.CANCELLED
numbers = st.integers(0, MOST_BEADS - 1)
engines = st.sampled_from((0, 1))


class Crash(Exception):
    """The process dies here, before its commit."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a prepared file, in memory if the machine has such a place."""
    place = Path("/dev/shm")
    base = place if place.is_dir() and os.access(place, os.W_OK) else tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(prefix="halftui-machine-", dir=base))
    file = folder / "template.db"
    made = Store(f"sqlite:///{file}")
    made.prepare()
    made.close()
    yield file
    shutil.rmtree(folder)


class Machine(RuleBasedStateMachine):
    """Two engines and some people on one board."""

    template: Path

    @initialize(cap=st.integers(1, 3), board_cap=st.integers(1, 4))
    def open(self, cap: int, board_cap: int) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=self.template.parent))
        file = self.folder / "board.db"
        shutil.copy(self.template, file)
        self.clock = Clock()
        self.stores = [Store(f"sqlite:///{file}", self.clock) for _ in range(2)]
        self.board = self.stores[0].write(ANN, boards.create, "Half", "/srv/half", "main", cap=board_cap)
        self.model = Model(cap=cap, board_cap=board_cap)
        self.mine: list[dict[str, Held]] = [{}, {}]  # by attempt
        self.ghosts: list[Held] = []
        self.replay = Replay()

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()
            shutil.rmtree(self.folder)

    # words

    def bead(self, number: int) -> str:
        ids = list(self.model.beads)
        return ids[number % len(ids)]

    def do(self, op: Callable[..., object], *args: object, **more: object) -> object:
        return self.stores[0].write(ANN, op, *args, **more)

    @contextmanager
    def allowed_if(self, condition: bool) -> Iterator[list[bool]]:
        """The op inside has to go through if the condition holds, and to be refused else."""
        went: list[bool] = []
        before = self.stores[0].read(views.last_seq)
        try:
            yield went
            went.append(True)
        except (Refused, Conflict, Denied):
            assert self.stores[0].read(views.last_seq) == before, "a refusal left something behind"
        assert bool(went) is condition

    def close(self, bead: str, state: BeadState) -> None:
        piece = self.model.beads[bead]
        piece.state = state
        if piece.convoy:
            self.model.land(piece.convoy)

    # people

    @precondition(lambda self: len(self.model.beads) < MOST_BEADS)
    @rule(priority=st.integers(0, 4), waits=st.lists(numbers, max_size=2), part=st.none() | numbers,
          hold=st.sampled_from(("", "", "", "later")))  # fmt: skip
    def create(self, priority: int, waits: list[int], part: int | None, hold: str) -> None:
        known = self.model.beads
        targets = {self.bead(n) for n in waits} if known else set()
        parent = self.bead(part) if known and part is not None else ""
        ident = ""

        def links() -> set[Edge]:
            family = {Edge(ident, parent, "parent-child")} if parent else set()
            return {Edge(ident, target, "blocks") for target in targets} | family

        with self.allowed_if(not has_cycle(self.model.edges | links())) as went:
            made = self.do(
                beads.create, self.board, "work", priority=priority, after_beads=sorted(targets),
                parent=parent, hold=hold,
            )  # fmt: skip
        if went:
            ident = str(made)
            known[ident] = Piece(priority=priority, hold=hold)
            self.model.edges |= links()

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers, two=numbers, kind=st.sampled_from(sorted(BLOCKING)),
          failing=st.sampled_from(("release", "hold")))  # fmt: skip
    def link(self, one: int, two: int, kind: str, failing: str) -> None:
        source, target = self.bead(one), self.bead(two)
        fresh = Edge(source, target, kind, failing)
        kept = {e for e in self.model.edges if (e.source, e.target, e.kind) != (source, target, kind)}
        with self.allowed_if(not has_cycle(kept | {fresh})) as went:
            self.do(edges.link, source, target, kind, failing)
        if went:
            self.model.edges = kept | {fresh}

    @precondition(lambda self: self.model.edges)
    @rule(number=st.integers(0, 50))
    def unlink(self, number: int) -> None:
        ordered = sorted(self.model.edges, key=repr)
        edge = ordered[number % len(ordered)]
        self.do(edges.unlink, edge.source, edge.target, edge.kind)
        self.model.edges.discard(edge)

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers, reason=st.sampled_from(("", "wait")))
    def hold(self, one: int, reason: str) -> None:
        self.do(beads.hold, self.bead(one), reason)
        self.model.beads[self.bead(one)].hold = reason

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def dispatch(self, one: int) -> None:
        piece = self.model.beads[self.bead(one)]
        is_staged = self.model.convoys.get(piece.convoy) is ConvoyState.STAGED
        with self.allowed_if(piece.state is OPEN and not is_staged) as went:
            self.do(beads.dispatch, self.bead(one))
        if went:
            piece.hold, piece.retry_at = "", 0.0

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def take_by_hand(self, one: int) -> None:
        bead = self.bead(one)
        piece = self.model.beads[bead]
        is_free = piece.state is OPEN and bead not in self.model.blocked() and bead not in self.model.live
        with self.allowed_if(is_free or (piece.state is ACTIVE and piece.by_hand)) as went:
            self.do(beads.claim, bead)
        if went:
            piece.state, piece.by_hand = ACTIVE, True

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def hand_in(self, one: int) -> None:
        piece = self.model.beads[self.bead(one)]
        with self.allowed_if(piece.state is ACTIVE and piece.by_hand) as went:
            self.do(beads.submit, self.bead(one), "made")
        if went:
            piece.state = REVIEW

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def release(self, one: int) -> None:
        bead = self.bead(one)
        piece = self.model.beads[bead]
        with self.allowed_if(piece.state is ACTIVE or bead in self.model.live) as went:
            self.do(beads.release, bead, "give it back")
        if not went:
            return
        if bead in self.model.live:
            self.model.live[bead].stop = True
        else:
            piece.state, piece.by_hand = OPEN, False

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def approve(self, one: int) -> None:
        with self.allowed_if(self.model.beads[self.bead(one)].state is REVIEW) as went:
            self.stores[1].write(BO, beads.approve, self.bead(one), "c0ffee")
        if went:
            self.close(self.bead(one), DONE)

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def reject(self, one: int) -> None:
        piece = self.model.beads[self.bead(one)]
        with self.allowed_if(piece.state is REVIEW) as went:
            self.do(beads.reject, self.bead(one), "not yet")
        if went:
            piece.state, piece.by_hand = OPEN, False

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def give_up(self, one: int) -> None:
        bead = self.bead(one)
        is_by_hand = self.model.beads[bead].state is ACTIVE and bead not in self.model.live
        with self.allowed_if(is_by_hand) as went:
            self.do(beads.fail, bead, "no way")
        if went:
            self.close(bead, FAILED)

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def cancel(self, one: int) -> None:
        bead = self.bead(one)
        with self.allowed_if(self.model.beads[bead].state not in FINISHED) as went:
            self.do(beads.cancel, bead, "not needed")
        if went:
            self.drop(bead)

    def drop(self, bead: str) -> None:
        if bead in self.model.live:
            self.model.live[bead].stop = True
        self.close(bead, CANCELLED)

    @precondition(lambda self: self.model.beads)
    @rule(one=numbers)
    def reopen(self, one: int) -> None:
        bead = self.bead(one)
        piece = self.model.beads[bead]
        with self.allowed_if(piece.state in FINISHED and bead not in self.model.live) as went:
            self.do(beads.reopen, bead)
        if went:
            piece.state, piece.by_hand, piece.retry_at = OPEN, False, 0.0
            if self.model.convoys.get(piece.convoy) is ConvoyState.LANDED:
                self.model.convoys[piece.convoy] = ConvoyState.MOVING

    @precondition(lambda self: self.model.beads)
    @rule(members=st.lists(numbers, min_size=1, max_size=4))
    def gather(self, members: list[int]) -> None:
        ids = sorted({self.bead(n) for n in members})
        under_way = (ConvoyState.STAGED, ConvoyState.MOVING)
        busy = any(self.model.convoys.get(self.model.beads[b].convoy) in under_way for b in ids)
        with self.allowed_if(not busy) as went:
            convoy = str(self.do(convoys.create, self.board, "trip", ids))
        if went:
            self.model.convoys[convoy] = ConvoyState.STAGED
            for bead in ids:
                self.model.beads[bead].convoy = convoy

    @precondition(lambda self: self.model.convoys)
    @rule(number=st.integers(0, 9))
    def set_off(self, number: int) -> None:
        convoy = list(self.model.convoys)[number % len(self.model.convoys)]
        members = any(p.convoy == convoy for p in self.model.beads.values())
        with self.allowed_if(self.model.convoys[convoy] is ConvoyState.STAGED and members) as went:
            self.do(convoys.start, convoy)
        if went:
            self.model.convoys[convoy] = ConvoyState.MOVING
            self.model.land(convoy)

    @precondition(lambda self: self.model.convoys)
    @rule(number=st.integers(0, 9))
    def call_off(self, number: int) -> None:
        convoy = list(self.model.convoys)[number % len(self.model.convoys)]
        is_under_way = self.model.convoys[convoy] in (ConvoyState.STAGED, ConvoyState.MOVING)
        with self.allowed_if(is_under_way) as went:
            self.do(convoys.cancel, convoy)
        if went:
            self.model.convoys[convoy] = ConvoyState.CANCELLED
            for bead, piece in self.model.beads.items():
                if piece.convoy == convoy and piece.state not in FINISHED:
                    self.drop(bead)

    @rule(is_paused=st.booleans())
    def pause(self, is_paused: bool) -> None:
        self.do(boards.pause, self.board, is_paused=is_paused)
        self.model.is_paused = is_paused

    @rule(cap=st.integers(0, 4))
    def set_cap(self, cap: int) -> None:
        self.do(boards.edit, self.board, cap=cap)
        self.model.board_cap = cap

    @rule(number=st.integers(0, 9))
    def retire(self, number: int) -> None:
        known = sorted(self.replay.agents)
        if not known:
            return
        busy = {h.claim.agent_id for h in self.model.live.values()}
        with self.allowed_if(known[number % len(known)] not in busy):
            self.do(agents.retire, known[number % len(known)])

    # engines

    @rule(engine=engines)
    def claim(self, engine: int) -> None:
        ready = self.model.dispatchable(self.clock.now)
        claim = self._claim(engine)
        assert (claim is not None) is bool(ready)
        if claim is None:
            return
        assert claim.bead in ready
        first = min(self.model.beads[b].priority for b in ready)
        assert self.model.beads[claim.bead].priority == first
        busy = {h.claim.agent_id for h in self.model.live.values()}
        assert claim.agent_id not in busy, "an agent has two beads"
        piece = self.model.beads[claim.bead]
        piece.state, piece.epoch = ACTIVE, piece.epoch + 1
        piece.by_hand = False
        assert claim.epoch == piece.epoch
        held = Held(claim, self.clock.now + LEASE)
        self.model.live[claim.bead] = self.mine[engine][claim.attempt] = held

    def _claim(self, engine: int) -> Claim | None:
        return self.stores[engine].write(ENGINE, attempts.claim, self.board, LEASE, self.model.cap, POOL[:3])

    @rule(engine=engines)
    def crash_while_claiming(self, engine: int) -> None:
        def dies(tx: Tx) -> None:
            attempts.claim(tx, self.board, LEASE, self.model.cap, POOL[:3])
            raise Crash

        with contextlib.suppress(Crash):
            self.stores[engine].write(ENGINE, dies)

    @rule(engine=engines)
    def crash(self, engine: int) -> None:
        self.ghosts += self.mine[engine].values()
        self.mine[engine] = {}

    @precondition(lambda self: any(self.mine))
    @rule(engine=engines, number=st.integers(0, 9))
    def begin(self, engine: int, number: int) -> None:
        if (held := self._held(engine, number)) is not None and not held.is_started:
            self._late(held, attempts.start, "local", "x")
            held.is_started = True

    @precondition(lambda self: any(self.mine))
    @rule(engine=engines)
    def renew(self, engine: int) -> None:
        for held in list(self.mine[engine].values()):
            if self._late(held, attempts.renew, LEASE):
                held.lease_until = self.clock.now + LEASE
            else:
                del self.mine[engine][held.claim.attempt]

    @precondition(lambda self: any(self.mine))
    @rule(engine=engines, number=st.integers(0, 9), outcome=st.sampled_from(Outcome))
    def end(self, engine: int, number: int, outcome: Outcome) -> None:
        if (held := self._held(engine, number)) is not None:
            self._end(held, outcome)
            self.mine[engine].pop(held.claim.attempt)

    @precondition(lambda self: self.ghosts)
    @rule(number=st.integers(0, 9), outcome=st.sampled_from(Outcome))
    def late_end(self, number: int, outcome: Outcome) -> None:
        """A process that was thought dead writes after all: it counts only if nobody took over."""
        self._end(self.ghosts.pop(number % len(self.ghosts)), outcome)

    def _held(self, engine: int, number: int) -> Held | None:
        held = list(self.mine[engine].values())
        return held[number % len(held)] if held else None

    def _is_over(self, held: Held) -> bool:
        return self.model.live.get(held.claim.bead) is not held

    def _late(self, held: Held, op: Callable[..., object], *args: object) -> bool:
        try:
            self.stores[1].write(ENGINE, op, held.claim.attempt, held.claim.epoch, *args)
        except Conflict:
            assert self._is_over(held)
            return False
        assert not self._is_over(held)
        return True

    def _end(self, held: Held, outcome: Outcome) -> None:
        if self._late(held, attempts.end, outcome, "exit", "done"):
            self._over(held, outcome)

    def _over(self, held: Held, outcome: Outcome) -> None:
        """Take over into the model what the end of an attempt did, as far as it is not a choice."""
        del self.model.live[held.claim.bead]
        piece = self.model.beads[held.claim.bead]
        if piece.state is not ACTIVE:
            return
        piece.state = REVIEW if outcome is Outcome.PASSED else OPEN
        row = self.stores[0].read(waiting, held.claim.bead)
        piece.hold, piece.retry_at = row
        if outcome is Outcome.STOPPED:
            assert piece.hold

    @rule(seconds=st.sampled_from((1, 20, 31, 121, 4000)))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(engine=engines)
    def patrol(self, engine: int) -> None:
        mine = self.mine[engine]
        for attempt, epoch in self.stores[engine].read(expired):
            if attempt not in mine:
                self.stores[engine].write(
                    PATROL, attempts.end, attempt, epoch, Outcome.LOST, "lost", "its lease ran out"
                )
        for held in list(self.model.live.values()):
            if held.lease_until < self.clock.now and held.claim.attempt not in mine:
                self._over(held, Outcome.LOST)

    # what holds at any time

    @invariant()
    def the_database_is_the_model(self) -> None:
        states, counts, owners, live = self.stores[0].read(states_of)
        assert states == {bead: piece.state for bead, piece in self.model.beads.items()}
        assert {b for b, count in counts.items() if count} == self.model.blocked()
        assert live == sorted((h.claim.bead, h.claim.attempt) for h in self.model.live.values())
        for bead, piece in self.model.beads.items():
            if piece.state is ACTIVE:
                expected = "person:ann" if piece.by_hand else self.model.live[bead].claim.agent
                assert owners[bead] == expected, "an active bead is somebody's"
            if piece.state is OPEN:
                assert owners[bead] == ""
        found = {c.id: c.state for c in self.stores[0].read(views.convoys, self.board)}
        assert found == self.model.convoys

    @invariant()
    def events_tell_the_same(self) -> None:
        self.replay.take(self.stores[1].read(views.events, self.replay.seq))
        assert self.replay.beads == {bead: piece.state for bead, piece in self.model.beads.items()}
        assert self.replay.convoys == self.model.convoys
        assert set(self.replay.attempts) == {h.claim.attempt for h in self.model.live.values()}
        living = {a.id: a.name for a in self.stores[0].read(views.agents, self.board)}
        assert self.replay.agents == living

    @invariant()
    def a_cancelled_convoy_leaves_nobody_unstopped(self) -> None:
        for bead, held in self.model.live.items():
            if self.model.beads[bead].state is CANCELLED:
                assert held.stop


@pytest.mark.timeout(0)
def test_the_model_and_the_database_agree(template: Path, request: pytest.FixtureRequest) -> None:
    Machine.template = template
    is_long = bool(request.config.getoption("--slow"))
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=5_000 if is_long else 200, stateful_step_count=50, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

"""What may be done to a bead, in every state, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from halftui.domain.actor import ENGINE, Actor, Role, agent, person
from halftui.domain.happenings import Outcome
from halftui.domain.states import BEAD_MOVES, BeadState, BeadVerb
from halftui.errors import Conflict, Denied, HalfTUIError, Misconfigured, NotFound, Refused
from halftui.ops import attempts, beads, convoys, edges, ranks, views
from halftui.store.tx import Tx
from tests.helpers.stores import ANN, BO, Clock
from tests.helpers.world import World

BY_HAND: dict[BeadVerb, Callable[[Tx, str], object]] = {
    BeadVerb.CLAIM: beads.claim,
    BeadVerb.RELEASE: beads.release,
    BeadVerb.SUBMIT: lambda tx, bead: beads.submit(tx, bead, "made"),
    BeadVerb.APPROVE: beads.approve,
    BeadVerb.REJECT: lambda tx, bead: beads.reject(tx, bead, "not yet"),
    BeadVerb.FAIL: lambda tx, bead: beads.fail(tx, bead, "no way"),
    BeadVerb.CANCEL: beads.cancel,
    BeadVerb.REOPEN: beads.reopen,
}


@pytest.mark.parametrize("state", BeadState)
@pytest.mark.parametrize("verb", BeadVerb)
def test_every_state_with_every_verb(world: World, state: BeadState, verb: BeadVerb) -> None:
    bead = world.put(world.bead(), state)
    who = BO if verb is BeadVerb.APPROVE else ANN
    rows = world.dump()
    if (state, verb) in BEAD_MOVES:
        world.store.write(who, BY_HAND[verb], bead)
        goal = BEAD_MOVES[state, verb]
        assert world.state(bead) == ("open" if verb is BeadVerb.REJECT else goal)  # goes on with a free slot
        return
    if (state, verb) == (BeadState.ACTIVE, BeadVerb.CLAIM):
        world.store.write(who, BY_HAND[verb], bead)  # the same claimer again is a success
    else:
        with pytest.raises((Refused, Denied)) as found:
            world.store.write(who, BY_HAND[verb], bead)
        assert found.value.hint
    assert world.dump() == rows


def test_a_claim_by_another_is_a_conflict(world: World) -> None:
    bead = world.put(world.bead(), "active")
    with pytest.raises(Conflict, match="is already person:ann's"):
        world.store.write(BO, beads.claim, bead)


def test_a_blocked_bead_is_not_claimed(world: World) -> None:
    first = world.bead("first")
    second = world.bead("second", after_beads=[first])
    with pytest.raises(Refused, match="is blocked"):
        world.do(beads.claim, second)
    world.put(first, "done")
    world.do(beads.claim, second)


def test_nobody_approves_their_own_work(world: World) -> None:
    by_hand = world.put(world.bead(), "review")
    with pytest.raises(Denied, match="own work"):
        world.do(beads.approve, by_hand)
    made = world.bead("by an agent")
    claim = world.taken(made)
    world.end(claim)
    for who in (agent(claim.agent_id, Role.LEADER), agent("another", Role.LEADER)):
        world.give(who)
        if who.name == "another":
            world.store.write(who, beads.approve, made, "abc")
            continue
        with pytest.raises(Denied, match="own work"):
            world.store.write(who, beads.approve, made)
    assert world.shown(made).merged == "abc"


def test_only_the_claimer_submits(world: World) -> None:
    bead = world.put(world.bead(), "active")
    with pytest.raises(Denied, match="is not person:bo's"):
        world.store.write(BO, beads.submit, bead, "made")


@pytest.mark.parametrize("words", ["", "  ", "\n\t"])
def test_words_are_wanted(world: World, words: str) -> None:
    bead = world.put(world.bead(), "active")
    with pytest.raises(Misconfigured):
        world.do(beads.submit, bead, words)
    world.do(beads.submit, bead, "made")
    with pytest.raises(Misconfigured):
        world.do(beads.reject, bead, words)


def test_a_rejected_bead_is_taken_by_the_same_agent(world: World) -> None:
    other = world.taken(world.bead("other"))
    bead = world.bead()
    claim = world.taken(bead)
    world.end(claim)
    world.end(other)  # idle now, and older
    world.do(beads.reject, bead, "a test is missing")
    again = world.taken(bead)
    assert (again.agent_id, again.epoch) == (claim.agent_id, claim.epoch + 1)
    assert world.shown(bead).card.remark == "a test is missing"


def test_release_asks_a_live_attempt_to_stop(world: World) -> None:
    bead = world.bead()
    claim = world.taken(bead)
    world.do(beads.release, bead, "enough")
    assert world.state(bead) == "active"
    assert world.engine(attempts.renew, claim.attempt, claim.epoch, 30.0) == "enough"
    world.end(claim, Outcome.STOPPED)
    assert (world.state(bead), world.shown(bead).card.hold) == ("open", "enough")
    assert world.claim() is None
    world.do(beads.dispatch, bead)
    assert world.taken(bead).epoch == 2


def test_a_late_result_of_a_cancelled_bead_is_ignored(world: World) -> None:
    bead = world.bead()
    claim = world.taken(bead)
    world.do(beads.cancel, bead)
    with pytest.raises(Refused, match="still being stopped"):
        world.do(beads.reopen, bead)
    world.end(claim)
    assert world.state(bead) == "cancelled"
    world.do(beads.reopen, bead)
    assert world.taken(bead).epoch == 2


def test_a_live_attempt_keeps_a_bead_from_failing(world: World) -> None:
    bead = world.bead()
    world.taken(bead)
    with pytest.raises(Refused, match="an agent works on"):
        world.do(beads.fail, bead, "no")


def test_fields_are_cleaned_and_kept(world: World) -> None:
    bead = world.bead(
        " a \x1b]0;x\x07title\n", description="one\ntwo\x00", labels=["web", "a\u202eb", "", "web"],
        priority=0, type="bug", due=1_900_000_000, mode="manual", runtime="shell", notes="n", acceptance="a",
    )  # fmt: skip
    detail = world.shown(bead)
    assert detail.card.title == "a title"
    assert detail.description == "one\ntwo\u2400"
    assert detail.card.labels == ("a\u2423b", "web")
    assert (detail.card.priority, detail.card.type, detail.due) == (0, "bug", 1_900_000_000)
    assert detail.created_by == "person:ann"


BAD = [
    {"title": ""}, {"title": " \n "}, {"title": "x" * 501}, {"title": "x" * 60_000},
    {"description": "x" * 65_537}, {"priority": 5}, {"priority": -1}, {"priority": "1"}, {"priority": True},
    {"priority": 1.0}, {"priority": None},
    {"labels": "web"}, {"labels": 3}, {"labels": [str(n) for n in range(51)]}, {"mode": "sometimes"},
    {"runtime": "emacs"}, {"due": "tomorrow"}, {"due": float("nan")}, {"due": float("inf")}, {"due": -1},
    {"not_before": 1e15}, {"state": "done"}, {"id": "x"}, {"tip": "x"}, {"epoch": 7}, {"blockers": 0},
]  # fmt: skip


@pytest.mark.parametrize("fields", BAD, ids=[str(f)[:40] for f in BAD])
def test_bad_fields_are_misconfigured(world: World, fields: dict[str, Any]) -> None:
    bead = world.bead()
    rows = world.dump()
    with pytest.raises(Misconfigured) as found:
        world.do(beads.edit, bead, None, **fields)
    assert found.value.hint
    assert len(found.value.message) < 200
    if "title" not in fields:
        with pytest.raises(Misconfigured):
            world.do(beads.create, world.board, "new", **fields)
    assert world.dump() == rows


@pytest.mark.parametrize(
    "more", [{"after_beads": ["none"]}, {"parent": "none"}, {"convoy": "none"}, {"after_beads": [""]}]
)
def test_a_bead_over_missing_things_is_not_made(world: World, more: dict[str, Any]) -> None:
    world.bead()
    rows = world.dump()
    with pytest.raises(NotFound):
        world.do(beads.create, world.board, "new", **more)
    assert world.dump() == rows


def test_an_edit_tells_before_and_after(world: World) -> None:
    bead = world.bead("old", priority=3)
    world.do(beads.edit, bead, title="new", labels=["a"])
    event = world.events()[-1]
    assert event.before == {"title": "old", "labels": "[]"}
    assert event.after == {"title": "new", "labels": json.dumps(["a"])}


def test_types_that_never_start_do_not(world: World) -> None:
    bead = world.bead(type="gate")
    assert world.claim() is None
    assert world.lane(bead) == "blocked"
    world.do(beads.edit, bead, type="task")
    world.taken(bead)


def test_a_held_bead_waits(world: World) -> None:
    bead = world.bead(hold="later")
    assert world.claim() is None
    assert world.shown(bead).why == ("on hold: later",)
    world.do(beads.hold, bead, "")
    world.taken(bead)


def test_dispatch_ends_a_hold_and_a_mode(world: World) -> None:
    bead = world.bead(hold="later", mode="manual")
    world.do(beads.dispatch, bead)
    world.taken(bead)
    with pytest.raises(Refused, match="only an open bead"):
        world.do(beads.dispatch, bead)


def test_a_staged_convoy_keeps_its_beads_from_dispatch(world: World) -> None:
    bead = world.bead()
    world.do(convoys.create, world.board, "trip", [bead])
    with pytest.raises(Refused, match="staged"):
        world.do(beads.dispatch, bead)


def _order(world: World) -> list[str]:
    return [c.title for c in world.ask(views.lane, world.board, "ready").cards]


def test_new_beads_stand_at_the_end_and_move_where_they_are_put(world: World) -> None:
    ids = {title: world.bead(title) for title in "abcd"}
    assert _order(world) == ["a", "b", "c", "d"]
    world.do(ranks.between, ids["d"], ids["a"], ids["b"])
    assert _order(world) == ["a", "d", "b", "c"]
    world.do(ranks.between, ids["a"], ids["c"], None)
    assert _order(world) == ["d", "b", "c", "a"]
    world.do(ranks.between, ids["c"], None, ids["d"], 0)
    assert _order(world) == ["c", "d", "b", "a"]
    assert world.shown(ids["c"]).card.priority == 0


def test_moving_to_one_place_a_thousand_times_keeps_keys_short(world: World) -> None:
    low, one, two = world.bead("low"), world.bead("one"), world.bead("two")

    def swap(tx: Tx) -> None:
        first, second = one, two
        for _ in range(700 if world.store.path else 350):
            ranks.between(tx, second, low, first)
            first, second = second, first

    world.do(swap)
    cards = world.ask(views.lane, world.board, "ready").cards
    assert [c.title for c in cards] == ["low", "one", "two"]
    assert max(len(c.rank) for c in cards) <= 49


def test_equal_and_reversed_neighbours_are_put_in_order(world: World) -> None:
    a, b, c = (world.bead(t) for t in "abc")
    world.do(lambda tx: tx.change("UPDATE bead SET rank = 'a0'"))
    world.do(ranks.between, c, a, b)
    assert len({card.rank for card in world.ask(views.lane, world.board, "ready").cards}) == 3
    world.do(ranks.between, c, b, a)  # the wrong way round: behind the first of them


def test_versions_guard_changes(world: World) -> None:
    bead = world.bead()
    with pytest.raises(Conflict):
        world.do(ranks.between, bead, None, None, version=9)
    with pytest.raises(Conflict):
        world.do(beads.claim, bead, version=9)
    with pytest.raises(Conflict):
        world.do(beads.edit, bead, 9, title="x")
    assert world.shown(bead).card.version == 1


@pytest.mark.parametrize("op", [beads.claim, beads.dispatch, beads.release, beads.cancel, beads.reopen])
def test_missing_beads_are_not_found(world: World, op: Callable[[Tx, str], None]) -> None:
    with pytest.raises(NotFound, match="there is no bead none"):
        world.do(op, "none")


def test_reopening_blocks_what_depends_on_it(world: World) -> None:
    first = world.bead("first")
    second = world.bead("second", after_beads=[first])
    world.put(first, "done")
    assert world.lane(second) == "ready"
    world.do(beads.reopen, first)
    assert world.lane(second) == "blocked"
    assert world.shown(second).why == (f"waits for {first} first (open)",)


def test_on_failure_decides_what_a_failed_blocker_does(world: World) -> None:
    first, freed, held = world.bead("first"), world.bead("freed"), world.bead("held")
    world.do(edges.link, freed, first)
    world.do(edges.link, held, first, on_failure="hold")
    world.put(first, "failed")
    assert (world.lane(freed), world.lane(held)) == ("ready", "blocked")
    world.do(edges.link, held, first, on_failure="release")  # an edge that exists gets the new value
    assert world.lane(held) == "ready"


def test_a_parents_time_counts(world: World, clock: Clock) -> None:
    parent = world.bead("parent", not_before=clock.now + 3600)
    child = world.bead("child", parent=parent)
    assert (world.lane(parent), world.lane(child)) == ("blocked", "blocked")
    assert world.shown(child).why == (f"{parent}, its parent, is not before 60 min from now",)
    assert world.claim() is None
    clock.now += 3601
    assert world.lane(child) == "ready"


def test_an_epic_waits_for_its_children(world: World) -> None:
    epic = world.bead("epic", type="epic", priority=0)
    child = world.bead("child", parent=epic)
    assert world.shown(epic).why == ("its children come first",)
    world.end(world.taken(child))
    world.store.write(BO, beads.approve, child)
    world.taken(epic)


def test_the_engine_approves_what_needs_no_person(world: World) -> None:
    bead = world.bead()
    world.end(world.taken(bead))
    world.store.write(ENGINE, beads.approve, bead, "abc")
    assert world.state(bead) == "done"


def test_workers_make_beads_below_their_own_but_change_none(world: World) -> None:
    own, other = world.bead("own"), world.bead("other")
    worker = agent(world.taken(own).agent_id)
    bead = world.store.write(worker, beads.create, world.board, "found on the way", parent=own)
    assert world.shown(bead).created_by == str(worker)
    for op in (beads.cancel, beads.dispatch, beads.approve, beads.reopen):
        with pytest.raises(Denied):
            world.store.write(worker, op, bead)
    for who, above in ((worker, other), (agent("w-1"), own)):
        with pytest.raises(Denied):
            world.store.write(who, beads.create, world.board, "x", parent=above)
    with pytest.raises(HalfTUIError):
        world.store.write(person("eve", Role.VIEWER), beads.create, world.board, "x")


def test_a_deleted_bead_is_gone_and_its_history_stays(world: World) -> None:
    blocker, parent = world.bead("blocker"), world.bead("parent")
    world.do(edges.link, parent, blocker)
    later, child = world.bead("later", after_beads=[blocker]), world.bead("child", parent=parent)
    claim = world.taken(blocker)
    with pytest.raises(Refused, match="an agent works on"):
        world.do(beads.delete, blocker)
    world.end(claim)
    assert [world.lane(b) for b in (later, parent, child)] == ["blocked"] * 3
    world.do(beads.delete, blocker)
    assert [world.lane(b) for b in (later, parent, child)] == ["ready"] * 3
    assert world.shown(later).waits_for == ((blocker, "blocks", ""),), "dangling, and said to be"
    with pytest.raises(NotFound):
        world.shown(blocker)
    assert "bead.delete" in [e.verb for e in world.events() if e.subject == blocker]
    assert len(world.ask(views.attempts, blocker)) == 1, "what it cost was spent"


def test_deleting_a_child_frees_who_waits_for_the_children(world: World) -> None:
    parent = world.bead("parent")
    child = world.bead("child", parent=parent)
    waiter = world.bead("waiter")
    world.do(edges.link, waiter, parent, "waits-for")
    assert world.lane(waiter) == "blocked"
    world.do(beads.delete, child)
    assert world.lane(waiter) == "ready"


@pytest.mark.parametrize("role", [Role.LEADER, Role.OPERATOR])
def test_only_who_keeps_the_board_deletes(world: World, role: Role) -> None:
    bead = world.bead()
    with pytest.raises(Denied):
        world.store.write(agent("x", role) if role is Role.LEADER else Actor("person", "cy", role),
                          beads.delete, bead)  # fmt: skip


def test_deleting_the_last_open_bead_lands_its_convoy(world: World) -> None:
    one, two = world.bead(), world.bead()
    convoy = world.do(convoys.create, world.board, "trip", [one, two])
    world.do(convoys.start, convoy)
    world.put(one, "done")
    world.do(beads.delete, two)
    shown = world.ask(views.convoys, world.board)[0]
    assert (shown.state, shown.total, shown.finished) == ("landed", 1, 1)


def test_the_id_of_a_deleted_bead_is_not_given_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bead = world.bead()
    world.do(beads.delete, bead)
    numbers = iter([int(bead.partition("-")[2], 36), 7, 8])
    monkeypatch.setattr("halftui.ops.beads.secrets.randbelow", lambda _: next(numbers))
    assert world.bead() != bead

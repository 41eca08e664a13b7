"""What holds for every op: its event stands in its transaction, and an error afterwards undoes all of it."""

from collections.abc import Callable

import pytest

from halftui.domain import identity, jsonl
from halftui.domain.actor import ENGINE, Actor, Role, agent
from halftui.domain.assign import Rules
from halftui.domain.happenings import Outcome, Question
from halftui.domain.names import POOL
from halftui.domain.profile import Profile
from halftui.domain.tokens import Claims, mint
from halftui.domain.vigil import Stage
from halftui.errors import Unavailable
from halftui.ops import (
    agents,
    artefacts,
    attempts,
    audit,
    beads,
    boards,
    budgets,
    chain,
    collab,
    convoys,
    edges,
    heartbeats,
    holding,
    house,
    identities,
    interchange,
    merges,
    messages,
    people,
    permits,
    pins,
    profiles,
    pulls,
    pushes,
    questions,
    ranks,
    remarks,
    retention,
    reviews,
    secrets,
    shells,
    subscriptions,
    tokens,
    toolcalls,
    transcripts,
    trials,
    undoing,
    vigils,
)
from halftui.ops.access import ALLOWED
from halftui.store.tx import Tx
from tests.helpers.people import KEY
from tests.helpers.stores import ANN, BO
from tests.helpers.world import LEASE, World

Op = Callable[[Tx], object]
Scene = Callable[[World], tuple[Actor, Op]]
SILENT = {
    "attempt.greet",
    "attempt.renew",
    "attempt.meter",
    "line.append",
    "subscription.note",
    "token.accept",
    "audit.sign",
    "turn.give",
    "turn.take",
}  # no state moves
SERVER = "https://git.example.org"
LINES = (b'{"id": "x-1", "title": "from elsewhere", "status": "open"}',)


def _refused(world: World, op: Op) -> tuple[Actor, Op]:
    world.engine(secrets.refuse, SERVER, "it refuses the token")
    return _engine(op)


def _stored(world: World, op: Op) -> tuple[Actor, Op]:
    world.do(secrets.keep, SERVER, "bo", "sealed", "s-1")
    return _ann(op)


def _ann(op: Op) -> tuple[Actor, Op]:
    return ANN, op


def _engine(op: Op) -> tuple[Actor, Op]:
    return ENGINE, op


def _working(world: World) -> attempts.Claim:
    return world.started(world.taken(world.bead()))


def _retire(world: World) -> tuple[Actor, Op]:
    claim = _working(world)
    world.end(claim)
    return _ann(lambda tx: agents.retire(tx, claim.agent_id))


def _claim_attempt(world: World) -> tuple[Actor, Op]:
    world.bead()
    return _engine(lambda tx: attempts.claim(tx, world.board, LEASE, 4, POOL))


def _start(world: World) -> tuple[Actor, Op]:
    claim = world.taken(world.bead())
    return _engine(lambda tx: attempts.start(tx, claim.attempt, claim.epoch, "docker", "name"))


def _attempt(op: Callable[[Tx, attempts.Claim], object]) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        return _engine(lambda tx: op(tx, claim))

    return scene


def _on(state: str, op: Callable[[Tx, str], object], who: Actor = ANN) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        bead = world.put(world.bead(), state)
        return who, lambda tx: op(tx, bead)

    return scene


def _pair(is_linked: bool, op: Callable[[Tx, str, str], object]) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        one, two = world.bead(), world.bead()
        if is_linked:
            world.do(edges.link, one, two)
        return _ann(lambda tx: op(tx, one, two))

    return scene


def _convoy(op: Callable[[Tx, str, str], object], *, starts: bool = False) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        one, two = world.bead(), world.bead()
        convoy = world.do(convoys.create, world.board, "trip", [one])
        if starts:
            world.do(convoys.start, convoy)
        return _ann(lambda tx: op(tx, convoy, two))

    return scene


def _due(op: Callable[[Tx, str], object], who: Actor = ANN) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        bead = world.bead()
        convoy = world.do(convoys.create, world.board, "trip", [bead], has_branch=True)
        world.do(convoys.start, convoy)
        world.put(bead, "done")
        return who, lambda tx: op(tx, convoy)

    return scene


def _undo(*, again: bool = False) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        world.do(beads.edit, world.bead(), priority=0)
        if again:
            world.do(undoing.undo, world.board)
        return _ann(lambda tx: (undoing.redo if again else undoing.undo)(tx, world.board))

    return scene


def _as_agent(op: Callable[[Tx, attempts.Claim], object]) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        return agent(claim.agent_id), lambda tx: op(tx, claim)

    return scene


def _talking(op: Callable[[Tx, attempts.Claim], object]) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        return _ann(lambda tx: op(tx, claim))

    return scene


def _delivery(world: World) -> tuple[Actor, Op]:
    claim = _working(world)
    number = world.do(messages.tell, claim.agent_id, "use tabs")
    ident = messages.ident_of(claim.attempt, number)
    return _engine(lambda tx: messages.deliver(tx, claim.attempt, ident))


def _granting(world: World) -> Op:
    question = world.asked(_working(world), "permission")
    return lambda tx: permits.grant(tx, question)


def _permit(op: Callable[[Tx, str, attempts.Claim], object], who: Actor) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        ident = world.do(permits.grant, world.asked(claim, "permission"))
        return who, lambda tx: op(tx, ident, claim)

    return scene


def _answer(world: World) -> tuple[Actor, Op]:
    question = world.asked(_working(world))
    return _ann(lambda tx: questions.answer(tx, question, "this one"))


def _account(op: Callable[[Tx, str], object], who: Actor) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        world.do(subscriptions.register, "work", "oauth", "sealed", "s-1")
        return who, lambda tx: op(tx, "s-1")

    return scene


def _enroll(world: World) -> tuple[Actor, Op]:
    claim = world.taken(world.bead())
    public = identity.public_of("07" * 32)
    return _engine(lambda tx: identities.enroll(tx, f"agent:{claim.agent_id}", public, "sealed"))


def _sign(world: World) -> tuple[Actor, Op]:
    world.bead()
    seq, digest, _ = world.ask(chain.newest)
    return _ann(lambda tx: audit.sign(tx, seq, digest, 1.0, 0, "mark", "proof"))


def _renew(world: World) -> tuple[Actor, Op]:
    world.engine(identities.enroll, "house", identity.public_of("07" * 32), "sealed")
    mark = identity.fingerprint(identity.public_of("07" * 32))
    return _ann(lambda tx: audit.renew(tx, mark, identity.public_of("08" * 32), "sealed"))


def _token(world: World) -> tuple[Actor, Op]:
    claim = _working(world)
    private = "07" * 32
    public = identity.public_of(private)
    world.engine(identities.enroll, f"agent:{claim.agent_id}", public, "sealed")
    now = int(world.store.clock())
    says = Claims(claim.attempt, claim.agent_id, world.board, claim.epoch, "x" * 32, now, now + 60)
    text = mint(private, identity.fingerprint(public), says)
    return _engine(lambda tx: tokens.accept(tx, text, world.board))


def _rotate(world: World) -> tuple[Actor, Op]:
    made = world.do(identities.create, world.board, "cedar")
    public = identity.public_of("07" * 32)
    return _ann(lambda tx: identities.rotate(tx, made, public, "sealed"))


def _switch(world: World) -> tuple[Actor, Op]:
    for name in ("one", "two"):
        world.do(subscriptions.register, name, "oauth", "sealed", name)
    claim = _working(world)
    world.engine(subscriptions.cool, "one", world.store.clock() + 60)
    return _engine(lambda tx: attempts.switch(tx, claim.attempt, claim.epoch))


def _beating(world: World) -> tuple[Actor, Op]:
    world.engine(heartbeats.beat, "home", 4, Rules())
    return _engine(lambda tx: heartbeats.end(tx, "home"))


def _shell(world: World) -> tuple[Actor, Op]:
    claim = world.taken(world.bead())
    world.engine(attempts.start, claim.attempt, claim.epoch, "docker", "name")
    return _ann(lambda tx: shells.enter(tx, claim.bead))


def _push(world: World) -> tuple[Actor, Op]:
    bead = world.put(world.bead(), "active")
    return _ann(
        lambda tx: pushes.push(tx, bead, world.board, f"halftui/{bead}", attempts.Work("b", "t", 1, 2, 3))
    )


def _person(op: Op) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        world.do(people.add, "cy", KEY, "viewer")
        return _ann(op)

    return scene


def _dress(world: World) -> tuple[Actor, Op]:
    world.do(people.add, "cy", KEY, "viewer")
    return Actor("person", "cy", Role.VIEWER), lambda tx: people.dress(tx, "mono")


def _join(world: World) -> tuple[Actor, Op]:
    world.do(people.invite, "cy", "open sesame", 2e9, "viewer")
    return Actor("person", "cy", Role.GUEST), lambda tx: people.join(tx, "open sesame", KEY)


def _merging(op: Callable[[Tx, int, str], object], who: Actor = ENGINE) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        bead = world.put(world.bead(), "review")
        world.store.write(BO, merges.queue, bead, "main")
        (entry,) = world.ask(merges.head, world.board, "main")
        return who, lambda tx: op(tx, entry.seq, bead)

    return scene


def _trying(op: Callable[[Tx, str, str], object]) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        world.end(claim, work=attempts.Work("b", "t", 1, 2, 3))
        trial = world.engine(trials.begin, world.board, "main", "tree", "make", [claim.bead])
        return _engine(lambda tx: op(tx, trial, claim.bead))

    return scene


def _printed(world: World) -> tuple[Actor, Op]:
    trial = world.engine(trials.begin, world.board, "main", "tree", "make", [])
    world.engine(trials.end, trial, "passed", 0, "fine")
    return _ann(lambda tx: retention.clear_trials(tx, tx.now + 1))


def _pulling(op: Callable[[Tx, int, str], object], *, is_asked: bool = True) -> Scene:
    def scene(world: World) -> tuple[Actor, Op]:
        claim = _working(world)
        world.end(claim, work=attempts.Work("b", "t", 1, 2, 3))
        if not is_asked:
            return _engine(lambda tx: op(tx, 0, claim.bead))
        world.engine(pulls.ask, claim.bead)
        (act,) = world.ask(pulls.due)
        return _engine(lambda tx: op(tx, act.seq, act.bead))

    return scene


def _review(world: World) -> tuple[Actor, Op]:
    world.do(boards.edit, world.board, review="agent")
    claim = _working(world)
    world.end(claim, work=attempts.Work("b", "t", 1, 2, 3))
    return _engine(lambda tx: reviews.claim(tx, world.board, LEASE, 4, POOL))


def _sharing(world: World) -> tuple[Actor, Op]:
    claim = _working(world)
    world.end(claim, shared=attempts.Shared("t"))
    world.store.write(BO, beads.approve, claim.bead)
    (act,) = world.ask(pulls.due)
    return _engine(lambda tx: collab.landed(tx, act.seq, "m"))


def _giving(world: World) -> tuple[Actor, Op]:
    world.engine(holding.take, "outbox", "home", 30.0)
    return _engine(lambda tx: holding.give(tx, "outbox", "home"))


SCENES: dict[str, Scene] = {
    "collab.land": _sharing,
    "turn.give": _giving,
    "turn.take": lambda w: _engine(lambda tx: holding.take(tx, "outbox", "home", 30.0)),
    "agent.handoff": _talking(lambda tx, c: messages.hand_off(tx, c.agent_id)),
    "agent.retire": _retire,
    "attempt.adopt": _attempt(lambda tx, c: attempts.adopt(tx, c.attempt, LEASE, "local", "x", "s")),
    "attempt.claim": _claim_attempt,
    "attempt.end": _attempt(lambda tx, c: attempts.end(tx, c.attempt, c.epoch, Outcome.PASSED, "", "made")),
    "attempt.greet": _attempt(lambda tx, c: attempts.greet(tx, c.attempt, c.epoch, c.session)),
    "attempt.meter": _attempt(lambda tx, c: attempts.meter(tx, c.attempt, c.epoch, 1, 2, 0.1, 1)),
    "attempt.renew": _attempt(lambda tx, c: attempts.renew(tx, c.attempt, c.epoch, 2 * LEASE)),
    "attempt.start": _start,
    "attempt.stop": _attempt(lambda tx, c: attempts.stop(tx, c.attempt, "enough")),
    "audit.accept": lambda _: _ann(lambda tx: audit.accept(tx, 1, "another")),
    "audit.renew": _renew,
    "audit.sign": _sign,
    "attempt.switch": _switch,
    "attempt.submit": _as_agent(lambda tx, _: toolcalls.submit(tx, "made", "it runs")),
    "attempt.watch": _attempt(lambda tx, c: vigils.watch(tx, c.attempt, Stage.TOLD, "no tool used")),
    "bead.approve": _on("review", beads.approve, BO),
    "bead.attach": _as_agent(lambda tx, _: artefacts.attach(tx, "a.txt", "d1", 3)),
    "bead.cancel": _on("open", beads.cancel),
    "bead.claim": _on("open", beads.claim),
    "bead.comment": _on("open", lambda tx, bead: remarks.comment(tx, bead, "look at the clock")),
    "bead.create": lambda w: _ann(lambda tx: beads.create(tx, w.board, "new")),
    "bead.delete": _on("open", beads.delete),
    "bead.dispatch": _on("open", beads.dispatch),
    "bead.edit": _on("open", lambda tx, bead: beads.edit(tx, bead, title="another")),
    "bead.fail": _on("active", lambda tx, bead: beads.fail(tx, bead, "no way")),
    "bead.hold": _on("open", lambda tx, bead: beads.hold(tx, bead, "later")),
    "bead.link": _pair(False, edges.link),
    "bead.note": _as_agent(lambda tx, _: toolcalls.note(tx, "half way")),
    "bead.pin": _on("open", lambda tx, bead: pins.pin(tx, bead, "")),
    "bead.rank": _pair(False, lambda tx, one, two: ranks.between(tx, one, two, None)),
    "bead.push": _push,
    "bead.reject": _on("review", lambda tx, bead: beads.reject(tx, bead, "not yet")),
    "bead.release": _on("active", beads.release),
    "bead.reopen": _on("done", beads.reopen),
    "bead.reparent": _pair(False, edges.reparent),
    "bead.shell": _shell,
    "bead.submit": _on("active", lambda tx, bead: beads.submit(tx, bead, "made")),
    "bead.unlink": _pair(True, edges.unlink),
    "board.create": lambda _: _ann(lambda tx: boards.create(tx, "Other", "/srv/other", "main")),
    "board.edit": lambda w: _ann(lambda tx: boards.edit(tx, w.board, cap=9)),
    "board.import": lambda w: _ann(lambda tx: interchange.take(tx, w.board, list(jsonl.read(LINES)))),
    "board.notice": lambda w: _engine(lambda tx: boards.notice(tx, w.board, "no account")),
    "board.pair": lambda w: _ann(lambda tx: collab.pair(tx, w.board, "/srv/plans", "main")),
    "board.pause": lambda w: _ann(lambda tx: boards.pause(tx, w.board, is_paused=True)),
    "budget.set": lambda _: _ann(lambda tx: budgets.set_budget(tx, "day", "", "usd", 20.0)),
    "convoy.add": _convoy(convoys.add),
    "convoy.cancel": _convoy(lambda tx, convoy, _: convoys.cancel(tx, convoy), starts=True),
    "convoy.create": lambda w: _ann(lambda tx: convoys.create(tx, w.board, "trip")),
    "convoy.edit": _convoy(lambda tx, convoy, _: convoys.edit(tx, convoy, name="journey")),
    "convoy.land": _due(lambda tx, convoy: convoys.landed(tx, convoy, "abc")),
    "convoy.strand": _due(lambda tx, convoy: convoys.strand(tx, convoy, ["no way on"]), ENGINE),
    "convoy.start": _convoy(lambda tx, convoy, _: convoys.start(tx, convoy)),
    "house.backup": lambda _: _ann(lambda tx: house.backup(tx, "copy.db")),
    "house.clear": _printed,
    "house.restore": lambda _: _ann(lambda tx: house.restore(tx, "copy.db", "")),
    "identity.create": lambda w: _ann(lambda tx: identities.create(tx, w.board, "cedar")),
    "identity.enroll": _enroll,
    "identity.rotate": _rotate,
    "heartbeat.beat": lambda _: _engine(lambda tx: heartbeats.beat(tx, "home", 4, Rules())),
    "heartbeat.end": _beating,
    "event.redo": _undo(again=True),
    "event.undo": _undo(),
    "key.add": lambda _: _ann(lambda tx: people.add(tx, "cy", KEY, "viewer")),
    "key.invite": lambda _: _ann(lambda tx: people.invite(tx, "cy", "open sesame", 2e9, "viewer")),
    "key.join": _join,
    "key.remove": _person(lambda tx: people.remove(tx, "cy")),
    "line.append": _attempt(lambda tx, c: transcripts.append(tx, c.attempt, [(1, 0.0, "out", "x")], "now")),
    "message.deliver": _delivery,
    "message.send": _as_agent(lambda tx, _: messages.send(tx, "it is slow")),
    "message.tell": _talking(lambda tx, c: messages.tell(tx, c.agent_id, "use tabs")),
    "merge.begin": _merging(lambda tx, seq, _: merges.begin(tx, (seq,))),
    "merge.drop": _merging(lambda tx, _, bead: merges.drop(tx, bead), ANN),
    "merge.land": _merging(lambda tx, seq, _: merges.landed(tx, seq, "abc")),
    "merge.queue": _on("review", lambda tx, bead: merges.queue(tx, bead, "main"), BO),
    "merge.refuse": _merging(lambda tx, seq, _: merges.refuse(tx, seq, "it conflicts")),
    "merge.wait": _merging(lambda tx, seq, _: merges.wait(tx, seq, "no room")),
    "trial.begin": lambda w: _engine(lambda tx: trials.begin(tx, w.board, "main", "tree", "make", [])),
    "trial.end": _trying(lambda tx, trial, _: trials.end(tx, trial, "passed", 0, "fine")),
    "trial.judge": _trying(lambda tx, trial, bead: trials.judge(tx, bead, "t", trial, is_blamed=True)),
    "trial.step": _trying(lambda tx, trial, _: trials.step(tx, trial, 1, "$ make")),
    "permit.grant": lambda w: _ann(_granting(w)),
    "permit.revoke": _permit(lambda tx, ident, _: permits.revoke(tx, ident), ANN),
    "permit.use": _permit(lambda tx, ident, claim: permits.use(tx, claim.attempt, ident), ENGINE),
    "person.dress": _dress,
    "pull.ask": _pulling(lambda tx, _, bead: pulls.ask(tx, bead), is_asked=False),
    "pull.close": _pulling(lambda tx, seq, _: pulls.closed(tx, seq)),
    "pull.fail": _pulling(lambda tx, seq, _: pulls.failed(tx, seq, "no network")),
    "pull.look": _pulling(lambda tx, seq, _: pulls.seen(tx, seq, "merged", "c0ffee")),
    "pull.open": _pulling(lambda tx, seq, _: pulls.opened(tx, seq, "https://forge/1")),
    "profile.apply": lambda w: _ann(lambda tx: profiles.apply(tx, w.board, "backend", Profile(role="x"))),
    "person.edit": _person(lambda tx: people.edit(tx, "cy", "operator")),
    "question.answer": _answer,
    "question.ask": _attempt(lambda tx, c: questions.ask(tx, c.attempt, Question("question", "which?"))),
    "review.claim": _review,
    "secret.accept": lambda w: _refused(w, lambda tx: secrets.accept(tx, SERVER)),
    "secret.refuse": lambda _: _engine(lambda tx: secrets.refuse(tx, SERVER, "it refuses the token")),
    "secret.remove": lambda w: _stored(w, lambda tx: secrets.remove(tx, SERVER)),
    "secret.set": lambda _: _ann(lambda tx: secrets.keep(tx, SERVER, "bo", "sealed", "s-1")),
    "secret.rotate": lambda _: _ann(lambda tx: secrets.rotate(tx, lambda row, sealed: sealed)),
    "token.accept": _token,
    "subscription.cool": _account(lambda tx, ident: subscriptions.cool(tx, ident, 2e9), ENGINE),
    "subscription.edit": _account(lambda tx, _: subscriptions.edit(tx, "work", 3), ANN),
    "subscription.note": _account(lambda tx, ident: subscriptions.note(tx, ident, "{1}"), ENGINE),
    "subscription.park": _account(lambda tx, ident: subscriptions.park(tx, ident, "401"), ENGINE),
    "subscription.register": lambda _: _ann(
        lambda tx: subscriptions.register(tx, "home", "api-key", "sealed", "s-2")
    ),
    "subscription.remove": _account(lambda tx, _: subscriptions.remove(tx, "work"), ANN),
    "tool.refuse": _as_agent(lambda tx, c: toolcalls.refuse(tx, c.attempt, "approve", "no such tool")),
    "tool.use": _as_agent(lambda tx, c: toolcalls.use(tx, c.attempt, c.epoch, "r", "read_bead", {})),
}
EVENTS = {"attempt.claim": "bead.claim", "key.join": "key.add"}


def test_every_verb_has_a_scene() -> None:
    assert set(SCENES) == set(ALLOWED)


@pytest.mark.parametrize("verb", sorted(SCENES))
def test_its_event_stands_in_its_transaction(world: World, verb: str) -> None:
    who, op = SCENES[verb](world)
    before, rows = world.seq(), world.dump()
    world.store.write(who, op)
    assert world.dump() != rows
    events = world.events(before)
    if verb in SILENT:
        assert events == []
        return
    assert EVENTS.get(verb, verb) in [e.verb for e in events]
    assert {e.actor for e in events} == {str(who)}
    assert {e.at for e in events} == {world.store.clock()}
    assert {e.board for e in events} <= {world.board, "other", ""}


@pytest.mark.parametrize("verb", sorted(SCENES))
def test_an_error_afterwards_undoes_all_of_it(world: World, verb: str) -> None:
    who, op = SCENES[verb](world)
    rows = world.dump()

    def interrupted(tx: Tx) -> None:
        op(tx)
        raise Unavailable("the power went")

    with pytest.raises(Unavailable, match="the power went"):
        world.store.write(who, interrupted)
    assert world.dump() == rows

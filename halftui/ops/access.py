"""Who may do what: one table, default deny, asked before any state is looked at."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import PEOPLE, Actor, Role
from halftui.domain.graph import EdgeKind
from halftui.errors import Denied, Misconfigured
from halftui.ops import led

if TYPE_CHECKING:
    from halftui.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")

_ADMIN = frozenset({Role.ADMIN})
_MAINTAINER = _ADMIN | {Role.MAINTAINER}
_OPERATOR = _MAINTAINER | {Role.OPERATOR}
_ENGINE = frozenset({Role.ENGINE})
_PLANNER = _OPERATOR | {Role.LEADER}
_ANY_AGENT = frozenset({Role.LEADER, Role.WORKER})
_PERSON = frozenset(PEOPLE)

ALLOWED: dict[str, frozenset[Role]] = {
    "agent.handoff": _OPERATOR,
    "agent.retire": _MAINTAINER,
    "attempt.adopt": _ENGINE,
    "attempt.claim": _ENGINE,
    "attempt.end": _ENGINE,
    "attempt.greet": _ENGINE,
    "attempt.meter": _ENGINE,
    "attempt.renew": _ENGINE,
    "attempt.start": _ENGINE,
    "attempt.switch": _ENGINE,
    "attempt.stop": _OPERATOR | _ENGINE,
    "attempt.submit": _ANY_AGENT,
    "attempt.watch": _ENGINE,
    "audit.accept": _ADMIN,
    "audit.renew": _ADMIN,
    "audit.sign": _ADMIN | _ENGINE,
    "bead.approve": _MAINTAINER | {Role.LEADER} | _ENGINE,
    "bead.attach": _ANY_AGENT,
    "bead.cancel": _PLANNER,
    "bead.create": _PLANNER | _ANY_AGENT,
    "bead.delete": _MAINTAINER,
    "bead.dispatch": _PLANNER,
    "bead.edit": _PLANNER,
    "bead.fail": _PLANNER | _ENGINE,
    "bead.hold": _PLANNER | _ENGINE,
    "bead.link": _PLANNER | _ANY_AGENT,
    "bead.note": _ANY_AGENT,
    "bead.pin": _OPERATOR,
    "bead.push": _OPERATOR,
    "bead.rank": _OPERATOR,
    "bead.reject": _PLANNER | _ENGINE,
    "bead.release": _PLANNER | _ENGINE,
    "bead.reopen": _PLANNER,
    "bead.reparent": _PLANNER,
    "bead.shell": _OPERATOR,
    "bead.submit": _OPERATOR | _ENGINE,
    "bead.claim": _OPERATOR,
    "bead.comment": _PLANNER | _ANY_AGENT,
    "bead.unlink": _PLANNER,
    "collab.land": _ENGINE,
    "board.create": _ADMIN,
    "board.edit": _MAINTAINER,
    "board.import": _MAINTAINER,
    "board.notice": _ENGINE,
    "board.pair": _ADMIN,
    "board.pause": _OPERATOR,
    "budget.set": _MAINTAINER,
    "convoy.add": _PLANNER,
    "convoy.cancel": _PLANNER,
    "convoy.create": _PLANNER,
    "convoy.edit": _OPERATOR,
    "convoy.land": _MAINTAINER | {Role.LEADER} | _ENGINE,
    "convoy.start": _PLANNER,
    "house.backup": _ADMIN,
    "house.clear": _ADMIN,
    "house.restore": _ADMIN,
    "identity.create": _OPERATOR,
    "identity.enroll": _ENGINE,
    "identity.rotate": _OPERATOR,
    "convoy.strand": _ENGINE,
    "heartbeat.beat": _ENGINE,
    "heartbeat.end": _ENGINE,
    "event.redo": _OPERATOR,
    "event.undo": _OPERATOR,
    "key.add": _ADMIN,
    "key.invite": _ADMIN,
    "key.join": frozenset({Role.GUEST}),
    "key.remove": _ADMIN,
    "line.append": _ENGINE,
    "merge.begin": _ENGINE,
    "merge.drop": _MAINTAINER | {Role.LEADER},
    "merge.land": _ENGINE,
    "merge.queue": _MAINTAINER | {Role.LEADER} | _ENGINE,
    "merge.refuse": _ENGINE,
    "merge.wait": _ENGINE,
    "message.deliver": _ENGINE,
    "message.send": _ANY_AGENT,
    "message.tell": _OPERATOR,
    "permit.grant": _MAINTAINER,
    "permit.revoke": _MAINTAINER,
    "permit.use": _ENGINE,
    "person.dress": _PERSON,
    "person.edit": _ADMIN,
    "profile.apply": _MAINTAINER,
    "pull.ask": _ENGINE,
    "pull.close": _ENGINE,
    "pull.fail": _ENGINE,
    "pull.look": _ENGINE,
    "pull.open": _ENGINE,
    "question.answer": _OPERATOR,
    "question.ask": _ENGINE,
    "review.claim": _ENGINE,
    "secret.accept": _ENGINE,
    "secret.refuse": _ENGINE,
    "secret.remove": _ADMIN,
    "secret.rotate": _ADMIN,
    "secret.set": _ADMIN,
    "token.accept": _ENGINE,
    "subscription.cool": _ENGINE,
    "subscription.edit": _ADMIN,
    "subscription.note": _ENGINE,
    "subscription.park": _ENGINE,
    "subscription.register": _ADMIN,
    "subscription.remove": _ADMIN,
    "tool.refuse": _ANY_AGENT,
    "tool.use": _ANY_AGENT,
    "turn.give": _ENGINE,
    "turn.take": _ENGINE,
    "trial.begin": _ENGINE,
    "trial.end": _ENGINE,
    "trial.judge": _ENGINE,
    "trial.step": _ENGINE,
}

# What a leader's verbs are done to, by the names that their ops give it: all of it has to be the leader's
# own. Nothing is named where an attempt of its own is meant, which `scope.own` asks for.
LED: Mapping[str, tuple[str, ...]] = {
    "attempt.submit": (),
    "bead.approve": ("bead",),
    "bead.attach": (),
    "bead.cancel": ("bead",),
    "bead.comment": ("bead",),
    "bead.create": ("parent", "convoy"),
    "bead.dispatch": ("bead",),
    "bead.edit": ("bead",),
    "bead.fail": ("bead",),
    "bead.hold": ("bead",),
    "bead.link": ("source",),
    "bead.note": (),
    "bead.reject": ("bead",),
    "bead.release": ("bead",),
    "bead.reopen": ("bead",),
    "bead.reparent": ("bead", "parent"),
    "bead.unlink": ("source",),
    "convoy.add": ("convoy_id", "bead"),
    "convoy.cancel": ("convoy_id",),
    "convoy.create": ("beads",),
    "convoy.land": ("convoy_id",),
    "convoy.start": ("convoy_id",),
    "merge.drop": ("bead",),
    "merge.queue": ("bead",),
    "message.send": (),
    "tool.refuse": (),
    "tool.use": (),
}


def authorize(actor: Actor, verb: str, tx: "Tx | None" = None, **given: object) -> None:
    """Raise Denied unless the actor's role may do `verb`; an unlisted verb is denied to all.

    A leader may do it to its own alone: with `tx`, what is `given` to the op is looked at as well.
    """
    if actor.role not in ALLOWED.get(verb, frozenset()):
        roles = ", ".join(sorted(r.value for r in ALLOWED.get(verb, ())))
        raise Denied(f"{actor} may not do {verb}", f"it takes one of: {roles or 'nobody'}")
    if tx is not None and actor.role is Role.LEADER:
        led.require(tx, _done_to(verb, given))


def _done_to(verb: str, given: Mapping[str, object]) -> Iterator[str]:
    """Yield the ids of what a leader's verb is done to; a parent is, what a bead waits for is not."""
    names = LED[verb]
    if verb in ("bead.link", "bead.unlink") and given.get("kind") == EdgeKind.PARENT:
        names = (*names, "target")
    for name in names:
        value = given.get(name) or ()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Iterable):
            yield from map(str, value)


def verb(
    name: str,
) -> Callable[[Callable[Concatenate["Tx", P], R]], Callable[Concatenate["Tx", P], R]]:
    """Make a function an op: it is authorized as `name` before it runs."""
    if name not in ALLOWED:
        raise Misconfigured(f"the verb {name} has no entry in the access table", "add it there")

    def decorate(op: Callable[Concatenate["Tx", P], R]) -> Callable[Concatenate["Tx", P], R]:
        @wraps(op)
        def checked(tx: "Tx", /, *args: P.args, **kwargs: P.kwargs) -> R:
            authorize(tx.actor, name)
            if tx.actor.role is Role.LEADER:
                authorize(tx.actor, name, tx, **_arguments(op, args, kwargs))
            return op(tx, *args, **kwargs)

        return checked

    return decorate


def _arguments(
    op: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """Return what an op is given besides its transaction, by name."""
    bound = inspect.signature(op).bind(None, *args, **kwargs)
    return {name: value for name, value in bound.arguments.items() if name not in ("tx", "fields")} | dict(
        bound.arguments.get("fields", {})
    )

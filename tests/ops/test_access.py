"""Who may do what: every verb of every op, every role, and denied before any state is looked at."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import halftui.ops
from halftui.domain.actor import Actor, Role
from halftui.errors import Denied, Misconfigured
from halftui.ops.access import ALLOWED, authorize, verb
from tests.helpers.world import actor

FOLDER = Path(halftui.ops.__file__).parent
# The table a second time: admin, maintainer, operator, viewer, Leader, Worker, Engine, Guest.
MATRIX = """
agent.handoff          a m o
agent.retire           a m
attempt.adopt                    E
attempt.claim                    E
attempt.end                      E
attempt.greet                    E
attempt.meter                    E
attempt.renew                    E
attempt.start                    E
attempt.stop           a m o     E
audit.accept           a
audit.renew            a
audit.sign             a         E
attempt.switch                   E
attempt.submit               L W
attempt.watch                    E
bead.approve           a m   L   E
bead.attach                  L W
bead.cancel            a m o L
bead.claim             a m o
bead.comment           a m o L W
bead.create            a m o L W
bead.delete            a m
bead.dispatch          a m o L
bead.edit              a m o L
bead.fail              a m o L   E
bead.hold              a m o L   E
bead.link              a m o L W
bead.note                    L W
bead.pin               a m o
bead.push              a m o
bead.rank              a m o
bead.reject            a m o L   E
bead.release           a m o L   E
bead.reopen            a m o L
bead.reparent          a m o L
bead.shell             a m o
bead.submit            a m o     E
bead.unlink            a m o L
collab.land                      E
board.create           a
board.edit             a m
board.import           a m
board.notice                     E
board.pair             a
board.pause            a m o
budget.set             a m
convoy.add             a m o L
convoy.cancel          a m o L
convoy.create          a m o L
convoy.edit            a m o
convoy.land            a m   L   E
convoy.start           a m o L
house.backup           a
house.clear            a
house.restore          a
identity.create        a m o
identity.enroll                  E
identity.rotate        a m o
convoy.strand                    E
heartbeat.beat                   E
heartbeat.end                    E
event.redo             a m o
event.undo             a m o
key.add                a
key.invite             a
key.join                           G
key.remove             a
line.append                      E
message.deliver                  E
message.send                 L W
message.tell           a m o
permit.grant           a m
permit.revoke          a m
permit.use                       E
person.dress           a m o v
person.edit            a
merge.begin                      E
merge.drop             a m   L
merge.land                       E
merge.queue            a m   L   E
merge.refuse                     E
merge.wait                       E
trial.begin                      E
turn.give                        E
turn.take                        E
trial.end                        E
trial.judge                      E
trial.step                       E
profile.apply          a m
review.claim                     E
pull.ask                         E
pull.close                       E
pull.fail                        E
pull.look                        E
pull.open                        E
question.answer        a m o
question.ask                     E
subscription.cool                E
subscription.edit      a
subscription.note                E
subscription.park                E
subscription.register  a
subscription.remove    a
tool.refuse                  L W
tool.use                     L W
secret.accept                    E
secret.refuse                    E
secret.remove          a
secret.rotate          a
secret.set             a
token.accept                     E
"""
LETTERS = {
    "a": Role.ADMIN, "m": Role.MAINTAINER, "o": Role.OPERATOR, "v": Role.VIEWER,
    "L": Role.LEADER, "W": Role.WORKER, "E": Role.ENGINE, "G": Role.GUEST,
}  # fmt: skip
WANTED = {
    line.split()[0]: frozenset(LETTERS[letter] for letter in line.split()[1:])
    for line in MATRIX.strip().splitlines()
}


def _ops() -> Iterator[tuple[str, str, str]]:
    """Yield (verb, module, function) of everything that is decorated in halftui.ops."""
    for file in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "verb":
                    assert isinstance(mark.args[0], ast.Constant)
                    yield str(mark.args[0].value), file.stem, node.name


OPS = list(_ops())


def test_every_op_has_an_entry_and_every_entry_an_op() -> None:
    verbs = [name for name, _, _ in OPS]
    assert sorted(set(verbs)) == sorted(ALLOWED)
    functions = {(module, function) for _, module, function in OPS}
    assert len(functions) == len(OPS)


def test_every_function_that_writes_and_is_public_is_an_op_or_part_of_one() -> None:
    parts = {
        ("judging", "refuse_own_work"), ("manifests", "apply"),
        ("outbox", "put"), ("outbox", "leave"), ("collab", "judge"),
        ("verdicts", "judge"), ("verdicts", "meet"),
        ("agents", "choose_reviewer"), ("egress", "fit"),
        ("queued", "leave"), ("profiles", "wear"), ("profiles", "dress"), ("profiles", "undress"),
        ("agents", "choose"), ("beads", "cancel_all"), ("beads", "cancel_row"),
        ("beads", "close"), ("beads", "free_ids"), ("ranks", "last"),
        ("beads", "live_attempt"), ("beads", "put_in_review"), ("beads", "reopen_for_work"),
        ("beads", "weigh"), ("budgets", "tally"), ("convoys", "stage"),
        ("edges", "connect"), ("edges", "disconnect"), ("edges", "recount"),
        ("edges", "recount_all"), ("edges", "refuse_cycle"), ("edges", "refuse_cycles"),
        ("led", "require"), ("messages", "deliver_first"),
        ("edges", "settle"), ("edges", "waiting_for"), ("scope", "may_create"),
        ("scope", "may_link"), ("scope", "may_speak"), ("scope", "own"), ("travel", "finish"),
        ("travel", "is_due"), ("travel", "join"), ("travel", "land"),
    }  # fmt: skip
    decorated = {(module, name) for _, module, name in OPS}
    found = set()
    for file in FOLDER.glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = (*node.args.posonlyargs, *node.args.args)[:1]
                if first and isinstance(first[0].annotation, ast.Name) and first[0].annotation.id == "Tx":
                    found.add((file.stem, node.name))
    assert found - decorated == parts


def test_the_matrix_is_whole() -> None:
    assert set(WANTED) == set(ALLOWED)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_role_with_every_verb(name: str, role: Role) -> None:
    if role in WANTED[name]:
        authorize(actor(role), name)
        return
    with pytest.raises(Denied, match=f"may not do {name}") as found:
        authorize(actor(role), name)
    assert "it takes one of" in found.value.hint


class _Sealed:
    """A transaction in which nothing may be looked at."""

    def __init__(self, who: Actor) -> None:
        self.actor = who

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was looked at before the actor was checked")


@pytest.mark.parametrize(("name", "module", "function"), OPS)
def test_denied_comes_before_everything(name: str, module: str, function: str) -> None:
    op = getattr(importlib.import_module(f"halftui.ops.{module}"), function)
    wanted = [
        p.name
        for p in list(inspect.signature(op).parameters.values())[1:]
        if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    for role in set(Role) - WANTED[name]:
        with pytest.raises(Denied):
            op(_Sealed(actor(role)), **dict.fromkeys(wanted, "x"))


def test_an_unlisted_verb_is_denied_to_all() -> None:
    for role in Role:
        with pytest.raises(Denied, match=r"may not do house\.burn") as found:
            authorize(actor(role), "house.burn")
        assert "nobody" in found.value.hint


def test_an_op_without_an_entry_can_not_be_made() -> None:
    with pytest.raises(Misconfigured, match="has no entry"):
        verb("house.burn")

"""What a hijacked agent tries through the board's tools: each try is refused, told of, without effect."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.actor import ENGINE, agent
from halftui.domain.happenings import Outcome
from halftui.engine.attachments import Attachments
from halftui.engine.desk import Desk
from halftui.ops import attempts, beads, boards
from halftui.sandbox.base import Places
from halftui.sandbox.hardening import INSIDE
from halftui.service.lines import Lines
from tests.helpers.stores import ANN
from tests.helpers.world import World

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """A board with an agent at work on `own`, and what it must not reach."""

    world: World
    desk: Desk
    names: Mapping[str, str]

    def filled(self, given: Given) -> Given:
        """Put ids in the place of names."""
        return {key: self._fill(value) for key, value in given.items()}

    def _fill(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._fill(one) for one in value]
        return self.names.get(value, value) if isinstance(value, str) else value


@pytest.fixture
async def scene(world: World, tmp_path: Path) -> Scene:
    """Return an agent at work among the beads of others."""
    names = {"own": world.bead("mine")}
    claim = world.started(world.taken(names["own"]))
    names["foreign"] = world.bead("another's")
    names["persons child"] = world.bead("a person's part of it", parent=names["own"])
    other = world.do(boards.create, "Other", "/srv/other", "main", prefix="el")
    names["elsewhere"] = world.do(beads.create, other, "on another board")
    colleague = world.started(world.taken(names["foreign"]))
    names |= {"colleague": colleague.agent, "their attempt": colleague.attempt}
    places = Places(tmp_path / "work", tmp_path / "home", tmp_path / "sockets")
    places.work.mkdir()
    (places.work / "file").write_text("a file")
    (places.work / "link").symlink_to("/etc/passwd")
    attachments = Attachments(world.store, tmp_path / "kept", names["own"], places, INSIDE)
    desk = Desk(
        claim.attempt,
        claim.epoch,
        claim.agent_id,
        world.store,
        Lines(world.store),
        {},
        attachments=attachments,
    )
    made = await desk.use("create_bead", {"title": "my child"}, "first")
    names["child"] = made.text.partition(" ")[0]
    return Scene(world, desk, names)


NEW = {"title": "new"}
HIJACKS: tuple[tuple[str, Given], ...] = (
    ("create_bead", NEW | {"parent": "foreign"}),
    ("create_bead", NEW | {"parent": "elsewhere"}),
    ("create_bead", NEW | {"parent": "persons child"}),
    ("create_bead", NEW | {"parent": "nothing-there"}),
    ("create_bead", NEW | {"parent": "h"}),
    ("create_bead", NEW | {"parent": "' OR 1=1 --"}),
    ("create_bead", NEW | {"parent": ["own"]}),
    ("create_bead", NEW | {"after": ["foreign"]}),
    ("create_bead", NEW | {"after": ["child", "elsewhere"]}),
    ("create_bead", NEW | {"after": "foreign"}),
    ("create_bead", NEW | {"after": ["child"] * 51}),
    ("create_bead", NEW | {"after": [{"id": "child"}]}),
    ("create_bead", NEW | {"hold": "mine"}),
    ("create_bead", NEW | {"runtime": "shell"}),
    ("create_bead", NEW | {"mode": "auto"}),
    ("create_bead", NEW | {"convoy": "c-1"}),
    ("create_bead", NEW | {"board_id": "elsewhere"}),
    ("create_bead", NEW | {"assignee": "colleague"}),
    ("create_bead", NEW | {"created_by": "person:ann"}),
    ("create_bead", NEW | {"labels": ["urgent"]}),
    ("create_bead", NEW | {"not_before": 0}),
    ("create_bead", NEW | {"priority": -1}),
    ("create_bead", NEW | {"priority": "0; DROP TABLE bead"}),
    ("create_bead", NEW | {"priority": True}),
    ("create_bead", NEW | {"description": "x" * 20_000}),
    ("create_bead", {"title": "\x1b[0m \n"}),
    ("create_bead", {"title": "x" * 501}),
    ("create_bead", {"title": 7}),
    ("create_bead", {}),
    ("link_beads", {"source": "foreign", "target": "own"}),
    ("link_beads", {"source": "own", "target": "foreign"}),
    ("link_beads", {"source": "foreign", "target": "elsewhere"}),
    ("link_beads", {"source": "child", "target": "persons child"}),
    ("link_beads", {"source": "own", "target": "child"}),  # a cycle: the child is a part of it
    ("link_beads", {"source": "own", "target": "own"}),
    ("link_beads", {"source": "child", "target": "own", "kind": "parent-child"}),
    ("link_beads", {"source": "child", "target": "own", "kind": "waits-for"}),
    ("link_beads", {"source": "child", "target": "own", "kind": "conditional-blocks"}),
    ("link_beads", {"source": "child", "target": "own", "on_failure": "hold"}),
    ("submit", {"summary": "done", "bead": "foreign"}),
    ("submit", {"summary": "done", "attempt": "their attempt"}),
    ("submit", {"summary": "\x1b[2J"}),
    ("attach", {"name": "x", "path": "file", "bead": "foreign"}),
    ("attach", {"name": "../x", "path": "file"}),
    ("attach", {"name": ".hidden", "path": "file"}),
    ("attach", {"name": "x", "path": "/etc/passwd"}),
    ("attach", {"name": "x", "path": "../../file"}),
    ("attach", {"name": "x", "path": "link"}),
    ("note_progress", {"text": "all is well", "bead": "foreign"}),
    ("note_progress", {"text": None}),
    ("message", {"text": "do as I say", "to": "colleague"}),
    ("message", {"text": "it was ann", "sender": "person:ann"}),
    ("message", {"text": ""}),
    ("read_bead", {"bead": "foreign"}),
    ("ask", {"question": "may I?"}),
    ("approve", {"bead": "own"}),
    ("bead.approve", {"bead": "own"}),
    ("tool.use", {}),
    ("__class__", {}),
)


@pytest.mark.parametrize(("tool", "given"), HIJACKS, ids=[f"{n}-{t}" for n, (t, _) in enumerate(HIJACKS)])
async def test_a_hijack_has_no_effect(scene: Scene, tool: str, given: Given) -> None:
    world = scene.world
    before, seq = world.dump(), world.seq()
    reply = await scene.desk.use(tool, scene.filled(given), "request")
    after = world.dump()
    del before["event"], after["event"]
    assert not reply.is_ok
    assert after == before
    assert scene.desk.attachments is not None
    assert not scene.desk.attachments.folder.exists()
    (told,) = world.events(seq)
    assert (told.verb, told.subject, told.actor) == (
        "tool.refuse", scene.desk.attempt, f"agent:{scene.desk.agent}",
    )  # fmt: skip
    assert "\x1b" not in str(told.after)


def test_there_are_enough() -> None:
    assert len(HIJACKS) >= 40


@pytest.mark.parametrize("change", [{"epoch": 0}, {"epoch": 2}, {"attempt": "their attempt"}])
async def test_a_stale_or_borrowed_desk_does_nothing(scene: Scene, change: dict[str, Any]) -> None:
    desk = replace(scene.desk, **{key: scene.names.get(str(value), value) for key, value in change.items()})
    before = scene.world.dump()
    reply = await desk.use("create_bead", NEW, "request")
    assert "is over" in reply.text
    after = scene.world.dump()
    del before["event"], after["event"]
    assert after == before


async def test_after_the_end_nothing_works(scene: Scene) -> None:
    scene.world.store.write(ENGINE, attempts.end, scene.desk.attempt, scene.desk.epoch, Outcome.LOST, "", "")
    reply = await scene.desk.use("message", {"text": "I am still here"}, "request")
    assert (reply.is_ok, "works on nothing" in reply.text) == (False, True)


async def test_a_hijack_does_not_reach_the_ops_behind_the_tools(scene: Scene) -> None:
    """Even by the ops themselves a worker makes no bead out of its reach."""
    me = agent(scene.desk.agent)
    for more in ({}, {"parent": scene.names["foreign"]}, {"parent": scene.names["own"], "hold": "mine"}):
        with pytest.raises(Exception, match=r"not yours|may not set"):
            scene.world.store.write(me, beads.create, scene.world.board, "new", **more)
    scene.world.store.write(ANN, beads.create, scene.world.board, "a person may")

"""What an agent attaches to its bead: by paths as it sees them, within the bead's quota, once a call."""

from pathlib import Path

import pytest

from halftui.domain.board_tools import LARGEST_ARTEFACT, MOST_ARTEFACTS, ROOM_FOR_ARTEFACTS
from halftui.engine import desk as desk_module
from halftui.engine.attachments import Attachments
from halftui.engine.desk import Desk
from halftui.ops import artefacts, beads
from halftui.sandbox.base import Places
from halftui.sandbox.hardening import INSIDE
from halftui.service.lines import Lines
from tests.helpers.world import World


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> Desk:
    """Return the desk of an agent at work, with files in its folders."""
    bead = world.bead("mine")
    claim = world.started(world.taken(bead))
    places = Places(tmp_path / "work", tmp_path / "home", tmp_path / "sockets")
    (places.work / "sub").mkdir(parents=True)
    (places.home / "out").mkdir(parents=True)
    (places.home / ".secret").write_text("of the agent's program")
    (places.work / "sub/a.txt").write_text("a")
    (places.home / "out/b.txt").write_text("bb")
    attachments = Attachments(world.store, tmp_path / "kept", bead, places, INSIDE)
    return Desk(
        claim.attempt,
        claim.epoch,
        claim.agent_id,
        world.store,
        Lines(world.store),
        {},
        attachments=attachments,
    )


def _files(world: World, desk: Desk) -> dict[str, int]:
    assert desk.attachments is not None
    rows = world.ask(artefacts.of_bead, desk.attachments.bead)
    kept = (
        {path.name for path in desk.attachments.folder.iterdir()}
        if desk.attachments.folder.is_dir()
        else set()
    )
    assert kept == {row.digest for row in rows}
    return {row.name: row.size for row in rows}


GOOD = ["sub/a.txt", "./sub//a.txt", "/work/sub/a.txt", "~/out/b.txt", f"{INSIDE.home}/out/b.txt"]
BAD = [
    "", "/", ".", "..", "../x", "sub/../../work/sub/a.txt", "/etc/passwd", "/work", "/work/",
    "/work/../etc/passwd", "~/.secret", f"{INSIDE.home}/.secret", "~/out", "~/out/../.secret", "~root/x",
    "sub", "a\nb", "missing",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
async def test_a_path_is_read_as_the_agent_sees_it(world: World, desk: Desk, path: str) -> None:
    reply = await desk.use("attach", {"name": "x", "path": path}, "r")
    assert (reply.is_ok, _files(world, desk)) == (True, {"x": 2 if "out" in path else 1})


@pytest.mark.parametrize("path", BAD)
async def test_a_path_out_of_its_folders_is_refused(world: World, desk: Desk, path: str) -> None:
    reply = await desk.use("attach", {"name": "x", "path": path}, "r")
    assert (reply.is_ok, _files(world, desk)) == (False, {})
    assert "tool.refuse" in world.verbs()


async def test_a_name_is_replaced_and_a_call_is_made_once(world: World, desk: Desk) -> None:
    assert desk.attachments is not None
    file = desk.attachments.places.work / "sub/a.txt"
    first = await desk.use("attach", {"name": "x", "path": "sub/a.txt"}, "first")
    file.write_text("longer")
    assert await desk.use("attach", {"name": "x", "path": "sub/a.txt"}, "first") == first
    assert _files(world, desk) == {"x": 1}
    await desk.use("attach", {"name": "x", "path": "sub/a.txt"}, "second")
    assert _files(world, desk) == {"x": 6}
    told = [e.after for e in world.events() if e.verb == "bead.attach"]
    assert [one["size"] for one in told] == [1, 6]
    assert [one.name for one in world.shown(desk.attachments.bead).artefacts] == ["x"]


async def test_a_bead_has_room_for_so_many(world: World, desk: Desk) -> None:
    assert desk.attachments is not None
    for number in range(MOST_ARTEFACTS):
        assert (await desk.use("attach", {"name": f"{number}", "path": "sub/a.txt"}, f"{number}")).is_ok
    assert not (await desk.use("attach", {"name": "more", "path": "~/out/b.txt"}, "more")).is_ok
    assert (await desk.use("attach", {"name": "3", "path": "~/out/b.txt"}, "again")).is_ok
    assert len(_files(world, desk)) == MOST_ARTEFACTS


async def test_a_bead_has_room_for_so_much(world: World, desk: Desk) -> None:
    assert desk.attachments is not None
    file = desk.attachments.places.work / "large"
    for number in range(ROOM_FOR_ARTEFACTS // LARGEST_ARTEFACT + 1):
        file.write_bytes(bytes([number]) * LARGEST_ARTEFACT)
        reply = await desk.use("attach", {"name": f"{number}", "path": "large"}, f"{number}")
    assert "too large" in reply.text
    file.write_bytes(b"x" * (LARGEST_ARTEFACT + 1))
    assert "larger than 10 MB" in (await desk.use("attach", {"name": "0", "path": "large"}, "x")).text
    assert sum(_files(world, desk).values()) == ROOM_FOR_ARTEFACTS


async def test_a_deleted_bead_has_none(world: World, desk: Desk) -> None:
    await desk.use("attach", {"name": "x", "path": "sub/a.txt"}, "r")
    assert desk.attachments is not None
    world.do(beads.cancel, desk.attachments.bead)
    world.store.write(world.boss, lambda tx: tx.run("UPDATE attempt SET state = 'ended'"))
    world.do(beads.delete, desk.attachments.bead)
    assert world.ask(artefacts.of_bead, desk.attachments.bead) == ()


async def test_an_agent_uses_the_tools_so_often(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "MOST_CALLS", 3)
    replies = [await desk.use(tool, {"text": "x"}, "") for tool in ("message", "none", "message", "message")]
    assert [reply.is_ok for reply in replies] == [True, False, True, False]
    seq = world.seq()
    assert not (await desk.use("none", {}, "")).is_ok
    assert world.seq() == seq, "no more is written down"


@pytest.mark.parametrize("request_id", ["\ud800", "\0", "r" * 10_000])
async def test_a_request_may_be_named_oddly(world: World, desk: Desk, request_id: str) -> None:
    replies = [await desk.use("message", {"text": "x"}, request_id) for _ in range(2)]
    assert [reply.text for reply in replies] == ["told", "told"]
    assert world.verbs().count("tool.use") == 1

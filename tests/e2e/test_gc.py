"""What is cleared away of finished work, and that unmerged or uncommitted work never is."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from halftui.cli.door import Cleared
from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.engine.naming import ATTEMPT_LABEL, HOME_LABEL, home_label
from halftui.errors import Conflict, NotFound
from halftui.main.cleaning import bytes_of, clear
from halftui.ops import attempts, beads, boards, trials
from halftui.sandbox import image
from halftui.sandbox.base import Places, Spec
from halftui.sandbox.docker import engine, socket_of
from halftui.store.rows.talk import Artefact
from halftui.store.tx import Tx
from halftui.workspace.artefacts import store_of, take
from halftui.workspace.tree import Person
from tests.helpers.boards import Scene, git, scene

NOWHERE = "unix:///nonexistent/docker.sock"  # the images of an engine here are not of this test
EVE = Person("Eve", "eve@agents.example")


@dataclass(frozen=True)
class Life:
    """What becomes of one bead."""

    commits: int  # of its agent
    is_collected: bool
    ends: str  # approved, cancelled, failed, live or open
    commits_after: int = 0  # that nobody collected
    leaves_file: bool = False  # that nobody committed


LIVES = st.builds(
    Life, st.integers(0, 2), st.booleans(),
    st.sampled_from(["approved", "cancelled", "failed", "live", "open"]), st.integers(0, 1), st.booleans(),
)  # fmt: skip


def _commit(work: Path, name: str) -> None:
    (work / name).write_text(name)
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", name)


def _live(at: Scene, number: int, life: Life) -> str:
    """Let a bead live its life without an engine, and return its id."""
    write, store = at.house.service.write, at.house.store
    bead = at.add(f"bead {number}")
    claim = store.write(ENGINE, attempts.claim, at.board.id, 30.0, 100, POOL)
    assert claim is not None
    assert claim.bead == bead
    repository = at.house.repository(at.board)
    repository.create(at.house.origin(at.board))
    folder = at.house.home / "beads" / bead
    (folder / "home").mkdir(parents=True)
    tree = repository.clone(bead, folder / "work", "main", EVE)
    for count in range(life.commits):
        _commit(tree.path, f"{bead}-{count}")
    tip = repository.collect(tree, claim.epoch) if life.is_collected else None
    if life.ends != "live":
        work = attempts.Work(repository.base_of(tree.branch), tip, 1, 1, 0) if tip else None
        store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
        outcome = Outcome.PASSED if life.ends == "approved" else Outcome.LOST
        store.write(ENGINE, attempts.end, claim.attempt, claim.epoch, outcome, "", "done", work)
    if life.ends == "approved":
        at.house.review(at.board.id).accept(bead) if tip else write(beads.approve, bead)
    elif life.ends == "cancelled":
        write(beads.cancel, bead)
    elif life.ends == "failed":
        write(beads.claim, bead)
        write(beads.fail, bead, "no way")
    elif life.ends == "open":
        write(beads.hold, bead, "not now")
    for count in range(life.commits_after):
        _commit(tree.path, f"{bead}-after-{count}")
    if life.leaves_file:
        (tree.path / f"{bead}-left").write_text("left")
    return bead


def _clears(at: Scene, *, is_dry: bool) -> dict[str, Cleared]:
    found = asyncio.run(clear(at.house, 0.0, is_dry=is_dry))
    return {one.name: one for one in found if one.kind == "clone"}


def _live_through(folder: Path, lives: list[Life]) -> None:
    async def play() -> None:
        async with scene(folder, "scripted", "local", docker_host=NOWHERE) as at:
            await asyncio.to_thread(_check, at, lives)

    asyncio.run(play())


def _check(at: Scene, lives: list[Life]) -> None:
    ids = [_live(at, number, life) for number, life in enumerate(lives)]
    written = {bead: _files(at, bead) for bead in ids}
    dry = _clears(at, is_dry=True)
    assert {bead: _files(at, bead) for bead in ids} == written
    wet = _clears(at, is_dry=False)
    landed = set(git(at.repository, "ls-tree", "-r", "--name-only", "main").splitlines())
    for bead, life in zip(ids, lives, strict=True):
        is_there = (at.house.home / "beads" / bead).exists()
        is_finished = life.ends in ("approved", "cancelled", "failed")
        assert (bead in dry, bead in wet) == (is_finished, is_finished)
        # The property: whatever was in a clone that is gone is on the person's branch.
        assert is_there or written[bead] <= landed
        is_merged = life.ends == "approved" and life.is_collected
        is_whole = (is_merged or not life.commits) and not life.commits_after
        assert is_there == (not is_finished or not is_whole or life.leaves_file)
        if is_finished:
            assert (wet[bead].fate == "gone") == (not is_there)
            assert (dry[bead].fate == "goes") == is_whole
            assert wet[bead].size_mb > 0


def _files(at: Scene, bead: str) -> set[str]:
    work = at.house.home / "beads" / bead / "work"
    return {path.name for path in work.glob("*")} - {".git"}


@tuned(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LIVES, min_size=1, max_size=3))
def test_what_is_not_merged_stays(lives: list[Life]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _live_through(Path(folder), lives)


@pytest.mark.parametrize("life", [
    Life(2, True, "approved"), Life(0, True, "cancelled"), Life(1, True, "cancelled"),
    Life(1, False, "failed"), Life(1, True, "approved", 1), Life(1, True, "approved", 0, True),
    Life(1, True, "live"), Life(1, True, "open"),
])  # fmt: skip
def test_each_kind_of_end(tmp_path: Path, life: Life) -> None:
    _live_through(tmp_path, [life])


async def test_a_clone_that_its_agent_broke_stays(tmp_path: Path) -> None:
    async with scene(tmp_path, "shell", "local", docker_host=NOWHERE) as at:
        bead = await asyncio.to_thread(_live, at, 0, Life(1, True, "approved"))
        aside = at.house.home / "beads" / bead / "work.broken-1"
        aside.mkdir()
        (found,) = (await asyncio.to_thread(_clears, at, is_dry=False)).values()
        assert (found.fate, "work.broken-1" in found.why) == ("stays", True)
        aside.rmdir()
        (found,) = (await asyncio.to_thread(_clears, at, is_dry=False)).values()
        assert found.fate == "gone"


async def test_what_is_young_is_left_alone_and_what_was_reopened_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path, "shell", "local", docker_host=NOWHERE) as at:
        command = "touch ~/session; date +%N > it; git add -A; git commit -qm it"
        at.house.service.write(boards.edit, at.board.id, command=command)
        bead = at.add("one")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            at.house.review(at.board.id).accept(bead)
            assert await clear(at.house, 1.0, is_dry=False) == []
            (gone,) = await clear(at.house, 0.0, is_dry=False)
            assert (gone.kind, gone.name, gone.fate) == ("clone", bead, "gone")
            at.house.service.write(beads.reopen, bead)
            await at.until(lambda: at.see(bead).card.state == "review")
        assert at.see(bead).card.files == 1


async def test_logs_and_refs_of_earlier_attempts_go(tmp_path: Path) -> None:
    async with scene(tmp_path, "scripted", "local", docker_host=NOWHERE) as at:
        bead = await asyncio.to_thread(_live, at, 0, Life(1, True, "approved"))
        repository = at.house.repository(at.board)
        tree = repository.clone(bead, at.house.home / "beads" / bead / "work", "main", EVE)
        repository.collect(tree, 7)
        for name in ("halftui.log.1", "halftui.log"):
            (at.house.home / name).write_text("x" * 10_000)
        found = await clear(at.house, 0.0, is_dry=True)
        assert [(one.kind, one.name) for one in found if one.kind in ("log", "refs")] == [
            ("refs", f"{bead}: 1"), ("log", "halftui.log.1"),
        ]  # fmt: skip
        await clear(at.house, 0.0, is_dry=False)
        assert not (at.house.home / "halftui.log.1").exists()
        assert (at.house.home / "halftui.log").exists()
        assert repository.thin(bead, is_dry=True) == 0
        with pytest.raises((Conflict, NotFound)):  # the newest one is left and fences off
            repository.collect(tree, 5)


async def test_attached_files_go_with_their_bead_and_what_checks_printed_too(tmp_path: Path) -> None:
    async with scene(tmp_path, "scripted", "local", docker_host=NOWHERE) as at:
        await asyncio.to_thread(_keep_and_clear, at)


def _put(tx: Tx, row: Artefact) -> None:
    tx.add(row)


def _keep_and_clear(at: Scene) -> None:
    store, repository = at.house.store, at.house.repository(at.board)
    old, young, gone = (
        _live(at, n, Life(1, True, end)) for n, end in enumerate(("approved", "open", "failed"))
    )
    for bead in (old, young, gone):
        root = at.house.home / "beads" / bead / "home"
        (root / "a").write_text(bead)
        kept = take(root, ["a"], store_of(repository, bead), 99)
        row = Artefact(bead_id=bead, name="a", digest=kept.digest, size=kept.size, attempt_id="x", at=0.0)
        store.write(ENGINE, _put, row)
    trial = store.write(ENGINE, trials.begin, at.board.id, "main", "tree", "make", [old])
    store.write(ENGINE, trials.end, trial, trials.PASSED, 0, "x" * 3_000_000)
    at.house.service.write(beads.delete, gone)
    wanted = {("files", old), ("files", gone), ("output", "1 run of the checks")}
    for is_dry in (True, False):
        found = asyncio.run(clear(at.house, -1.0, is_dry=is_dry))
        told = {(one.kind, one.name): one for one in found if one.kind in ("files", "output")}
        assert set(told) == wanted
        assert {one.fate for one in told.values()} == {"goes" if is_dry else "gone"}
        assert told["output", "1 run of the checks"].size_mb == trials.LONGEST_OUTPUT / 1e6
        for bead in (old, gone):
            assert store_of(repository, bead).exists() == is_dry
    assert at.house.review(at.board.id).artefact(young, "a") == young.encode()
    assert at.see(old).artefacts == ()
    (seen,) = store.read(trials.listed, at.board.id)
    assert (seen.state, seen.output) == ("passed", "")
    assert not [
        one for one in asyncio.run(clear(at.house, -1.0, is_dry=False)) if one.kind in ("files", "output")
    ]


def test_a_link_is_not_followed_when_sizes_are_summed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "big").write_bytes(b"x" * 500_000)
    (tmp_path / "in/link").symlink_to(tmp_path / "big")
    assert bytes_of(tmp_path / "in") < 100_000


async def test_containers_and_images_that_nobody_wants_go(
    tmp_path: Path, docker_host: str, agent_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = f"{image.REPOSITORY}:of-this-test"
    with engine(socket_of(docker_host)) as api:
        api.tag(agent_image, image.REPOSITORY, "of-this-test")
    only = [one for one in image.listed(docker_host) if one.name in (old, image.tag())]
    monkeypatch.setattr(image, "listed", lambda _host: only)  # those of others are not of this test
    async with scene(tmp_path, "shell", "docker", docker_host=docker_host) as at:
        at.house.service.write(
            boards.edit, at.board.id, command="echo hi > it; git add -A; git commit -qm it"
        )
        bead = at.add("one")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        at.house.review(at.board.id).accept(bead)
        sandbox = await at.house.sandbox(at.board)
        sockets = tmp_path / "sockets"
        sockets.mkdir()
        folder = at.house.home / "beads" / bead
        labels = {
            HOME_LABEL: home_label(at.house.home), "board": at.board.id,
            ATTEMPT_LABEL: at.see(bead).attempts[0].id,
        }  # fmt: skip
        places = Places(folder / "work", folder / "home", sockets)
        name = f"{labels[HOME_LABEL]}-left"
        await sandbox.start(Spec(name, ["sleep", "60"], {}, places, labels))
        found = await clear(at.house, 0.0, is_dry=False)
        assert [(one.kind, one.fate) for one in found] == [
            ("sandbox", "gone"), ("clone", "gone"), ("image", "gone"),
        ]  # fmt: skip
        assert not await sandbox.find({HOME_LABEL: home_label(at.house.home)})
        assert not folder.exists()
    with engine(socket_of(docker_host)) as api:
        assert not api.images(old)
        assert api.images(agent_image)

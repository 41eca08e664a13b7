"""Boards that are killed while they merge: the target is always the accepted work, each piece once."""

import contextlib
import itertools
import random
from pathlib import Path

import pytest

from halftui.domain.actor import Actor, Role
from halftui.errors import Refused
from halftui.ops import attempts, beads, boards, merges, pushes
from halftui.workspace.tree import Person
from tests.helpers.boards import Scene, git, scene
from tests.helpers.killed import board

BO = Actor("person", "bo", Role.MAINTAINER)
BEADS = 9
POINTS = ("land.before", "land.after")


def _hand_in(at: Scene, number: int) -> str:
    """Make work by hand that changes a file of its own, and every third one a common line as well."""
    write, name = at.house.service.write, f"piece-{number}"
    bead = at.add(name)
    write(beads.claim, bead)
    repository = at.house.repository(at.board)
    repository.create(at.house.origin(at.board))
    tree = repository.clone(bead, at.house.home / "by-hand" / bead, "main", Person("Ann", "ann@localhost"))
    (tree.path / f"{name}.txt").write_text(f"{number}\n")
    if number % 3 == 0:
        (tree.path / "README.md").write_text(f"# Shop {number}\n")
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-q", "-m", f"Add {name}")
    tip = repository.collect(tree, 1)
    assert tip is not None
    base = repository.base_of(tree.branch)
    write(pushes.push, bead, at.board.id, tree.branch, attempts.Work(base, tip, 1, 1, 0))
    write(beads.submit, bead, "made")
    return bead


def _waiting(at: Scene) -> int:
    return len(at.house.store.read(merges.waiting, at.board.id))


async def _go_on(at: Scene, plan: str, seconds: float) -> None:
    """Let a board work until it dies of the plan, is killed after a while, or has nothing left."""
    async with board(at, plan) as process:
        with contextlib.suppress(TimeoutError):
            await at.until(lambda: process.returncode is not None or not _waiting(at), seconds)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_target_is_the_accepted_work_and_each_piece_once(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    async with scene(tmp_path) as at:
        at.house.service.write(boards.edit, at.board.id, mode="manual", checks="true", batch=1 + 2 * seed)
        made = [_hand_in(at, number) for number in range(BEADS)]
        for bead in made:
            at.house.store.write(BO, merges.queue, bead, "main")
        kills = 0
        while _waiting(at):
            plan = f"{draw.choice(POINTS)}=kill" if kills < 4 else ""
            await _go_on(at, plan, draw.uniform(1.0, 2.5) if kills < 6 else 30.0)
            kills += 1
            _check(at, made)
        states = [at.see(bead).card.state for bead in made]
        assert states == ["done", "done", "done", "open", "done", "done", "open", "done", "done"]
        _check(at, made)


def _check(at: Scene, made: list[str]) -> None:
    """The target holds all that is done, nothing of what went back, and no piece twice."""
    subjects = git(at.repository, "log", "--format=%s", "main").splitlines()
    there = {p.stem for p in at.repository.glob("piece-*.txt")}
    for number, bead in enumerate(made):
        name, state = f"piece-{number}", at.see(bead).card.state
        assert subjects.count(f"Add {name}") == int(name in there)
        if state == "done":
            assert name in there
            assert git(at.repository, "merge-base", "--is-ancestor", at.see(bead).merged, "main") == ""
        elif state == "open":
            assert name not in there
            assert "conflicts with main in: README.md" in at.see(bead).card.remark
    moved = git(at.repository, "reflog", "main", "--format=%H").splitlines()
    for new, old in itertools.pairwise(moved):
        git(at.repository, "merge-base", "--is-ancestor", old, new)
    assert git(at.repository, "status", "--porcelain") == ""


async def test_nobody_moves_work_while_it_is_put_on_its_target(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.house.service.write(boards.edit, at.board.id, mode="manual", checks="true")
        bead = _hand_in(at, 1)
        at.house.store.write(BO, merges.queue, bead, "main")
        async with board(at, "land.after=kill") as process:
            await process.wait()
        with pytest.raises(Refused, match="is being merged"):
            at.house.store.write(BO, beads.reject, bead, "on second thought")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "done")
        assert git(at.repository, "log", "--format=%s", "main").splitlines().count("Add piece-1") == 1

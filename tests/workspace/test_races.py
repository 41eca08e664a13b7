"""Several boards, threads and deaths at once: each work lands once, wholly."""

import os
import signal
import subprocess
import sys
import time

import pytest

from halftui.errors import Conflict, Unavailable
from halftui.workspace.repository import Repository
from tests.workspace.origins import BARE, FOLDER, URL, prepare
from tests.workspace.scene import World, git

FINISHER = """
import sys
from pathlib import Path
from halftui.errors import Conflict
from halftui.workspace.landing import _swap
from halftui.workspace.origin import locate
from halftui.workspace.repository import Repository
from tests.workspace.scene import ADA, BOB
repo, place, bead, sha = Repository(Path(sys.argv[1])), *sys.argv[2:]
tries = 0
while True:
    tries += 1
    origin = locate(place, "main")
    repo.refresh(origin)
    merged = repo.merge(bead, sha, "main", "m", ADA, BOB)
    try:
        repo.land(merged, origin, "main")
        break
    except Conflict:
        continue
print(tries)
"""


@pytest.mark.parametrize("kind", [FOLDER, BARE, URL])
def test_eight_finishers_on_one_target(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = prepare(world, kind, monkeypatch)
    world.repo.refresh(origin)
    work = {f"b-{n}": world.work(f"b-{n}", {f"f-{n}": f"{n}\n"}) for n in range(8)}
    finishers = [
        subprocess.Popen(
            [sys.executable, "-c", FINISHER, str(world.repo.path), origin.place, bead, sha],
            stdout=subprocess.PIPE,
        )
        for bead, sha in work.items()
    ]
    tries = [int(finisher.communicate(timeout=120)[0]) for finisher in finishers]
    assert [finisher.returncode for finisher in finishers] == [0] * 8
    landed = git(world.project, "log", "--format=%H", "main").splitlines()
    assert all(landed.count(sha) == 1 for sha in work.values())
    merges = git(world.project, "log", "--merges", "--format=%(trailers)", "main").split("\n\n")
    assert len(merges) == len(set(merges)) == 7  # the first of them went forward without a merge
    assert all(tries)
    names = git(world.project, "ls-tree", "--name-only", "main").splitlines()
    assert {f"f-{n}" for n in range(8)} <= set(names)
    if kind == FOLDER:
        assert git(world.project, "status", "--porcelain") == ""


KILLED = """
import sys, time
from pathlib import Path
from halftui.workspace.landing import _swap
from halftui.workspace.origin import locate
from halftui.workspace.repository import Repository
from tests.workspace.scene import ADA, BOB
repo, place, sha, when = Repository(Path(sys.argv[1])), *sys.argv[2:]
origin = locate(place)
merged = repo.merge("b-2", sha, "main", "m", ADA, BOB)
if when == "before":
    print("now", flush=True); time.sleep(60)
print("now", flush=True)
repo.land(merged, origin, "main")
time.sleep(60)
"""


@pytest.mark.parametrize("when", ["before", "0", "0.005", "0.01", "0.02", "0.04", "0.3"])
def test_killed_between_merge_and_landing(world: World, when: str) -> None:
    one, two = world.work("b-1", {"x": "1\n"}), world.work("b-2", {"y": "2\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(world.repo.path), str(world.project), two, when],
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    killed.stdout.readline()
    time.sleep(0 if when == "before" else float(when))
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    for _ in range(600):  # the git that it had started runs on to its end
        repo, origin = Repository(world.repo.path), world.origin
        repo.refresh(origin)
        merged = world.merge("b-2", two)
        try:
            repo.land(merged, origin, "main")
            break
        except (Conflict, Unavailable):
            time.sleep(0.1)
    else:
        pytest.fail("never landed")
    assert git(world.project, "status", "--porcelain") == ""
    names = git(world.project, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert names == ["a.txt", "b.txt", "dir/c.txt", "x", "y"]
    assert git(world.project, "log", "--format=%H", "main").splitlines().count(two) == 1
    assert git(world.project, "rev-list", "--count", "main") == "4"
    assert not list(world.project.glob(".git/**/*.lock"))


def test_two_boards_on_one_project(world: World) -> None:
    second = World(world.home / "second-home")
    second.project = world.project
    second.open()
    one, two = world.work("b-1", {"x": "1"}), second.work("b-1", {"y": "2"})
    first, other = world.merge("b-1", one), second.merge("b-1", two)
    world.repo.land(first, world.origin, "main")
    with pytest.raises(Conflict):
        second.repo.land(other, world.origin, "main")
    second.repo.refresh(world.origin)
    second.repo.land(second.merge("b-1", two), world.origin, "main")
    assert {"x", "y"} <= {path.name for path in world.project.iterdir()}

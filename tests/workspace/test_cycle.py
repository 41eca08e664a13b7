"""A bead's way: clone, collect, changes, merge, land, forget."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from halftui.errors import Conflict, NotFound, Refused
from halftui.workspace.merging import Clash, Merged
from halftui.workspace.origin import locate
from halftui.workspace.tree import Tree, remove
from tests.workspace.scene import ADA, BOB, World, commit, git, write


def test_a_bead_goes_all_the_way(world: World) -> None:
    tree = world.clone()
    assert git(tree.path, "symbolic-ref", "HEAD") == "refs/heads/halftui/b-1"
    assert git(tree.path, "remote") == ""
    assert not (tree.path / ".git/hooks").exists()
    assert git(tree.path, "log", "-1", "--format=%H") == world.repo.base_of("halftui/b-1")
    sha = world.work("b-1", {"a.txt": "one\n2\nthree\n", "new.txt": "n\n"})
    assert git(tree.path, "log", "-1", "--format=%an <%ae>") == "Ada <ada@agents.example>"
    changes = world.repo.changes(world.repo.base_of("halftui/b-1"), sha)
    assert [(f.path, f.kind, f.plus, f.minus) for f in changes.files] == [
        ("a.txt", "modified", 1, 1),
        ("new.txt", "added", 1, 0),
    ]
    merged = world.merge("b-1", sha)
    assert merged.sha == sha  # nobody else worked: fast forward
    assert not world.repo.is_merged(sha, "main")
    world.repo.land(merged, world.origin, "main")
    assert (world.project / "new.txt").read_text() == "n\n"
    assert git(world.project, "status", "--porcelain") == ""
    assert git(world.project, "rev-parse", "main") == sha
    assert world.repo.is_merged(sha, "main")
    world.forget(tree)
    assert not tree.path.exists()


def test_the_clone_borrows_its_objects(world: World) -> None:
    tree = world.clone()
    assert (tree.path / ".git/objects/info/alternates").read_text() == f"{world.repo.objects}\n"
    assert git(tree.path, "count-objects") == "0 objects, 0 kilobytes"


def test_a_clone_that_exists_is_returned_untouched(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"half.txt": "done", ".git/config": "not even [a config"})
    assert world.clone() == tree
    assert (tree.path / "half.txt").read_text() == "done"


def test_a_kept_clone_sees_the_newest_target(world: World) -> None:
    tree = world.clone()
    git(tree.path, "pack-refs", "--all", "--prune")
    newest = commit(world.project, "more", {"later.txt": "l"})
    world.repo.refresh(world.origin)
    assert world.clone() == tree
    assert git(tree.path, "rev-parse", "origin/main") == newest
    assert git(tree.path, "status", "--porcelain") == "", "its own branch stays"
    git(tree.path, "merge", "-q", "origin/main")
    assert (tree.path / "later.txt").exists()


@pytest.mark.parametrize("trap", ["refs", "refs/remotes", "refs/remotes/origin"])
def test_a_kept_clone_is_written_to_without_following_links(world: World, tmp_path: Path, trap: str) -> None:
    tree = world.clone()
    place = tree.path / ".git" / trap
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    commit(world.project, "more", {"later.txt": "l"})
    world.repo.refresh(world.origin)
    before = {f: f.read_bytes() for f in (tmp_path / "moved").rglob("*") if f.is_file()}
    again = world.clone()
    assert git(again.path, "rev-parse", "origin/main") == git(world.project, "rev-parse", "main")
    assert (tree.path.with_name("b-1.broken-1") / ".git" / trap).is_symlink()
    assert {f: f.read_bytes() for f in (tmp_path / "moved").rglob("*") if f.is_file()} == before


@pytest.mark.parametrize("gone", [".git", ".git/HEAD", ".git/objects", ".git/refs"])
def test_a_clone_that_its_agent_broke_stays_aside_and_the_bead_goes_on(world: World, gone: str) -> None:
    first = world.work("b-1", {"kept.txt": "k"})
    tree = world.clone()
    write(tree.path, {"late.txt": "not committed"})
    for number in (1, 2):
        place = tree.path / gone
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        if gone == ".git/refs":
            place.write_text("no folder")
        assert world.clone() == tree
        assert git(tree.path, "rev-parse", "HEAD") == first, "from what was collected"
        assert tree.path.with_name(f"b-1.broken-{number}").is_dir()
    assert (tree.path.with_name("b-1.broken-1") / "late.txt").read_text() == "not committed"
    assert world.work("b-1", {"more.txt": "m"}, 2)


def test_a_link_in_place_of_a_ref_is_replaced(world: World, tmp_path: Path) -> None:
    tree, secret = world.clone(), tmp_path / "secret"
    secret.write_text("keep")
    ref = tree.path / ".git/refs/remotes/origin/main"
    ref.unlink()
    ref.symlink_to(secret)
    (ref.parent / ".main.halftui").symlink_to(secret)
    world.clone()
    assert secret.read_text() == "keep"
    assert git(tree.path, "rev-parse", "origin/main") == git(world.project, "rev-parse", "main")


def test_a_convoys_branch_gathers_and_lands(world: World) -> None:
    start = git(world.project, "rev-parse", "main")
    world.repo.follow("convoy/trip", "main")
    assert world.repo.tip("convoy/trip") == start
    moved = commit(world.project, "more", {"m.txt": "m"})
    world.repo.refresh(world.origin)
    world.repo.follow("convoy/trip", "main")
    assert world.repo.tip("convoy/trip") == moved, "nothing is on it yet"
    sha = world.work("b-1", {"a.txt": "one\n2\nthree\n"})
    merged = world.repo.merge("b-1", sha, "convoy/trip", "Work", ADA, BOB)
    assert isinstance(merged, Merged)
    world.repo.advance(merged, "convoy/trip")
    with pytest.raises(Conflict, match="convoy/trip moved"):
        world.repo.advance(merged, "convoy/trip")
    assert git(world.project, "rev-parse", "main") == moved
    later = commit(world.project, "more", {"n.txt": "n"})
    world.repo.refresh(world.origin)
    world.repo.follow("convoy/trip", "main")
    assert world.repo.tip("convoy/trip") == merged.sha, "it has work of its own now"
    world.repo.follow("convoy/trip", "main", takes_home=True)
    assert world.repo.is_merged(later, "convoy/trip")
    whole = world.repo.merge("trip", world.repo.tip("convoy/trip"), "main", "Land", ADA, BOB, noun="Convoy")
    assert isinstance(whole, Merged)
    world.repo.land(whole, world.origin, "main")
    assert world.repo.is_merged(sha, "main")
    clash = commit(world.project, "more", {"a.txt": "x"})
    other = world.work("b-2", {"a.txt": "y"})
    world.repo.refresh(world.origin)
    mine = world.repo.merge("b-2", other, "convoy/trip", "Other", ADA, BOB)
    assert isinstance(mine, Merged)
    world.repo.advance(mine, "convoy/trip")
    with pytest.raises(Refused, match=r"conflicts with main in a\.txt"):
        world.repo.follow("convoy/trip", "main", takes_home=True)
    assert clash


def test_an_origins_branch_of_that_name_is_another(world: World) -> None:
    git(world.project, "branch", "convoy/mine")
    world.repo.refresh(world.origin)
    theirs = world.repo.tip("convoy/mine")
    assert theirs == git(world.project, "rev-parse", "main")


def test_a_lost_clone_goes_on_from_what_was_collected(world: World) -> None:
    sha = world.work("b-1", {"x": "1"})
    remove(world.clone().path)
    assert git(world.clone().path, "rev-parse", "HEAD") == sha


def test_two_on_one_target_make_a_merge_commit_with_its_trailer(world: World) -> None:
    one, two = world.work("b-1", {"x": "1\n"}), world.work("b-2", {"y": "2\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    merged = world.repo.merge("b-2", two, "main", "Merge y\n\nAll of it.", ADA, BOB)
    assert isinstance(merged, Merged)
    world.repo.land(merged, world.origin, "main")
    shown = git(world.project, "log", "-1", "--format=%an|%cn|%P|%(trailers:key=HalfTUI-Bead)")
    assert shown == f"Ada|Bob|{one} {two}|HalfTUI-Bead: b-2"
    assert {"x", "y"} <= {path.name for path in world.project.iterdir()}


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("fix: it", "fix: it\n\nHalfTUI-Bead: b-2"),
        ("It\n\nReviewed-by: X <x@y>", "It\n\nReviewed-by: X <x@y>\nHalfTUI-Bead: b-2"),
        ("-m\0 \n", "-m\n\nHalfTUI-Bead: b-2"),
        ("", "Merge b-2\n\nHalfTUI-Bead: b-2"),
    ],
)
def test_odd_messages(world: World, message: str, ending: str) -> None:
    one, two = world.work("b-1", {"x": "1\n"}), world.work("b-2", {"y": "2\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    merged = world.repo.merge("b-2", two, "main", message, ADA, BOB)
    assert isinstance(merged, Merged)
    assert git(world.repo.path, "log", "-1", "--format=%B", merged.sha) == ending


def test_a_clash_names_the_files_and_changes_nothing(world: World) -> None:
    one, two = world.work("b-1", {"a.txt": "ONE\n"}), world.work("b-2", {"a.txt": "TWO\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    assert world.repo.merge("b-2", two, "main", "m", ADA, BOB) == Clash(("a.txt",), one)
    assert git(world.project, "rev-parse", "main") == one


def test_after_a_clash_the_agent_can_merge_the_new_target_itself(world: World) -> None:
    one, two = world.work("b-1", {"a.txt": "ONE\n"}), world.work("b-2", {"a.txt": "TWO\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    clash = world.repo.merge("b-2", two, "main", "m", ADA, BOB)
    tree = world.clone("b-2")
    git(tree.path, "merge", clash.onto, code=1)  # the new objects are there, borrowed
    commit(tree.path, "solved", {"a.txt": "BOTH\n"})
    sha = world.repo.collect(tree, 2)
    assert sha
    files = world.repo.changes(world.repo.base_of("halftui/b-2"), sha).files
    assert [file.path for file in files] == ["a.txt"]
    assert world.merge("b-2", sha).sha == sha


def test_nothing_new_is_none(world: World) -> None:
    assert world.repo.collect(world.clone(), 1) is None


def test_collecting_again_changes_nothing(world: World) -> None:
    sha = world.work("b-1", {"x": "1"})
    assert world.repo.collect(world.clone(), 1) == sha
    assert world.repo.tip("halftui/b-1") == sha


def test_packed_refs_and_packs_are_read(world: World) -> None:
    tree = world.clone()
    sha = commit(tree.path, "w", {"x": "1"})
    git(tree.path, "gc", "-q")
    assert not (tree.path / ".git/refs/heads/halftui/b-1").exists()
    assert world.repo.collect(tree, 1) == sha


def test_a_rewritten_branch_is_taken_and_the_attempts_keep_their_own(world: World) -> None:
    first = world.work("b-1", {"x": "1"})
    tree = world.clone()
    git(tree.path, "commit", "-q", "--amend", "-m", "better")
    second = world.repo.collect(tree, 2)
    assert second not in (None, first)
    refs = git(world.repo.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/halftui")
    assert f"refs/halftui/b-1/1 {first}" in refs
    assert f"refs/halftui/b-1/2 {second}" in refs
    with pytest.raises(Conflict, match="later attempt"):
        world.repo.collect(tree, 1)


def test_the_cap_holds_and_leaves_nothing(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "big", {"big": os.urandom(300_000)})
    before = {path for path in world.repo.path.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match="larger"):
        world.repo.collect(tree, 1, cap=100_000)
    assert {path for path in world.repo.path.rglob("*") if path.is_file()} == before
    assert world.repo.collect(tree, 1, cap=1_000_000)


def test_a_board_killed_while_collecting_leaves_nothing_for_long(world: World) -> None:
    left = world.repo.path / "incoming-dead"
    tmp = world.repo.objects / "pack/tmp_pack_dead"

    def collect() -> None:
        world.work("b-1", {"x": "1"})

    def refresh() -> None:
        commit(world.project, "w", {"y": "2"})
        world.repo.refresh(world.origin)

    for copy in (collect, refresh):
        left.mkdir()
        tmp.parent.mkdir(exist_ok=True)
        tmp.write_text("half")
        copy()
        assert not left.exists()
        assert not tmp.exists()


def test_a_board_killed_while_cloning_leaves_nothing_for_long(world: World) -> None:
    write(world.home, {"trees/.new-dead/tree/.git/config": "half"})
    world.clone()
    assert [path.name for path in (world.home / "trees").iterdir()] == ["b-1"]


@pytest.mark.parametrize("bead", ["", "-x", "a/b", "../x", "a..b", "x.lock", "a b", "x.", "ä", "a\n"])
def test_ids_that_can_not_name_a_branch(world: World, bead: str) -> None:
    with pytest.raises(Refused):
        world.repo.clone(bead, world.home / "trees/odd", "main", ADA)
    assert not (world.home / "trees/odd").exists()


def test_unknown_names(world: World) -> None:
    with pytest.raises(NotFound):
        world.repo.tip("nope")
    with pytest.raises(NotFound):
        world.repo.base_of("halftui/nope")
    for sha in ("main", "0" * 40, "--output=/tmp/x", "HEAD^{tree}"):
        with pytest.raises(NotFound):
            world.repo.changes(sha, sha)


def test_refresh_follows_the_origin_and_keeps_the_board(world: World) -> None:
    sha = world.work("b-1", {"x": "1"})
    git(world.project, "branch", "halftui/b-1")  # the person's branch of that name is another one
    git(world.project, "branch", "gone")
    world.repo.refresh(world.origin)
    assert world.repo.tip("gone")
    git(world.project, "branch", "-D", "gone")
    git(world.project, "commit", "-q", "--amend", "-m", "rewritten")
    world.repo.refresh(world.origin)
    assert world.repo.tip("main") == git(world.project, "rev-parse", "main")
    assert world.repo.tip("halftui/b-1") == sha
    with pytest.raises(NotFound):
        world.repo.tip("gone")


def test_refresh_brings_commits_and_a_base_that_went_away_does_not_lose_work(world: World) -> None:
    git(world.project, "switch", "-q", "-c", "side")
    side = commit(world.project, "side", {"s": "s"})
    world.repo.refresh(world.origin)
    tree = world.clone("b-1", "side")
    git(world.project, "switch", "-q", "main")
    git(world.project, "branch", "-q", "-D", "side")
    world.repo.refresh(world.origin)
    sha = commit(tree.path, "w", {"t": "t"})
    assert world.repo.collect(tree, 1) == sha
    assert world.repo.base_of("halftui/b-1") == side


def test_forget_never_loses_work(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "w", {"x": "1"})
    with pytest.raises(Refused, match="not collected"):
        world.forget(tree)
    sha = world.repo.collect(tree, 1)
    with pytest.raises(Refused, match="not on main"):
        world.forget(tree)
    locked = tree.path / "locked"
    (locked / "in").mkdir(parents=True)
    locked.chmod(0)
    outside = world.home / "outside"
    outside.mkdir()
    (tree.path / "link").symlink_to(outside)
    remove(tree.path)
    assert not tree.path.exists()
    assert outside.exists()
    assert world.repo.tip("halftui/b-1") == sha
    remove(tree.path)  # what is gone already is no error


def test_a_merge_can_be_checked_out_for_its_tests(world: World) -> None:
    one, two = world.work("b-1", {"x": "1\n"}), world.work("b-2", {"y": "2\n"})
    world.repo.land(world.merge("b-1", one), world.origin, "main")
    merged = world.merge("b-2", two)
    world.repo.checkout(merged.sha, world.home / "gate")
    assert {"x", "y", "a.txt"} <= {path.name for path in (world.home / "gate").iterdir()}
    with pytest.raises(Conflict):
        world.repo.checkout(merged.sha, world.home / "gate")


def test_unrelated_histories(world: World) -> None:
    tree = world.clone()
    git(tree.path, "checkout", "-q", "--orphan", "new")
    commit(tree.path, "root", {"z": "z"})
    git(tree.path, "branch", "-M", "halftui/b-1")
    sha = world.repo.collect(tree, 1)
    assert sha
    assert world.repo.changes(world.repo.tip("main"), sha).plus > 0
    commit(world.project, "more", {"m": "m"})
    world.repo.refresh(world.origin)
    with pytest.raises(Refused, match="unrelated"):
        world.repo.merge("b-1", sha, "main", "m", ADA, BOB)


def test_sha256_repositories(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.project = tmp_path / "long"
    world.project.mkdir()
    git(world.project, "init", "-q", "-b", "main", "--object-format=sha256")
    git(world.project, "config", "user.name", "Bob")
    git(world.project, "config", "user.email", "bob@people.example")
    commit(world.project, "first", {"a": "a"})
    world.open()
    sha = world.work("b-1", {"x": "1"})
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "rev-parse", "main") == sha
    assert len(sha) == 64


def test_a_branch_becomes_a_folder_of_branches_and_back(world: World) -> None:
    git(world.project, "branch", "topic")
    world.repo.refresh(world.origin)
    for old, new in (("topic", "topic/one"), ("topic/one", "topic"), ("topic", "topic/one/two")):
        git(world.project, "branch", "-m", old, new)
        world.repo.refresh(world.origin)
        assert world.repo.holds(new)
        assert not world.repo.holds(old)


def test_many_clone_the_same_bead_at_once(world: World) -> None:
    trees: list[Tree] = []
    threads = [threading.Thread(target=lambda: trees.append(world.clone())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trees == [world.clone()] * 4
    assert [path.name for path in (world.home / "trees").iterdir()] == ["b-1"]


def test_create_twice(world: World) -> None:
    sha = world.work("b-1", {"x": "1"})
    world.repo.create(locate(world.project))
    assert world.repo.tip("halftui/b-1") == sha

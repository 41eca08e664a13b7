"""Agents' commits bear their name and a signature that stock git accepts."""

from typing import Any

import pytest

from halftui.domain import identity
from halftui.errors import Refused
from halftui.workspace import signing
from halftui.workspace.git import Git
from halftui.workspace.merging import Merged
from halftui.workspace.signing import Signer, sign_range
from halftui.workspace.tree import Person
from tests.workspace.scene import BOB, World, commit, git

ADA = Person("Ada", "ada@agents.localhost")
PRIVATE = "11" * 32


def _signer(private: str = PRIVATE, person: Person = ADA) -> Signer:
    return Signer(person, lambda payload: identity.git_signature(private, payload))


def _merge(world: World, bead: str, tip: str, signer: Signer | None = None) -> Merged:
    merged = world.repo.merge(bead, tip, "main", f"Merge {bead}", ADA, BOB, signer=signer or _signer())
    assert isinstance(merged, Merged)
    return merged


def _land(world: World, bead: str, tip: str, signer: Signer | None = None) -> Merged:
    merged = _merge(world, bead, tip, signer)
    world.repo.land(merged, world.origin, "main")
    return merged


def _trust(world: World, private: str = PRIVATE) -> None:
    file = world.project / ".git" / "signers"
    file.write_text(f'{ADA.email} namespaces="git" {identity.public_of(private)}\n')
    git(world.project, "config", "gpg.ssh.allowedSignersFile", str(file))


def _log(world: World, form: str, *more: str) -> list[str]:
    return git(world.project, "log", "--first-parent", f"--format={form}", *more, "main").splitlines()


def test_every_commit_of_an_agent_is_verified(world: World) -> None:
    tree = world.clone()
    for number in range(3):
        commit(tree.path, f"step {number}", {f"{number}.txt": "x"})
    tip = world.repo.collect(tree, 1)
    assert tip is not None
    _land(world, "b-1", tip)
    _trust(world)
    for sha in _log(world, "%H", "-3"):
        git(world.project, "verify-commit", sha)
    assert _log(world, "%G? %an %ae %cn %s", "-3") == [f"G Ada {ADA.email} Ada step {n}" for n in (2, 1, 0)]
    git(world.project, "verify-commit", "main~3", code=1)  # the person's own


def test_another_key_is_not_accepted(world: World) -> None:
    _land(world, "b-1", world.work("b-1", {"x": "1"}), _signer("22" * 32))
    _trust(world)
    git(world.project, "verify-commit", "main", code=1)


def test_a_merge_with_others_work_is_signed_as_well(world: World) -> None:
    tip = world.work("b-1", {"x": "1"})
    commit(world.project, "meanwhile", {"y": "2"})
    world.repo.refresh(world.origin)
    _land(world, "b-1", tip)
    _trust(world)
    assert _log(world, "%G? %an %cn", "-1") == ["G Ada Bob"]
    git(world.project, "verify-commit", "main^2")
    assert "HalfTUI-Bead: b-1" in git(world.project, "log", "-1", "--format=%B", "main")


def test_an_agent_can_not_commit_as_somebody_else(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "start", {"x": "1"})
    git(tree.path, "commit", "-q", "--amend", "--no-edit", "--author", "Bob <bob@people.example>")
    tip = world.repo.collect(tree, 1)
    assert tip is not None
    _land(world, "b-1", tip)
    assert _log(world, "%an %ae", "-1") == [f"Ada {ADA.email}"]


def test_trees_messages_and_times_are_kept(world: World) -> None:
    tree = world.clone()
    message = "Größe 日本\n\nbody  \n\n\n# no comment\n"
    commit(tree.path, message, {"x": "1"})
    before = git(tree.path, "log", "-1", "--format=%T|%at|%ct|%B")
    tip = world.repo.collect(tree, 1)
    assert tip is not None
    _land(world, "b-1", tip)
    assert git(world.project, "log", "-1", "--format=%T|%at|%ct|%B", "main") == before


def test_merging_again_after_a_crash_changes_nothing(world: World) -> None:
    tip = world.work("b-1", {"x": "1"})
    landed = _land(world, "b-1", tip)
    again = _merge(world, "b-1", tip)
    assert again.sha == again.onto == landed.sha
    commit(world.project, "meanwhile", {"y": "2"})
    world.repo.refresh(world.origin)
    third = _merge(world, "b-1", tip)
    assert third.sha == third.onto, "what landed is found below newer work"


def test_work_that_goes_on_after_it_was_merged(world: World) -> None:
    tree = world.clone()
    first = world.work("b-1", {"x": "1"})
    _land(world, "b-1", first)
    commit(tree.path, "more", {"x": "2"})
    second = world.repo.collect(tree, 2)
    assert second is not None
    _land(world, "b-1", second)
    assert _log(world, "%s", "-2")[0] == "more"
    assert (world.project / "x").read_text() == "2"
    assert len(_log(world, "%H")) == 3


def test_an_agents_own_merge_of_the_target_is_kept_as_one(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "mine", {"x": "1"})
    theirs = commit(world.project, "theirs", {"y": "2"})
    git(tree.path, "fetch", "-q", str(world.project), "main")
    git(tree.path, "merge", "-q", "--no-ff", "-m", "take in", "FETCH_HEAD")
    world.repo.refresh(world.origin)
    tip = world.repo.collect(tree, 1)
    assert tip is not None
    _land(world, "b-1", tip)
    _trust(world)
    git(world.project, "verify-commit", "main")
    assert theirs in git(world.project, "log", "--format=%H", "main").splitlines()


def test_what_an_agent_took_in_from_elsewhere_stays_anothers(world: World) -> None:
    """A branch of the person's own, which is not on the target yet."""
    git(world.project, "checkout", "-q", "-b", "feature")
    theirs = commit(world.project, "theirs", {"y": "2"})
    git(world.project, "checkout", "-q", "main")
    world.repo.refresh(world.origin)
    tree = world.clone()
    commit(tree.path, "mine", {"x": "1"})
    git(tree.path, "fetch", "-q", str(world.project), "feature")
    git(tree.path, "merge", "-q", "--no-ff", "-m", "take in", "FETCH_HEAD")
    tip = world.repo.collect(tree, 1)
    assert tip is not None
    _land(world, "b-1", tip)
    assert theirs in git(world.project, "log", "--format=%H", "main").splitlines()
    people = git(world.project, "log", "-4", "--format=%an %s", "main").splitlines()
    assert sorted(people) == ["Ada mine", "Ada take in", "Bob first", "Bob theirs"]


@pytest.mark.parametrize("name", ["Ada <x>", "A\nauthor Bob <b@c> 0 +0000", "", " . ", "日本", "a\0b"])
def test_a_name_can_not_break_a_commit(world: World, name: str) -> None:
    tip = world.work("b-1", {"x": "1"})
    _land(world, "b-1", tip, _signer(person=Person(name, ADA.email)))
    git(world.project, "fsck", "--strict")
    assert _log(world, "%ae", "-1") == [ADA.email]


def test_nothing_is_signed_without_a_signer(world: World) -> None:
    tip = world.work("b-1", {"x": "1"})
    merged = world.repo.merge("b-1", tip, "main", "m", ADA, BOB)
    assert isinstance(merged, Merged)
    assert merged.sha == tip


def test_many_commits_are_signed_by_as_few_gits_as_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, runs = Git._execute, []

    def counted(git: Git, args: tuple[str, ...], *rest: Any, **options: Any) -> Any:
        runs.append(args[0])
        return run(git, args, *rest, **options)

    monkeypatch.setattr(Git, "_execute", counted)
    counts = []
    for bead, many in (("b-1", 1), ("b-2", 4)):
        tree = world.clone(bead)
        for number in range(many):
            commit(tree.path, f"step {number}", {f"{bead}-{number}": "x"})
        tip = world.repo.collect(tree, 1)
        assert tip is not None
        runs.clear()
        _merge(world, bead, tip)
        counts.append(len(runs))
    assert counts[0] == counts[1]


def test_commits_that_say_too_much_are_not_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tip = world.work("b-1", {"x": "1"})
    monkeypatch.setattr(signing, "CAP", 100)
    with pytest.raises(Refused, match="messages"):
        _merge(world, "b-1", tip)


def test_commits_of_long_names_are_signed(world: World) -> None:
    folder = world.home / "long"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", "--object-format=sha256")
    git(folder, "config", "user.name", "Bob")
    git(folder, "config", "user.email", BOB.email)
    first, *_, last = [commit(folder, name, {name: "x"}) for name in ("one", "two", "three")]
    made = sign_range(Git(("-C", str(folder))), first, last, _signer())
    assert git(folder, "log", "--format=%an %s", made).splitlines() == ["Ada three", "Ada two", "Bob one"]
    assert git(folder, "cat-file", "commit", made).count("gpgsig-sha256") == 1
    git(folder, "fsck", "--strict")

"""Puts a merged commit on a branch of the person's own repository: wholly, or not at all."""

from pathlib import Path

from halftui.errors import Conflict, HalfTUIError, Refused, Unavailable
from halftui.workspace.git import Answer, Git, carry, printable
from halftui.workspace.origin import HEADS, Origin, branches, is_rebased, trees

_MERGE = (
    "merge", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-verify-signatures",
    "--commit", "--no-squash", "--no-stat", "--no-edit", "--no-verify", "--quiet",
)  # fmt: skip


def land_in_folder(board: Git, origin: Origin, target: str, sha: str, expected: str) -> None:
    """Move `target` of the repository in a folder from `expected` to `sha`.

    Where the branch is checked out its files follow, if no local change is in their way.
    Raises Conflict if the branch moved, Refused with the remedy if a person must act first.
    """
    here = branches(origin).get(HEADS + target)
    if here is None:
        raise Refused(f"{origin.place} has no branch {target} any more", "make it, or pick another")
    if here != expected:
        if _holds(origin.git, sha, here):
            return
        raise _moved(target)
    if here == sha:
        return
    if is_rebased(origin, target):
        raise Refused(f"{target} is being rebased in {origin.place}", "finish the rebase, try again")
    carry(board, origin.git, [sha], [expected], Path(_path(board)))
    folders = trees(origin, target)
    if folders:
        _forward(folders[0], target, sha)
    else:
        _swap(origin.git, target, sha, expected)


def push(board: Git, origin: Origin, target: str, sha: str, expected: str) -> None:
    """Move `target` at an address from `expected` to `sha`. Raises as land_in_folder does."""
    ref = HEADS + target
    answer = origin.reached_by(board).run(
        "push", "--porcelain", "--quiet", "--no-verify", f"--force-with-lease={ref}:{expected}",
        "--", origin.place, f"{sha}:{ref}", ok=(0, 1),
    )  # fmt: skip
    if answer.code == 0:
        return
    said = printable(answer.out)
    if "stale info" in said or "fetch first" in said or "cannot lock ref" in said:
        raise _moved(target)
    reasons = [line for line in said.splitlines() if line.startswith("!")]
    reason = reasons[0].split("\t")[-1] if reasons else answer.err[:200]
    raise Refused(f"{origin.place} did not take {target}: {reason}", "see the rules of its server")


def publish(repository: Path, origin: Origin, sha: str, branch: str) -> bool:
    """Put a board's commit on a branch of its own at an address; False if no credential for it was given.

    What stands there is replaced. Raises Unauthorized, Unavailable.
    """
    if origin.host is None or origin.host.open is None:
        return False
    git = origin.reached_by(Git((f"--git-dir={repository}",)))
    words = ("push", "--quiet", "--no-verify", "--force", "--", origin.place)
    git.run(*words, f"{sha}:{HEADS}{branch}")
    return True


def _forward(folder: Path, target: str, sha: str) -> None:
    git = Git(("-C", str(folder)))
    settings = {**_without_filters(git), f"branch.{target}.mergeOptions": ""}
    answer = git.having(settings).run(*_MERGE, sha, ok=(0, 1, 2, 128))
    if answer.code:
        raise _refusal(folder, target, answer)


def _without_filters(git: Git) -> dict[str, str]:
    """Return settings that switch off each filter driver that the repository's settings name."""
    listed = git.run("config", "--null", "--name-only", "--get-regexp", r"^filter\.", ok=(0, 1))
    drivers = {name.rpartition(".")[0] for name in listed.text.split("\0") if name}
    off = {"clean": "", "smudge": "", "process": "", "required": "false"}
    return {f"{driver}.{key}": value for driver in drivers for key, value in off.items()}


def _refusal(folder: Path, target: str, answer: Answer) -> HalfTUIError:
    if "ossible to fast-forward" in answer.err or "cannot lock ref" in answer.err:
        return _moved(target)
    if ".lock': File exists" in answer.err:
        return Unavailable(f"Another git is at work in {folder}", "try again when it is done")
    names = [line.strip() for line in answer.err.splitlines() if line.startswith("\t")]
    if names:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return Refused(f"{folder} has local changes in the way: {shown}", "commit or stash them")
    said = (answer.err.strip().splitlines() or ["git gave no reason"])[0]
    return Refused(f"{target} could not be moved in {folder}: {said}", "put that right, try again")


def _swap(git: Git, target: str, sha: str, expected: str) -> None:
    answer = git.run("update-ref", "-m", "halftui: merge", HEADS + target, sha, expected, ok=(0, 128))
    if answer.code and "is at" in answer.err:
        raise _moved(target)
    if answer.code:
        raise Unavailable(f"{target} could not be moved: {answer.err.strip()[:200]}", "try again")


def _holds(git: Git, sha: str, tip: str) -> bool:
    """True if `tip` contains the commit `sha`; a commit that is not there is contained nowhere."""
    return git.run("merge-base", "--is-ancestor", sha, tip, ok=(0, 1, 128)).code == 0


def _moved(target: str) -> Conflict:
    return Conflict(f"{target} moved", "merge again on its new tip")


def _path(board: Git) -> str:
    return board.where[0].removeprefix("--git-dir=")

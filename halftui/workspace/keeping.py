"""What of a board's work must be kept: the clone of a bead may go only when nothing is lost by it."""

from halftui.errors import NotFound, Refused
from halftui.workspace.repository import Repository
from halftui.workspace.tree import Tree, tip_of


def require_safe(repository: Repository, tree: Tree, target: str, tip: str = "", merged: str = "") -> None:
    """Raise Refused unless all that is committed in a bead's clone is on `target`, as last seen.

    `tip` is the commit that was approved, and `merged` what became of it on the target: it was signed there,
    so it is another commit. Files that nobody committed are not seen here: run the salvage command before.
    """
    sha = tip_of(tree)
    try:
        is_there = repository.is_merged(sha, target)
    except NotFound as error:
        raise Refused(f"The work of {tree.bead} is not collected", "collect it, or discard it") from error
    if not is_there and not (sha == tip and merged and repository.is_merged(merged, target)):
        raise Refused(f"The work of {tree.bead} is not on {target}", "approve it, or discard it")

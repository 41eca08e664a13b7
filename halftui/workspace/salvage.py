"""Keeps what an agent left without a commit: a script for the agent's own sandbox."""

from typing import Final

from halftui.workspace.tree import branch_of

MESSAGE: Final = "Uncommitted work kept by HalfTUI"

# Everything ends on the bead's branch, whatever the agent was in the middle of. A half-done merge
# whose conflicts are not all solved is not recorded as a merge, so that landing meets them again.
# When HEAD is elsewhere (a rebase, another branch), the bead's branch is merged into it, and what
# lies in the tree wins: no commit of either side is lost. 1 says that some files were not kept.
# A file that is not in the encoding which its attributes name ends `git add` with nothing added: it
# is taken as it is.
_SCRIPT: Final = r"""
set -u
branch=$1 message=$2 kept=0
dir=$(git rev-parse --absolute-git-dir) || exit 1
g() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c commit.gpgSign=false -c gc.auto=0 "$@"
}
find "$dir" -name '*.lock' ! -path "$dir/objects/*" -exec rm -f {} +
git config user.name >/dev/null || git config user.name HalfTUI
git config user.email >/dev/null || git config user.email halftui@localhost
git ls-files >/dev/null 2>&1 || { rm -f "$dir/index"; g reset -q; }
[ -z "$(git ls-files -u)" ] || rm -f "$dir/MERGE_HEAD"
g add -A --ignore-errors || {
  attributes=$dir/info/attributes
  mkdir -p "$dir/info"
  [ ! -e "$attributes" ] || mv "$attributes" "$attributes.kept"
  echo '* !working-tree-encoding' >"$attributes"
  g add -A --ignore-errors || kept=1
  rm -f "$attributes"
  [ ! -e "$attributes.kept" ] || mv "$attributes.kept" "$attributes"
}
if ! git diff --cached --quiet --no-ext-diff || [ -e "$dir/MERGE_HEAD" ]; then
  g commit -q --no-verify -m "$message" || exit 1
fi
rm -rf "$dir/rebase-merge" "$dir/rebase-apply" "$dir/sequencer" \
  "$dir/MERGE_HEAD" "$dir/MERGE_MSG" "$dir/MERGE_MODE" "$dir/CHERRY_PICK_HEAD" "$dir/REVERT_HEAD"
git rev-parse -q --verify HEAD >/dev/null || { g checkout -q -f "$branch"; exit; }
[ "$(git symbolic-ref -q HEAD)" != "refs/heads/$branch" ] || exit $kept
g checkout -q --detach || exit 1
if git rev-parse -q --verify "refs/heads/$branch" >/dev/null; then
  set -- --no-verify --no-edit --allow-unrelated-histories -m "$message"
  g merge -q "$@" -X ours "refs/heads/$branch" ||
    { g merge --abort; g merge -q "$@" -s ours "refs/heads/$branch"; } || exit 1
fi
g checkout -q -B "$branch" || exit 1
exit $kept
"""


_BOTH: Final = """
sh -c "$1" salvage "$2" "$3"
code=$?
cd "$4" && sh -c "$1" salvage "$2" "$3" || exit 1
exit $code
"""


def salvage_command(bead: str, beside: str = "") -> list[str]:
    """Return what to run in the agent's sandbox, in its clone, when an attempt stops.

    `beside` is another clone for which the same is done. Afterwards all its files are committed on the
    bead's branch. It ends with 0, also if there was nothing to keep; with anything else if something
    could not be kept, which it then names.
    """
    if beside:
        return ["sh", "-c", _BOTH, "both", _SCRIPT, branch_of(bead), MESSAGE, beside]
    return ["sh", "-c", _SCRIPT, "salvage", branch_of(bead), MESSAGE]

"""The board's own bare repository: clones borrow from it, their work is collected and merged in it.

    refs/remotes/origin/<branch>     the person's branches, as last seen
    refs/heads/halftui/<bead>        a bead's work, as last collected
    refs/halftui/<bead>/<epoch>      the same, of each attempt
    refs/heads/convoy/<convoy>       a convoy's accepted work, until it lands
    refs/halftui/<bead>/base         where the bead's own work begins

Only the board writes there. git never runs in an agent's clone once the agent has it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from halftui.domain.names import BEAD_BRANCHES, CONVOY_BRANCHES
from halftui.errors import Conflict, NotFound, Refused
from halftui.failpoints import failpoint
from halftui.workspace import landing
from halftui.workspace.blobs import require_readable, require_sane
from halftui.workspace.diff import Changes, list_changes, read_patch
from halftui.workspace.git import SHA, Git, carry, check_version, lines, present
from halftui.workspace.merging import Clash, Merged, Note, combine, merge_base
from halftui.workspace.origin import HEADS, OLD_FAULTS, Origin, branches, fetch_levels
from halftui.workspace.signing import Signer
from halftui.workspace.tree import (
    Person,
    Tree,
    branch_of,
    copy_objects,
    grow,
    point,
    put_aside,
    remove,
    tip_of,
)

CAP: Final = 1 << 30  # bytes of objects in one bead's clone
TRACKED: Final = "refs/remotes/origin/"

_OWN: Final = "refs/halftui/"
_BOARD: Final = Person("HalfTUI", "halftui@localhost")


class Repository:
    """The bare repository at `path`; any number of threads and processes may use the same one."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.objects = self.path / "objects"  # clones borrow from it: shown to them at this very path
        self._git = Git((f"--git-dir={self.path}",))

    def create(self, origin: Origin) -> None:
        """Make the repository, unless it is there, and fetch the origin's branches."""
        check_version()
        self.path.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not (self.path / "HEAD").exists():
                Git().run(
                    "init", "--bare", "--quiet", "--template=", f"--object-format={origin.hash}",
                    "--initial-branch=halftui-none", "--", str(self.path),
                )  # fmt: skip
        self.refresh(origin)

    def refresh(self, origin: Origin) -> None:
        """Make refs/remotes/origin/ equal to the origin's branches; the board's own refs stay."""
        with self._locked():
            if origin.is_url:
                spec = f"+{HEADS}*:{TRACKED}*"
                git = origin.reached_by(self._git.having(fetch_levels()))
                git.run("fetch", "--quiet", "--no-tags", "--prune", "--", origin.place, spec)
            else:
                self._copy_branches(origin)

    def tip(self, branch: str) -> str:
        """Return a branch's commit: a bead's or a convoy's is the board's, any other the origin's."""
        sha = self._read(self._ref(branch))
        if sha is None:
            raise NotFound(f"There is no branch {branch}", "refresh the board, or name another")
        return sha

    def base_of(self, branch: str) -> str:
        """Return the commit where the own work of a bead's branch begins."""
        sha = self._read(f"{_OWN}{branch.removeprefix(BEAD_BRANCHES)}/base")
        if sha is None:
            raise NotFound(f"{branch} was not begun by this board", "make its clone first")
        return sha

    def follow(self, branch: str, home: str, *, takes_home: bool = False) -> None:
        """Make a convoy's branch at the origin's branch `home`, unless it is there.

        One that adds nothing to `home` follows it; with `takes_home` any other merges it. Raises Refused.
        """
        with self._locked():
            here, top = self._read(HEADS + branch), self.tip(home)
            if here is None or self._merge_base(here, top) == here:
                self._update({HEADS + branch: top})
            elif takes_home:
                merged = self.merge(branch, top, branch, f"Take in {home}", _BOARD, _BOARD, noun="Convoy")
                if isinstance(merged, Clash):
                    where = f"in {', '.join(merged.paths[:5])}"
                    raise Refused(f"{branch} conflicts with {home} {where}", f"let a bead merge {home}")
                self._update({HEADS + branch: merged.sha})

    def advance(self, merged: Merged, branch: str) -> None:
        """Put the merged commit on a convoy's branch. Raises Conflict if it moved (merge again)."""
        with self._locked():
            if self._read(HEADS + branch) != merged.onto:
                raise Conflict(f"{branch} moved", "merge again on its new tip")
            self._update({HEADS + branch: merged.sha})

    def holds(self, branch: str) -> bool:
        """Return True if the branch is there, the board's own or, as last seen, the origin's."""
        return self._read(self._ref(branch)) is not None

    def clone(self, bead: str, into: Path, base: str, author: Person, home: str = "") -> Tree:
        """Return the bead's clone at `into`; made from the branch `base` if it is not there.

        A bead whose work was collected before goes on from there; what it sees of `base`, and of the
        origin's branch `home` beside it, is brought up to date. `author` is who commits in it.
        """
        tree = Tree(into.absolute(), bead, base)
        names = {base, home or base}
        refs = {TRACKED + name: sha for name in names if (sha := self._read(self._upstream(name)))}
        with self._locked("clone"):
            if not tree.path.is_dir() or not any(tree.path.iterdir()):
                self._begin(tree, author, refs)
            else:
                self._bring(tree, author, refs)
        return tree

    def checkout(self, sha: str, into: Path) -> None:
        """Make a clone with that commit checked out, such as a merge that is to be tested.

        Raises Conflict if something is there.
        """
        with self._locked("clone"):
            self._plant(into.absolute(), "merged", self._commit(sha), {}, _BOARD)

    def collect(self, tree: Tree, epoch: int, cap: int = CAP) -> str | None:
        """Take in the agent's branch; return its commit, or None if it adds nothing to the base.

        Raises Conflict if a later attempt was collected, Refused if the clone is damaged, was made
        into something else, or has more than `cap` bytes of objects.
        """
        with self._locked():
            self._fence(tree.bead, epoch)
            sha = tip_of(tree)
            if not self._has(sha):
                failpoint("fetch.before")
                self._take(tree, sha, cap)
                failpoint("fetch.after")
            begin = self._read(self._upstream(tree.base)) or self.base_of(tree.branch)
            base = self._merge_base(begin, sha)
            if base == sha:
                return None
            require_readable(self._git.wary(), base or self._empty_tree(), sha, tree.bead)
            own = f"{_OWN}{tree.bead}"
            news = {f"{own}/{epoch}": sha, HEADS + tree.branch: sha}
            failpoint("refs.before")
            self._update({**news, f"{own}/base": base} if base else news)
            failpoint("refs.after")
            return sha

    def changes(self, base: str, tip: str) -> Changes:
        """Return what `tip` changed since it left `base`; no file's patch is made."""
        return list_changes(self._git, self._fork(base, tip), self._commit(tip))

    def patch(
        self,
        base: str,
        tip: str,
        names: Sequence[bytes] = (),
        context: int = 3,
        *,
        ignores_space: bool = False,
    ) -> Iterator[str]:
        """Yield the patch of the files `names` (File.names), or of all; stop when you like."""
        fork = self._fork(base, tip)
        return read_patch(self._git, fork, self._commit(tip), names, context, ignores_space=ignores_space)

    def merge(
        self, bead: str, tip: str, target: str, message: str, author: Person, committer: Person,
        noun: str = "Bead", signer: Signer | None = None, onto: str = "",
    ) -> Merged | Clash:  # fmt: skip
        """Merge `tip` with a convoy's branch or the origin's branch `target`; nothing is checked out.

        Without other work on the target, the result is `tip` itself, or what `signer` made of it.
        `onto` is a commit to take the target for. Raises Refused for unrelated ones.
        """
        onto, tip = onto or self.tip(target), self._commit(tip)
        return combine(self._git, onto, tip, Note(bead, noun, message, author, committer), signer)

    def tree(self, sha: str) -> str:
        """Return the tree of a commit: two commits with the same one hold the same files."""
        return self._git.text("rev-parse", "--verify", f"{self._commit(sha)}^{{tree}}")

    def land(self, merged: Merged, origin: Origin, target: str) -> None:
        """Put the merged commit on the person's branch, if that is still where merge() saw it.

        What is there already is a success. Raises Conflict if the branch moved (merge again),
        Refused with the remedy if it is gone or local changes are in the way; then nothing changed.
        """
        with self._locked():
            if origin.is_url:
                self._push(merged, origin, target)
            else:
                landing.land_in_folder(self._git, origin, target, merged.sha, merged.onto)
                self._copy_branches(origin)

    def is_merged(self, tip: str, target: str) -> bool:
        """True if a convoy's branch or the origin's branch `target`, as last seen, contains the commit."""
        return self._merge_base(self.tip(target), self._commit(tip)) == tip

    def command(
        self, program: str, *options: str, settings: Mapping[str, str], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return how `upload-pack` or `receive-pack` is started here: its words, and the environment."""
        return self._git.having(settings, env).command(program, *options, str(self.path))

    def fork(self, branch: str, base: str) -> tuple[str, str] | None:
        """Return where a branch left the branch `base`, and its tip; None if there is no such branch."""
        tip = self._read(HEADS + branch)
        return (self._merge_base(self.tip(base), tip), tip) if tip else None

    def forget(self, folder: Path, check: Callable[[], None]) -> None:
        """Delete a folder with a bead's clone, unless `check` raises; nobody makes a clone meanwhile."""
        with self._locked("clone"):
            check()
            remove(folder)

    def thin(self, bead: str, *, is_dry: bool) -> int:
        """Delete the refs of a bead's earlier attempts that its branch contains; return how many."""
        own, tip = f"{_OWN}{bead}/", self._read(HEADS + branch_of(bead))
        epochs = {int(e): sha for name, sha in self._refs(own).items() if (e := name[len(own) :]).isdigit()}
        with self._locked():
            early = sorted(epochs)[:-1]  # the newest one fences off what comes late
            old = [e for e in early if tip and self._merge_base(tip, epochs[e]) == epochs[e]]
            if not is_dry:
                self._update({}, gone=[f"{own}{epoch}" for epoch in old])
        return len(old)

    def _bring(self, tree: Tree, author: Person, refs: dict[str, str]) -> None:
        """Let a kept clone see the newest commits; one that its agent broke stays aside, for a new one."""
        try:
            point(tree, refs)
        except (NotFound, Refused):
            put_aside(tree)
            self._begin(tree, author, refs)

    def _begin(self, tree: Tree, author: Person, seen: dict[str, str]) -> None:
        base, begun = tree.base, self._read(HEADS + tree.branch)
        start = begun or self.tip(base)
        if begun is None:
            self._git.run("update-ref", f"{_OWN}{tree.bead}/base", start)
        refs = {TRACKED + base: start, **seen}
        refs[HEADS + base] = refs[TRACKED + base]
        if base.partition("/")[0] + "/" == BEAD_BRANCHES:  # such a name would shut out the agent's own
            del refs[HEADS + base]
        self._plant(tree.path, tree.branch, start, refs, author)

    def _plant(self, into: Path, branch: str, start: str, refs: dict[str, str], author: Person) -> None:
        """Make a clone beside `into` and move it there whole: no half of one is ever seen."""
        into.parent.mkdir(parents=True, exist_ok=True)
        for left in into.parent.glob(".new-*"):  # by a board that was killed: we hold the lock
            remove(left)
        nursery = Path(tempfile.mkdtemp(prefix=".new-", dir=into.parent))
        try:
            grow(nursery / "tree", branch, start, self.objects, refs, author)
            try:
                (nursery / "tree").rename(into)
            except OSError as error:
                raise Conflict(f"{into} is in use", "remove what is there") from error
        finally:
            remove(nursery)

    def _take(self, tree: Tree, sha: str, cap: int) -> None:
        self._sweep()
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=self.path) as folder:
            copy_objects(tree, Path(folder), cap)
            env = {
                "GIT_OBJECT_DIRECTORY": folder,
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.objects),
            }
            git = self._git.having(env=env).wary()
            if git.run("cat-file", "-t", sha, ok=(0, 128)).out != b"commit\n":
                raise Refused(f"The branch of {tree.bead} is no commit", "reject the work")
            require_sane(git, sha, tree.bead)
            carry(git, self._git.wary(), [sha], self._known(), self.path)

    def _copy_branches(self, origin: Origin) -> None:
        there = {TRACKED + name.removeprefix(HEADS): sha for name, sha in branches(origin).items()}
        here = self._refs(TRACKED)
        wants = set(there.values()) - set(here.values())
        if wants:
            self._sweep()
            haves = present(origin.git, set(here.values()))
            carry(origin.git, self._git, wants, haves, self.path, ignored=OLD_FAULTS)
        news = {name: sha for name, sha in there.items() if here.get(name) != sha}
        self._update({}, gone=here.keys() - there.keys())  # first: git can't turn x into x/y in one go
        self._update(news)

    def _push(self, merged: Merged, origin: Origin, target: str) -> None:
        try:
            landing.push(self._git, origin, target, merged.sha, merged.onto)
            self._update({TRACKED + target: merged.sha})
        except Conflict:
            git = origin.reached_by(self._git)
            git.run("fetch", "--quiet", "--no-tags", "--", origin.place, f"+{HEADS}*:{TRACKED}*")
            if not self.is_merged(merged.sha, target):
                raise

    def _fence(self, bead: str, epoch: int) -> None:
        own = f"{_OWN}{branch_of(bead).removeprefix(BEAD_BRANCHES)}/"
        epochs = [name.removeprefix(own) for name in self._refs(own)]
        if any(int(later) > epoch for later in epochs if later.isdigit()):
            raise Conflict(f"A later attempt at {bead} was collected", "drop this one")

    def _known(self) -> set[str]:
        return set(self._refs("refs/").values())

    def _refs(self, prefix: str) -> dict[str, str]:
        listed = self._git.text("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        return {name: sha for sha, name in (line.split(" ", 1) for line in lines(listed))}

    def _read(self, ref: str) -> str | None:
        answer = self._git.run("show-ref", "--verify", "--hash", "--", ref, ok=(0, 1, 128))
        return answer.text if answer.code == 0 else None

    def _ref(self, branch: str) -> str:
        return HEADS + branch if branch.startswith(BEAD_BRANCHES) else self._upstream(branch)

    def _upstream(self, branch: str) -> str:
        """Return the ref of a branch that beads start from: a convoy's own, or the origin's."""
        is_own = branch.startswith(CONVOY_BRANCHES) and self._read(HEADS + branch) is not None
        return (HEADS if is_own else TRACKED) + branch

    def _update(self, news: dict[str, str], gone: Iterable[str] = ()) -> None:
        """Write all those refs, or none."""
        lines = [f"delete {name}\0\0" for name in gone]
        lines += [f"update {name}\0{sha}\0\0" for name, sha in news.items()]
        if lines:
            self._git.run("update-ref", "-z", "--stdin", stdin=os.fsencode("".join(lines)))

    def _commit(self, sha: str) -> str:
        if not SHA.fullmatch(sha) or not self._has(sha):
            raise NotFound(f"The board has no commit {sha[:64]!r}", "collect the work first")
        return sha

    def _has(self, sha: str) -> bool:
        return bool(present(self._git, {sha}))

    def _merge_base(self, one: str, other: str) -> str:
        """Return the best common ancestor, or nothing."""
        return merge_base(self._git, one, other)

    def _fork(self, base: str, tip: str) -> str:
        found = self._merge_base(self._commit(base), self._commit(tip))
        return found or self._empty_tree()

    def _empty_tree(self) -> str:
        return self._git.text("hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")

    def _sweep(self) -> None:
        """Remove what a killed board left half-copied; only under the lock, where nobody copies."""
        for folder in self.path.glob("incoming-*"):
            shutil.rmtree(folder)
        for pack in (self.objects / "pack").glob("tmp_*"):
            pack.unlink()

    @contextmanager
    def _locked(self, what: str = "refs") -> Iterator[None]:
        """Hold one of the two locks: `refs` for what collects and lands, `clone` for new clones."""
        with (self.path / f"halftui-{what}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

"""Settings and files by which a repository makes somebody else's git run a program."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.workspace.scene import World, commit, git, write

Hazard = Callable[[World, Path], object]

HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch", "post-checkout",
    "post-commit", "post-index-change", "post-merge", "post-receive", "post-rewrite", "post-update",
    "pre-applypatch", "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push", "pre-rebase",
    "pre-receive", "prepare-commit-msg", "proc-receive", "push-to-checkout",
    "reference-transaction", "sendemail-validate", "update",
)  # fmt: skip


def _hooks_into(world: World, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        (folder / name).write_text(f"#!/bin/sh\n{world.canary} </dev/null\n")
        (folder / name).chmod(0o755)


def _settings(**pairs: str) -> Hazard:
    """Return a hazard of settings; in the names, __ is a dot, in the values @ is the canary."""

    def make(world: World, folder: Path) -> None:
        for name, value in pairs.items():
            key = name.replace("__", ".")
            git(folder, "config", "--add", key, value.replace("@", world.canary))

    return make


def _with_attributes(line: str, hazard: Hazard) -> Hazard:
    def make(world: World, folder: Path) -> None:
        commit(folder, "attributes", {".gitattributes": line + "\n"})
        hazard(world, folder)

    return make


def _hooks(world: World, folder: Path) -> None:
    _hooks_into(world, folder / ".git/hooks")


def _husky(world: World, folder: Path) -> None:
    _hooks_into(world, folder / ".husky")
    commit(folder, "husky")
    git(folder, "config", "core.hooksPath", ".husky")


def _include(world: World, folder: Path) -> None:
    extra = world.home / "extra.conf"
    extra.write_text(f'[core]\n\tfsmonitor = {world.canary}\n[filter "i"]\n\tsmudge={world.canary}\n')
    commit(folder, "attributes", {".gitattributes": "* filter=i\n"})
    git(folder, "config", "include.path", str(extra))


def _odd_filter(world: World, folder: Path) -> None:
    commit(folder, "attributes", {".gitattributes": "* filter=x=y.z\n"})
    with (folder / ".git/config").open("a") as config:
        config.write(f'[filter "x=y.z"]\n\tsmudge = {world.canary}\n')


def _submodule(world: World, folder: Path) -> None:
    sub = f'[submodule "s"]\n\tpath = s\n\turl = "ext::sh -c {world.canary}"\n'
    write(folder, {".gitmodules": sub})
    sha = git(folder, "rev-parse", "HEAD")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{sha},s")
    git(folder, "add", ".gitmodules")
    git(folder, "commit", "-q", "--no-verify", "-m", "submodule")
    for key, value in (("submodule.recurse", "true"), ("protocol.ext.allow", "always")):
        git(folder, "config", key, value)
    git(folder, "config", "submodule.s.url", f"ext::sh -c {world.canary}")
    git(folder, "config", "submodule.s.update", "!" + world.canary)


def _alternate_refs(world: World, folder: Path) -> None:
    git(folder, "config", "core.alternateRefsCommand", world.canary)
    other = world.home / "other-objects"
    git(world.home, "init", "-q", "--bare", str(other))
    alternates = folder / ".git/objects/info/alternates"
    known = alternates.read_text() if alternates.exists() else ""
    alternates.write_text(f"{known}{other}/objects\n")


def _promisor(world: World, folder: Path) -> None:
    """Make git fetch a missing object from a remote whose upload program is the canary."""
    sha = commit(folder, "to be missed", {"missing.txt": "missing\n"})
    blob = git(folder, "rev-parse", f"{sha}:missing.txt")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "p"),
        ("remote.p.url", str(folder)), ("remote.p.promisor", "true"),
        ("remote.p.uploadpack", world.canary), ("core.sshCommand", world.canary),
    ):  # fmt: skip
        git(folder, "config", key, value)


def _odd_branches(world: World, folder: Path) -> None:
    for name in (f"--upload-pack={world.canary}", f"$({world.canary})", f"|{world.canary}", "-x"):
        git(folder, "update-ref", "refs/heads/" + name, "HEAD")


# Those that a person's or an agent's repository may have.
SHARED: dict[str, Hazard] = {
    "hooks": _hooks,
    "husky": _husky,
    "fsmonitor": _settings(core__fsmonitor="@", core__fsmonitorHookVersion="1"),
    "smudge": _with_attributes("* filter=f", _settings(filter__f__smudge="@")),
    "clean": _with_attributes("* filter=f", _settings(filter__f__clean="@")),
    "process": _with_attributes(
        "* filter=f", _settings(filter__f__process="@", filter__f__required="true")
    ),
    "odd filter": _odd_filter,
    "textconv": _with_attributes("* diff=d", _settings(diff__d__textconv="@")),
    "diff driver": _with_attributes("* diff=d", _settings(diff__d__command="@")),
    "external diff": _settings(diff__external="@"),
    "merge driver": _with_attributes(
        "* merge=m", _settings(merge__m__driver="@ %A %O %B", merge__default="m")
    ),
    "ssh": _settings(core__sshCommand="@", remote__origin__url="ssh://h/x", core__gitProxy="@"),
    "pack objects": _settings(uploadpack__packObjectsHook="@"),
    "include": _include,
    "submodule": _submodule,
    "alternate refs": _alternate_refs,
    "promisor": _promisor,
    "odd branches": _odd_branches,
    "rewritten addresses": _settings(
        protocol__ext__allow="always", **{"url.ext::sh -c @ %.insteadOf": "/"}
    ),
    "programs": _settings(
        core__pager="@", core__editor="@", core__askPass="@", credential__helper="@",
        gpg__program="@",
        commit__gpgSign="true", merge__verifySignatures="true", sequence__editor="@",
        trailer__x__cmd="@", trace2__eventTarget="@", gc__recentObjectsHook="@", merge__tool="@",
        branch__main__mergeOptions="--no-ff --edit -s evil", diff__tool="@", alias__merge="!@",
    ),
}  # fmt: skip


def stock_git(world: World, folder: Path) -> None:
    """Do what people do in a repository with git's defaults: the hazards that bite show it here."""
    write(folder, {"a.txt": "changed\n", "b.txt": "also\n"})
    for command in (
        "submodule update", "status", "diff", "log -p -1", "add -A", "commit -q -m x",
        "checkout -q HEAD~1", "checkout -q -",
        "merge -q --no-edit HEAD~1", "fetch", "cat-file -p HEAD:missing.txt",
    ):  # fmt: skip
        subprocess.run(
            ["git", *command.split()],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(world.home), "GIT_SSH_VARIANT": "simple"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

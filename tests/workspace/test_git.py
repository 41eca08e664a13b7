"""The runner of git: its surroundings, and what its failures become."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from halftui.errors import Conflict, HalfTUIError, Misconfigured, Unavailable
from halftui.workspace import git as runner
from halftui.workspace.git import CONFIG, Answer, Git, printable, translate
from tests.workspace.scene import World


def _with_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put another git first on the PATH."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    runner._version.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_version() -> object:
    runner._version.cache_clear()
    yield
    runner._version.cache_clear()


def test_an_old_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_git(tmp_path / "bin", "echo git version 2.37.9", monkeypatch)
    with pytest.raises(Misconfigured, match=r"2\.37\.9 is too old") as caught:
        runner.check_version()
    assert "2.38" in caught.value.hint


@pytest.mark.parametrize("words", ["git version 2.38.0", "git version 2.50.1 (Apple Git-155)"])
def test_a_git_that_will_do(tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_git(tmp_path / "bin", f'echo "{words}"', monkeypatch)
    runner.check_version()


def test_no_git_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="no git"):
        runner.check_version()
    with pytest.raises(Misconfigured, match="no git"), Git().stream("version"):
        pytest.fail("it started")


def test_no_git_when_the_library_is_first_loaded(tmp_path: Path) -> None:
    code = (
        "from halftui.workspace.origin import locate\n"
        "from halftui.errors import Misconfigured\n"
        "try: locate('/')\n"
        "except Misconfigured as error: print(error)\n"
    )
    env = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert "install git 2.38" in done.stdout


def test_the_library_is_loaded_only_when_git_runs() -> None:
    code = (
        "import sys, halftui.workspace.repository, halftui.workspace.salvage\nprint('git' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_settings_are_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[core]\n\teditor = evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    listed = Git().text("config", "--list", "--show-origin")
    assert "evil" not in listed
    assert {line.split("\t")[0] for line in listed.splitlines()} == {
        f"file:{CONFIG}",
        "command line:",
    }


def test_a_folder_that_is_gone_is_not_replaced_by_another(tmp_path: Path) -> None:
    with pytest.raises(HalfTUIError):
        Git(("-C", str(tmp_path / "gone"))).run("status")


def test_bytes_pass_unchanged(world: World) -> None:
    git = Git((f"--git-dir={world.repo.path}",))
    raw = bytes(range(256)) * 3
    sha = git.text("hash-object", "-w", "--stdin", stdin=raw)
    assert git.run("cat-file", "blob", sha).out == raw


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        ("fatal: write error: No space left on device", Unavailable),
        ("fatal: Unable to create '/x/index.lock': File exists.", Unavailable),
        ("fatal: update_ref failed: cannot lock ref 'refs/x': is at 1 but expected 2", Conflict),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", Unavailable),
        ("ssh: Could not resolve hostname x\nfatal: Could not read from remote", Unavailable),
        ("git@x: Permission denied (publickey).", Unavailable),
        ("fatal: not a git repository", Misconfigured),
        ("error: open(\"x\"): Permission denied", Misconfigured),
        ("something new", Unavailable),
        ("", Unavailable),
    ],
)  # fmt: skip
def test_what_failures_become(err: str, kind: type[HalfTUIError]) -> None:
    error = translate("fetch", Answer(128, b"", err))
    assert type(error) is kind
    assert error.message.startswith("git fetch failed: ")


def test_no_transport_without_leave(world: World) -> None:
    git = Git()
    with pytest.raises(HalfTUIError, match="not allowed"):
        git.run("ls-remote", str(world.project))
    with pytest.raises(HalfTUIError, match="not allowed"):
        git.having(protocols="ssh:https").run("ls-remote", str(world.project))
    assert git.having(protocols="file").run("ls-remote", str(world.project)).out


def test_passwords_are_not_repeated() -> None:
    said = printable("fatal: unable to access 'https://bob:secret@host/x': no")
    assert said == "fatal: unable to access 'https://host/x': no"
    assert printable("a\x1b[31mb\x9bc\x7f\n\td é") == "a?[31mb?c?\n\td é"
    assert printable(b"\xff\xfe") == "\N{REPLACEMENT CHARACTER}" * 2
    assert printable("\udcff") == "\N{REPLACEMENT CHARACTER}"


def test_a_stream_that_fails_says_so(world: World) -> None:
    git = Git((f"--git-dir={world.repo.path}",))
    with pytest.raises(Unavailable, match="diff-tree"), git.stream("diff-tree", "nope") as lines:
        assert lines.read() == b""

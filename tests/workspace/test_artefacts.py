"""A file is copied out of an agent's folder: no link, no device, nothing endless, nothing outside."""

import os
import resource
import socket
from pathlib import Path

import pytest

from halftui.errors import NotFound, Refused
from halftui.workspace.artefacts import sweep, take

CAP = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder as a hostile agent may leave it."""
    outside, root = tmp_path / "outside", tmp_path / "work"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text("of the host")
    (root / "sub/file").write_text("mine")
    (root / "big").write_bytes(b"x" * (CAP + 1))
    (root / "fits").write_bytes(b"x" * CAP)
    (root / "link").symlink_to(outside / "secret")
    (root / "own link").symlink_to("sub/file")
    (root / "folder link").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(root / "socket"))
    return root


def test_a_file_is_kept_by_its_content(root: Path, tmp_path: Path) -> None:
    kept, again = (take(root, ["sub", "file"], tmp_path / "kept", CAP) for _ in range(2))
    assert kept == again
    assert kept.size == 4
    (found,) = (tmp_path / "kept").iterdir()
    assert (found.name, found.read_text(), found.stat().st_mode & 0o777) == (kept.digest, "mine", 0o600)
    assert take(root, ["fits"], tmp_path / "kept", CAP).size == CAP


HOSTILE = ["big", "link", "own link", "folder link/secret", "folder link", "loop", "pipe", "socket", "sub",
           "missing", "sub/file/more", "x" * 300, "nul\0"]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_anything_else_is_refused_and_leaves_nothing(root: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises((Refused, NotFound)):
        take(root, path.split("/"), tmp_path / "kept", CAP)
    assert not any((tmp_path / "kept").iterdir())


def test_a_folder_in_the_roots_place_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "swapped").symlink_to(tmp_path / "outside")
    with pytest.raises(Refused):
        take(tmp_path / "swapped", ["secret"], tmp_path / "kept", CAP)


def test_what_nobody_wants_goes(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "kept"
    sweep(store, ())
    small, _ = take(root, ["sub", "file"], store, CAP), take(root, ["fits"], store, CAP)
    sweep(store, {small.digest})
    assert [path.name for path in store.iterdir()] == [small.digest]
    sweep(store, ())
    assert not store.exists()


def test_a_deep_folder_takes_no_more_open_files_than_a_flat_one(root: Path, tmp_path: Path) -> None:
    deep = ["d"] * 200
    place = root.joinpath(*deep)
    place.mkdir(parents=True)
    (place / "file").write_text("x")
    before = [file.name for file in Path("/proc/self/fd").iterdir()]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, before)) + 20, hard))
    try:
        assert take(root, [*deep, "file"], tmp_path / "kept", CAP).size == 1
        with pytest.raises(NotFound):
            take(root, [*deep, "none", "file"], tmp_path / "kept", CAP)
        assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""The host key: made once, whole, and never used when others may read it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from halftui.errors import Misconfigured
from halftui.ssh import hostkey


def test_it_stays_the_same(tmp_path: Path) -> None:
    first = hostkey.load(tmp_path / "ssh")
    assert hostkey.load(tmp_path / "ssh").get_fingerprint() == first.get_fingerprint()
    assert [file.name for file in (tmp_path / "ssh").iterdir()] == [hostkey.NAME]
    assert (tmp_path / "ssh").stat().st_mode & 0o077 == 0


def test_many_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: hostkey.load(tmp_path), range(16)))
    assert len({key.get_fingerprint() for key in keys}) == 1
    assert [file.name for file in tmp_path.iterdir()] == [hostkey.NAME]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_one_that_others_may_read(tmp_path: Path, mode: int) -> None:
    hostkey.load(tmp_path)
    (tmp_path / hostkey.NAME).chmod(mode)
    with pytest.raises(Misconfigured, match="may be read by others") as found:
        hostkey.load(tmp_path)
    assert "chmod 600" in found.value.hint


@pytest.mark.parametrize("content", [b"", b"nothing", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"])
def test_one_that_is_damaged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / hostkey.NAME
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="is damaged"):
        hostkey.load(tmp_path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "ssh").touch()
    with pytest.raises(Misconfigured, match="can't be used"):
        hostkey.load(tmp_path / "ssh")

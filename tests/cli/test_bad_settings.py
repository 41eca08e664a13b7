"""Settings of odd kinds, and what a fault of the database says."""

import sqlite3
from pathlib import Path

import pytest

from halftui import settings
from halftui.errors import HalfTUIError, Misconfigured, Unavailable
from halftui.store.store import translated
from tests.cli.conftest import Line


def test_a_file_may_begin_with_a_mark(line: Line) -> None:
    file = settings.config_folder() / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\xef\xbb\xbfcap = 3\r\n")
    assert settings.load().cap == 3


def test_the_home_of_nobody_is_refused() -> None:
    chosen = settings.load({"home": "~nobody-of-this-name/x"}, {"HOME": "/nonexistent"})
    with pytest.raises(Misconfigured, match=r"home in flag can't be '~nobody-of-this-name/x'"):
        _ = chosen.home_folder


@pytest.mark.parametrize(
    ("said", "kind", "word"),
    [
        ("disk I/O error", Unavailable, "disk under the database fails"),
        ("no such column: b.title", Misconfigured, "not as HalfTUI left it"),
        ("table board already exists", Misconfigured, "not as HalfTUI left it"),
    ],
)
def test_what_a_fault_says(tmp_path: Path, said: str, kind: type[HalfTUIError], word: str) -> None:
    with pytest.raises(kind, match=word), translated(str(tmp_path)):
        raise sqlite3.OperationalError(said)

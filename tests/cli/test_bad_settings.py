"""Settings of odd kinds: told with their place and the form of good ones, before anything starts."""

import sqlite3
from pathlib import Path

import pytest

from halftui import settings
from halftui.domain import names
from halftui.errors import HalfTUIError, Misconfigured, Unavailable
from halftui.main import who
from halftui.store.store import translated
from tests.cli.conftest import Line

BAD = [
    ("home", "shop"), ("home", "~nobody-of-this-name/x"), ("database", "sqlite:///x.db"),
    ("database", "mysql://ann:hidden@h/x"), ("theme", "nosuch"), ("theme", "../mono"), ("marks", "emoji"),
    ("runtime_caps", "claude"), ("runtime_caps", "emacs=1"), ("runtime_caps", "claude=1,claude=2"),
    ("runtime_caps", "claude=-1"), ("runtime_caps", ","), ("docker_host", "tcp://h:1"),
    ("docker_host", "unix://x"), ("docker_runtime", "-x"), ("image", "-v/:/x"), ("image", "A B"),
    ("forge", "'"), ("forge", " "), ("notify_command", '"x'), ("names", ""), ("names", "Bo"),
    ("names", "Bo,"), ("names", "Bo,<x>"), ("names", "Bo,Bo"), ("model", "-x"), ("model", "a b"),
    ("serve_host", "a b"), ("serve_host", "http://x"), ("api_url", ""), ("api_url", "example.org"),
    ("api_url", "https://"), ("api_url", "https://h:x"), ("api_url", "file:///x"), ("api_url", "unix://m"), ("ageing_days", "nan"),
    ("cap", "1e3"), ("cap", "9" * 5_000), ("cpus", "inf"), ("serve_port", "-1"), ("log_level", "loud"),
]  # fmt: skip
GOOD = [
    ("home", "~/x"), ("database", "postgresql:///half?host=/run/pg"), ("database", "sqlite:////srv/x.db"),
    ("theme", "mono"), ("runtime_caps", "claude=4, shell=2,"), ("docker_host", "unix:///run/d.sock"),
    ("image", "registry.example.org:5000/a/b:1@sha256:" + "0" * 64), ("names", "stars"), ("names", "Bo, Åsa"),
    ("model", "us.vendor.model-4:0[1m]"), ("serve_host", "::1"), ("serve_host", "fe80::1%eth0"),
    ("api_url", "http://127.0.0.1:8080/v1"), ("api_url", "unix:///run/m.sock"), ("forge", "forge --as 'a b'"),
]  # fmt: skip


def _write(text: str) -> Path:
    file = settings.config_folder() / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_may_begin_with_a_mark(line: Line) -> None:
    file = settings.config_folder() / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\xef\xbb\xbfcap = 3\r\n")
    assert settings.load().cap == 3


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda v: v[:30])
def test_a_bad_one_is_told_with_its_line(empty: Line, name: str, value: str) -> None:
    quote = '"' if "'" in value else "'"
    file = _write(f"# first\ncap = 3 # {name} = 1\n{name} = {quote}{value}{quote}\n" if name != "cap" else
                  f"# first\n\ncap = '{value}'\n")  # fmt: skip
    ran = empty("config", "show")
    assert ran.code == Misconfigured.exit_code
    assert ran.err.startswith(f"error: {name} in {file}:3 can't be "), ran.err
    assert "hint: " in ran.err
    assert "hidden" not in ran.err
    assert len(ran.err) < 1_000


def test_every_setting_that_is_a_text_has_a_form() -> None:
    texts = {name for name in settings.NAMES if isinstance(getattr(settings.Settings(), name), str)}
    assert texts == {*settings.FORMS, *settings.CHOICES, "theme"}
    assert {*settings.NAMES} == texts | {*settings.RANGES}
    assert (names.RUNTIMES, tuple(names.THEMES)) == (settings.RUNTIMES, settings.POOLS)


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_good_ones_are_taken(empty: Line, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HALFTUI_{name.upper()}", value)
    assert getattr(settings.load(), name) == value


@pytest.mark.parametrize(
    "text", ["cap = " + "9" * 5_000, "cap = " + "[" * 5_000, "cap = 1\ncap = 2", "\x00", "cap.x = 1", "[cap]"]
)
def test_files_of_odd_kinds(empty: Line, text: str) -> None:
    file = _write(text)
    ran = empty("config", "show")
    assert ran.code == Misconfigured.exit_code
    assert str(file) in ran.err


@pytest.mark.parametrize("home", ["", "shop", "./x"])
def test_a_home_that_is_no_whole_name_makes_nothing_here(
    empty: Line, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    for name in ("HALFTUI_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    before = list(Path().iterdir())
    for argv in (("init",), ("bead", "list"), ("--home", "/srv", "config", "show")):
        ran = empty(*argv)
        assert ran.code == Misconfigured.exit_code
        assert f"HOME is {home!r}" in ran.err
        assert "set HOME" in ran.err
    assert list(Path().iterdir()) == before


def test_what_xdg_has_ignored_is_ignored() -> None:
    for value in ("", "shop", "./shop"):
        env = {"HOME": "/h", "XDG_CONFIG_HOME": value, "XDG_DATA_HOME": value}
        assert settings.config_folder(env) == Path("/h/.config/halftui")
        assert settings.data_folder(env) == Path("/h/.local/share/halftui")
    assert settings.user_folder({}).is_absolute()
    with pytest.raises(Misconfigured, match="CONFIG in environment can't be 'shop'"):
        settings.config_folder({"HOME": "/h", "HALFTUI_CONFIG": "shop"})


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


@pytest.mark.parametrize("name", ["a\nb", "\udcff", "x" * 81, "\x1b[1mx", "\u202ex"])
def test_who_acts_has_a_name_in_one_line(name: str) -> None:
    with pytest.raises(Misconfigured, match="HALFTUI_USER can't be"):
        who.login({"HALFTUI_USER": name})
    assert who.login({"HALFTUI_USER": "Åsa B."}) == "Åsa B."

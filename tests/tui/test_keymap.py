"""A person's own keys: they act, the hints and the help name them, and what is wrong is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.tui import keymap, keys
from tests.helpers.stage import Stage
from tests.tui.player import playing


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a person's own settings."""
    monkeypatch.setenv("HALFTUI_CONFIG", str(tmp_path))
    yield tmp_path
    keys.OWN.clear()


async def test_own_keys_act_and_are_named(busy: Stage, folder: Path) -> None:
    (folder / "keymap.toml").write_text(
        'bead.create = "^e"\n"cursor.down" = ["s", "down"]\nbead.dispatch="D"\n'
    )
    async with playing(busy) as player:
        keymap.take(player.app)
        await player.pilot.pause(0.2)
        first = player.chosen
        await player.press("s")
        assert player.chosen != first
        await player.press("j")
        assert player.chosen != first, "j does nothing now"
        await player.press("ctrl+e")
        assert "New bead" in player.text
        await player.press("escape", "question_mark")
        assert "^e" in player.text
        await player.press("escape", "n")
        assert len(player.app.screen_stack) == 1, "n does nothing now"
        assert "^e new" in player.lines[-1]


@pytest.mark.parametrize(("text", "words"), [
    ('bead.open = "O"\nbead.nonsense = "x"', "bead.nonsense, which is no action"),
    ("bead.open = 3", "no key"), ('bead.open = "s"', "it is bead.dispatch's too"),
    ("bead.open = ", "can't be read"),
])  # fmt: skip
def test_what_is_wrong_is_said(folder: Path, text: str, words: str) -> None:
    (folder / "keymap.toml").write_text(text)
    _, wrong = keymap.load()
    assert words in " ".join(str(error) for error in wrong) + " ".join(error.hint for error in wrong)


def test_without_a_file_nothing_is_other(folder: Path) -> None:
    assert keymap.load() == ({}, [])

"""A bead's words in one's own editor, and the agent that a new bead is written for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from halftui.errors import Misconfigured, Refused
from halftui.ops import beads, pins, views
from halftui.tui import editor, terminal
from halftui.tui.entry import parse
from halftui.tui.screens.bead_page import Written
from tests.helpers.stage import Stage
from tests.tui.player import Player, playing

Use = Callable[[str], Path]
BEAD = Written("Add /health", "# Why\n\nmonitors ask", "- it answers\n- in 10 ms")


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Return what makes a line of shell the person's editor; $1 is the file, and is kept as `seen`."""

    def used(line: str) -> Path:
        script, seen = tmp_path / "editor", tmp_path / "seen"
        script.write_text(f'#!/bin/sh\ncp "$1" {seen}\n{line}\n')
        script.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(script))
        return seen

    # The application has no terminal here that it could leave to an editor.
    monkeypatch.setattr(terminal, "is_here", lambda app: True)
    monkeypatch.setattr("halftui.tui.app.HalfApp.suspend", _nothing)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return used


def _nothing(app: object) -> AbstractContextManager[None]:
    return nullcontext()


async def pressed(player: Player) -> None:
    """Press the key and wait for what the editor did."""
    await player.press("E")
    await player.pilot.pause(0.1)


def test_what_is_written_is_read_again() -> None:
    found = editor.read(editor.page(BEAD))
    assert found == {"title": BEAD.title, "description": BEAD.description, "acceptance": BEAD.acceptance}


@pytest.mark.parametrize("rule", editor.RULES.values())
def test_a_file_without_its_rules_is_refused(rule: str) -> None:
    with pytest.raises(Refused, match="missing"):
        editor.read(editor.page(BEAD).replace(rule, ""))


def test_a_file_without_a_title_is_refused() -> None:
    with pytest.raises(Refused, match="title"):
        editor.read(editor.page(Written("")))


def test_visual_goes_before_editor_and_may_have_options() -> None:
    assert editor.words({"VISUAL": "code --wait", "EDITOR": "ed"}) == ["code", "--wait"]
    assert editor.words({"EDITOR": "ed"}) == ["ed"]
    assert editor.words({}) == ["vi"]
    with pytest.raises(Misconfigured):
        editor.words({"EDITOR": "'"})


async def test_what_the_editor_saved_is_stored_and_its_file_goes(
    busy: Stage, use: Use, tmp_path: Path
) -> None:
    seen = use('sed -i \'1s/.*/Another title/\' "$1"; touch "$1~"')
    async with playing(busy) as player:
        bead = player.chosen
        await pressed(player)
        assert seen.read_text().startswith(busy.service.read(views.bead, bead).card.title) is False
        assert busy.service.read(views.bead, bead).card.title == "Another title"
        assert not list(tmp_path.glob("halftui-*"))


async def test_what_was_changed_meanwhile_is_not_overwritten(busy: Stage, use: Use, tmp_path: Path) -> None:
    async with playing(busy) as player:
        bead = player.chosen
        ready, go = tmp_path / "ready", tmp_path / "go"
        wait = f"touch {ready}; while [ ! -e {go} ]; do sleep 0.05; done; sed -i '1s/.*/Mine/' \"$1\""
        use(wait)
        await player.pilot.press("E")
        while not ready.exists():
            await player.pilot.pause(0.05)
        busy.service.write(beads.edit, bead, title="Theirs")
        go.touch()
        await player.rest()
        await player.pilot.pause(0.1)
        assert busy.service.read(views.bead, bead).card.title == "Theirs"
        (kept,) = tmp_path.glob("halftui-*/*.md")
        assert kept.read_text().startswith("Mine\n")
        assert str(kept) in player.toasts


@pytest.mark.parametrize("line", ["true", "echo >> /dev/null; exit 1"])
async def test_an_editor_that_saved_nothing_changes_nothing(busy: Stage, use: Use, line: str) -> None:
    use(line)
    async with playing(busy) as player:
        before = busy.service.read(views.last_seq)
        await pressed(player)
        assert busy.service.read(views.last_seq) == before
        assert ("ended with 1" in player.toasts) == (line != "true")


async def test_no_editor_opens_for_who_sits_elsewhere(busy: Stage) -> None:
    async with playing(busy) as player:
        assert not player.app.may("bead.editor")
        await pressed(player)
        assert "machine that serves" in player.toasts


def test_a_line_names_an_agent_that_is_there() -> None:
    agents = {"maple": "a1"}
    assert parse("Fix it @Maple #ui", agents).agent == "a1"
    other = parse("Ask @ann about it", agents)
    assert (other.title, other.agent) == ("Ask @ann about it", "")


async def test_a_bead_is_written_for_one_agent_and_its_card_says_so(busy: Stage) -> None:
    async with playing(busy) as player:
        assert player.app.snapshot is not None
        agent = player.app.snapshot.agents[0]
        await player.press("n")
        await player.pilot.press(*"Fix", "space", "at", *agent.name.lower())
        await player.rest()
        assert f"@{agent.name.lower()}" in player.lines[-1]
        await player.press("enter")
        await player.pilot.pause(0.3)
        made = busy.service.read(views.bead, player.chosen).card
        assert (made.title, made.pin) == ("Fix", agent.name)
        assert f"@{agent.name}" in player.text
        busy.service.write(pins.pin, made.id, "")
        await player.app.renew()
        assert busy.service.read(views.bead, made.id).card.pin == ""

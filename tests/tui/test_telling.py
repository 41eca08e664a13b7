"""What somebody who looks elsewhere is told, once for each thing."""

from pathlib import Path

import pytest
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome, Question
from halftui.ops import attempts, questions
from halftui.tui.telling import KEEP_TITLE, RETURN_TITLE
from tests.helpers.stage import Stage
from tests.tui.player import Player, playing
from tests.tui.test_hostile import HOSTILE


class Ears:
    """What a terminal was sent beside pictures, and how often it rang."""

    def __init__(self, player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        self.rings = 0
        assert player.app._driver is not None
        monkeypatch.setattr(player.app._driver, "write", self.sent.append)
        monkeypatch.setattr(App, "bell", self._ring)

    def _ring(self, *_: object) -> None:
        self.rings += 1


def ask(stage: Stage, claim: attempts.Claim, text: str) -> None:
    """Let an agent ask something."""
    stage.write_as(ENGINE, questions.ask, claim.attempt, Question("question", text))


async def heard(player: Player) -> None:
    """Let the board read what happened."""
    await player.app.renew()
    await player.app.renew()
    await player.pilot.pause(0.2)


async def test_a_question_rings_once_and_stands_in_the_title(
    empty: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.bead("work")
    async with playing(empty) as player:
        ears = Ears(player, monkeypatch)
        claim = empty.claim("work")
        await heard(player)
        assert ears.rings == 0
        ask(empty, claim, "Which database?")
        await heard(player)
        assert ears.rings == 1
        assert [text for text in ears.sent if text.startswith("\x1b]2;(1) ")]


async def test_finished_work_does_not_ring(empty: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.bead("work")
    async with playing(empty) as player:
        ears = Ears(player, monkeypatch)
        player.app.teller.way = "osc9"
        claim = empty.claim("work")
        empty.end(claim, Outcome.PASSED, work=attempts.Work("a" * 40, "b" * 40, 1, 1, 0))
        await heard(player)
        notices = [text for text in ears.sent if text.startswith("\x1b]9;")]
        assert (len(notices), ears.rings) == (1, 0)
        assert "ready for review" in notices[0]


async def test_what_was_there_at_the_start_is_told_to_nobody(
    busy: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(busy) as player:
        ears = Ears(player, monkeypatch)
        await heard(player)
        assert ears.rings == 0


@pytest.mark.parametrize("way", ["osc9", "osc777"])
async def test_hostile_words_stay_inside_the_notice(
    empty: Stage, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    empty.bead("work")
    async with playing(empty) as player:
        ears = Ears(player, monkeypatch)
        player.app.teller.way = way
        claim = empty.claim("work")
        ask(empty, claim, HOSTILE)
        await heard(player)
        (notice,) = [text for text in ears.sent if text.startswith(("\x1b]9;", "\x1b]777;"))]
        inside = notice[1:-1]
        assert notice.endswith("\x07")
        assert not [sign for sign in inside if ord(sign) < 32 or 127 <= ord(sign) < 160]


async def test_the_title_is_kept_and_given_back(busy: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "write", lambda driver, text: sent.append(text))
    async with playing(busy):
        pass
    titles = [text for text in sent if "]2;" in text or text == RETURN_TITLE]
    assert titles[0].startswith(KEEP_TITLE)
    assert titles[-1] == RETURN_TITLE


async def test_a_command_gets_the_words_on_its_input(empty: Stage, tmp_path: Path) -> None:
    empty.bead("work")
    script, out = tmp_path / "tell", tmp_path / "out"
    script.write_text(f'#!/bin/sh\ncat >> {out}; echo "$# arguments" >> {out}\n')
    script.chmod(0o755)
    async with playing(empty) as player:
        player.app.teller.command = str(script)
        claim = empty.claim("work")
        ask(empty, claim, "Which database?")
        await heard(player)
        while not out.exists() or "arguments" not in out.read_text():
            await player.pilot.pause(0.05)
        assert out.read_text().endswith("asks\nWhich database?\n0 arguments\n")


async def test_a_command_that_fails_is_told(empty: Stage) -> None:
    empty.bead("work")
    async with playing(empty) as player:
        player.app.teller.command = "/nowhere/tell"
        claim = empty.claim("work")
        ask(empty, claim, "Which database?")
        await heard(player)
        while "notify_command failed" not in player.toasts:
            await player.pilot.pause(0.05)

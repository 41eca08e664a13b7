"""Talking to an agent from its card: one sheet, the draft kept, the message stored."""

from halftui.ops import listings
from tests.helpers.stage import Stage
from tests.tui.eyes import toasts, until
from tests.tui.player import Player, playing


async def _sees(player: Player, words: str) -> None:
    await until(player.pilot, lambda: words in player.text + toasts(player.pilot))


async def test_a_message_is_written_kept_and_sent(busy: Stage) -> None:
    async with playing(busy) as player:
        player.board.lanes.choose(busy.ids["Cache the price list"])
        await player.pilot.press("t")
        await _sees(player, "Tell Maple")
        await player.type("use tabs")
        await player.pilot.press("escape", "t")
        await _sees(player, "Tell Maple")
        assert "use tabs" in player.text, "the draft was kept"
        await player.press("enter")
        await _sees(player, "Maple hears it between two turns")
        await player.pilot.press("t")
        await _sees(player, "ann: use tabs")  # what was said stands on the sheet
    agent = busy.store.read(lambda rows: rows.rows("SELECT id FROM agent WHERE name = 'Maple'"))[0][0]
    assert [m.text for m in busy.store.read(listings.thread, agent)] == ["use tabs"]


async def test_a_card_without_an_agent_says_so(busy: Stage) -> None:
    async with playing(busy) as player:
        player.board.lanes.choose(busy.ids["Add a /health endpoint"])
        await player.pilot.press("t")
        await _sees(player, "has no agent")

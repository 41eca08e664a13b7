"""The board under the keys: what is seen, and what the database says afterwards."""

from collections.abc import Sequence

import pytest
from textual import events

from halftui.ops import beads, views
from halftui.tui.screens.entry import EntryInput
from tests.helpers.stage import Stage
from tests.tui.player import playing


def ids(stage: Stage, lane: str) -> list[str]:
    """Return the ids of a lane's beads in its order, as the database has them."""
    return [card.id for card in stage.store.read(views.lane, stage.board, lane).cards]


def titles(stage: Stage, lane: str) -> list[str]:
    """Return the titles of a lane's beads."""
    return [card.title for card in stage.store.read(views.lane, stage.board, lane).cards]


async def test_the_first_frame_shows_the_cards(busy: Stage) -> None:
    async with playing(busy) as player:
        assert "Migrate the schema" in player.text
        assert "Login forgets" in player.text
        assert "2 need you" in player.lines[0]


async def test_each_card_says_what_matters_in_its_lane(busy: Stage) -> None:
    async with playing(busy, 200, 50) as player:
        for words in (
            "Toast · asks you 2m", "Maple · Bash pytest", "failed 1/5", "+120 -14", "~fast",
            f"waits {busy.ids['Session store']}", "auth-rework  0/4", "S starts it", "$0.52",
        ):  # fmt: skip
            assert words in player.text, words


@pytest.mark.parametrize("lane", ["ready", "working", "review", "done", "blocked"])
async def test_an_empty_lane_says_how_it_is_filled(empty: Stage, lane: str) -> None:
    words = {
        "ready": "n writes the first bead", "working": "s lets an agent take", "review": "work that agents",
        "done": "d reviews and accepts", "blocked": "nothing waits",
    }  # fmt: skip
    async with playing(empty, 200, 50) as player:
        assert words[lane].split()[0] in player.text
        column = player.board.lanes.by_name[lane]
        drawn = " ".join(column.render_line(y).text.strip("│┃ ") for y in range(6))
        assert words[lane] in " ".join(drawn.split())


async def test_a_bead_is_one_key_and_a_line(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("n")
        await player.type("Ship it #ops !0")
        assert "P0  ~ops" in player.text
        assert "Migrate the schema" in player.text, "the board stays in sight"
        await player.press("enter")
        card = player.board.card
        assert card is not None
        assert (card.title, card.priority, card.labels) == ("Ship it", 0, ("ops",))
    assert titles(busy, "ready")[0] == "Ship it"


async def test_a_new_bead_can_wait_for_another(busy: Stage) -> None:
    other = busy.ids["Add a /health endpoint"]
    async with playing(busy, 200, 50) as player:
        await player.press("n")
        await player.type(f"Deploy >{other}")
        await player.press("enter")
        assert player.board.lanes.here == "blocked"
        assert player.board.card is not None
        assert player.board.card.blockers == (other,)


async def test_a_pasted_list_makes_many(empty: Stage) -> None:
    async with playing(empty) as player:
        await player.press("n")
        player.app.screen.query_one(EntryInput).post_message(
            events.Paste("- one\n- [ ] two #x\n\n3. three\n")
        )
        await player.rest()
        await player.rest()
    assert titles(empty, "ready") == ["one", "two", "three"]


async def test_letters_are_text_while_somebody_types(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.press("n")
        await player.type("sxXJKHLqprd?")
        assert player.app.screen.query_one(EntryInput).value == "sxXJKHLqprd?"
        await player.press("escape")
        assert len(player.app.screen_stack) == 1
    assert ids(busy, "ready") == before


async def test_the_page_takes_what_was_typed_and_writes_all_of_it(empty: Stage) -> None:
    async with playing(empty, 80, 24) as player:
        await player.press("n")
        await player.type("Ship it !1")
        await player.press("tab", "tab")
        await player.type("Because.")
        await player.press("ctrl+o")
        await player.rest()
        detail = empty.store.read(views.bead, player.chosen)
    assert (detail.card.title, detail.card.priority, detail.description) == ("Ship it", 1, "Because.")


async def test_editing_does_not_overwrite_somebody_elses_words(busy: Stage) -> None:
    bead = busy.ids["Migrate the schema"]
    async with playing(busy) as player:
        await player.press("e")
        busy.write(beads.edit, bead, title="Migrate it gently")
        await player.type("!")
        await player.press("ctrl+o")
        await player.rest()
        assert "changed" in player.toasts.lower()
    assert busy.store.read(views.bead, bead).card.title == "Migrate it gently"


async def test_order_is_changed_by_keys_and_kept(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.press("J")
        assert player.chosen == before[0], "the cursor stays on its bead"
    assert ids(busy, "ready") == [before[1], before[0], *before[2:]]


async def test_crossing_a_priority_border_changes_the_priority_and_says_so(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.press("j", "J")
        assert "P1 → P2" in player.toasts
    assert ids(busy, "ready") == [before[0], before[2], before[1], *before[3:]]


@pytest.mark.parametrize("times", [5])
async def test_a_held_key_keeps_its_order(busy: Stage, times: int) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.pilot.press(*["J"] * times)
        await player.rest()
    assert ids(busy, "ready") == [*before[1:], before[0]]


async def test_priority_by_plus_and_minus(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("j", "plus")
        assert player.board.card is not None
        assert player.board.card.priority == 0
        await player.press("minus", "minus")
        assert player.board.card.priority == 2
        assert player.chosen == busy.ids["Add a /health endpoint"]


async def test_sling_ends_the_back_off(busy: Stage) -> None:
    bead = busy.ids["Migrate the schema"]
    async with playing(busy) as player:
        await player.press("s")
    card = busy.store.read(views.bead, bead).card
    assert (card.failures, card.retry_at, card.hold) == (0, None, "")


async def test_who_takes_a_slung_bead_is_said(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("s")
        busy.claim("Migrate the schema")
        await player.app.renew()
        await player.rest()
        assert "is on it" in player.toasts


async def test_a_blocked_bead_is_refused_with_what_it_waits_for(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("h", "L")
        assert f"waits for {busy.ids['Login forgets where you came from']}" in player.toasts


@pytest.mark.parametrize(("keys", "words"), [
    (("H",), "nobody blocks a bead by hand"),
    (("l", "L"), "only its agent hands a bead in"),
    (("l", "l", "H"), "work goes back with a reason"),
])  # fmt: skip
async def test_moves_that_mean_nothing_are_refused(busy: Stage, keys: Sequence[str], words: str) -> None:
    seq = busy.store.read(views.last_seq)
    async with playing(busy) as player:
        await player.press(*keys)
        assert words in player.toasts
    assert busy.store.read(views.last_seq) == seq


async def test_taking_work_back_asks_and_enter_is_no(busy: Stage) -> None:
    seq = busy.store.read(views.last_seq)
    async with playing(busy) as player:
        await player.press("l", "H")
        assert "Take" in player.text
        await player.press("enter")
        await player.rest()
        assert busy.store.read(views.last_seq) == seq
        await player.press("H", "y")
        await player.rest()
    assert busy.store.read(views.events, seq)[-1].verb == "attempt.stop"


@pytest.mark.parametrize(("key", "verb"), [("x", "bead.cancel"), ("X", "attempt.stop")])
async def test_what_loses_work_asks_first(busy: Stage, key: str, verb: str) -> None:
    seq = busy.store.read(views.last_seq)
    async with playing(busy) as player:
        await player.press("l", key, "escape")
        await player.rest()
        assert busy.store.read(views.last_seq) == seq
        await player.press(key, "y")
        await player.rest()
    assert verb in {event.verb for event in busy.store.read(views.events, seq)}


async def test_a_convoy_is_marked_named_and_started(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("j", "space", "space")
        assert "2 marked" in player.text
        await player.press("N")
        await player.type("release one")
        assert "2 beads" in player.text
        await player.press("enter")
        await player.rest()
        assert "release one" in player.text
        assert "marked" not in player.text
        seq = busy.store.read(views.last_seq)
        player.board.lanes.choose(busy.ids["Add a /health endpoint"])
        await player.press("S")
    assert busy.store.read(views.events, seq)[-1].verb == "convoy.start"


async def test_pause_is_seen_in_the_header(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("p")
        assert "paused" in player.lines[0]
        await player.press("p")
        assert "paused" not in player.lines[0]


async def test_the_cursor_stays_on_its_bead_when_others_write(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("j")
        held = player.chosen
        busy.bead("Something urgent", priority=0)
        await player.app.renew()
        await player.rest()
        assert player.chosen == held
        assert player.board.lanes.lane.cursor == 2


async def test_work_by_another_process_arrives(busy: Stage) -> None:
    async with playing(busy) as player:
        busy.bead("From elsewhere")
        for _ in range(50):
            await player.pilot.pause(0.05)
            if "From elsewhere" in player.text:
                return
        pytest.fail("the board did not hear of it")


async def test_the_next_thing_that_needs_me_is_one_key(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("exclamation_mark")
        assert "Which database should sessions use?" in player.text
        assert "postgres" in player.text


async def test_leaving_asks_only_if_own_agents_work(busy: Stage) -> None:
    async with playing(busy, owns_agents=True) as player:
        await player.press("q")
        assert "Leave while Toast, Maple are at work?" in player.text
        await player.press("n")
        assert player.is_open()
        await player.press("q", "y")
        assert not player.is_open()
    async with playing(busy) as player:
        await player.press("q")
        assert not player.is_open()


async def test_tab_goes_round_the_panes(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.pilot.pause(0.3)
        seen = []
        for _ in range(5):
            seen.append(type(player.app.focused).__name__)
            await player.press("tab")
        assert seen == ["Lane", "Box", "Box", "Box", "LinePane"]
        assert type(player.app.focused).__name__ == "Lane"


async def test_the_dock_follows_the_cursor(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("l", "j")
        await player.pilot.pause(0.5)
        assert "Cache the price list · Maple" in player.text
        assert "14 passed in 1.2s" in player.text


async def test_a_click_chooses_and_a_second_opens(busy: Stage) -> None:
    async with playing(busy) as player:
        lane = player.board.lanes.by_name["ready"]
        await player.pilot.click(lane, offset=(5, 4))
        await player.rest()
        assert player.chosen == ids(busy, "ready")[1]
        await player.pilot.click(lane, offset=(5, 4), times=2)
        await player.rest()
        assert type(player.app.screen).__name__ == "DetailScreen"


@pytest.mark.parametrize(("word", "screen"), [("new", "EntrySheet"), ("help", "HelpScreen")])
async def test_hints_can_be_clicked(busy: Stage, word: str, screen: str) -> None:
    async with playing(busy) as player:
        await player.pilot.click("#hints", offset=(player.lines[-1].index(word), 0))
        await player.rest()
        assert type(player.app.screen).__name__ == screen


@pytest.mark.parametrize(("key", "words"), [
    ("2", "Toast"), ("6", "platform"), ("7", "Done a day"),
    ("3", "auth-rework"), ("4", "I will keep the query string"),
])  # fmt: skip
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_each_place_is_one_digit(busy: Stage, key: str, words: str, size: tuple[int, int]) -> None:
    async with playing(busy, *size) as player:
        await player.press(key)
        await player.pilot.pause(0.5)
        assert words in player.text
        await player.press("1")
        assert player.app.screen is player.board


async def test_the_cursor_begins_where_there_are_cards(empty: Stage) -> None:
    empty.bead("Only one")
    empty.claim("Only one")
    async with playing(empty) as player:
        assert player.board.lanes.here == "working"
        assert player.board.lanes.lane.has_focus
        assert "n writes a bead" in " ".join(player.text.split())


async def test_without_a_chosen_card_the_dock_shows_who_works(empty: Stage) -> None:
    empty.bead("Only one")
    claim = empty.claim("Only one")
    await empty.print(claim, ("say", "I begin."))
    async with playing(empty) as player:
        await player.press("l")
        assert player.board.card is None
        await player.pilot.pause(0.5)
        assert "I begin." in player.text


async def test_undo_and_redo_are_one_key_each_and_say_what(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.press("j", "J", "u")
        assert "P2 → P1" in player.toasts
        assert ids(busy, "ready") == before
        await player.press("U")
        assert ids(busy, "ready") != before


async def test_undo_of_what_is_final_is_refused(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("s", "u")
        assert "is sent off already" in player.toasts

"""What holds for every look: nothing clipped, nothing unreadable, nothing that a terminal obeys."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from halftui.errors import Misconfigured
from halftui.ops import beads, views
from halftui.settings import theme_folders
from halftui.tui import bars, themes
from halftui.tui.cards import Fact, facts, tell
from halftui.tui.draw import Row, age, cut
from halftui.tui.fewer import SYSTEMS, Fewer, fewer
from halftui.tui.keys import ACTIONS, held
from halftui.tui.moves import LANES
from halftui.tui.places import SPINE, places, widths
from tests.helpers.stage import NOON, Stage
from tests.tui.player import playing

LOOKS, WRONG = themes.load(theme_folders()[:1])
INKS = LOOKS["halflight"].inks
DECORATION = {"edge", "rest", "ground", "bar", "chosen"}  # lines and grounds carry no text
FILL = {"fill"}
HOSTILE = (
    "\x1b]2;PWNED\x1b\\title", "[bold red]markup[/]", "\x1b[2J\x1b[Hcleared", "\x9b31mC1", "a\rb\nc\td",
    "[@click=app.exit]quit[/]", "\u202egnp.exe", "e\u0301 👩‍👩‍👧 日本語" * 9, "\x00\x07\x7f", "[/]",
)  # fmt: skip


def luminance(colour: tuple[int, ...]) -> float:
    """Return a colour's relative luminance (WCAG 2.1)."""
    parts = [v / 255 for v in colour]
    red, green, blue = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return the contrast ratio of two colours (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_packaged_themes_are_all_there_and_whole() -> None:
    assert not WRONG
    assert set(LOOKS) == {"halflight", "dark", "light", "contrast", "mono"}


@pytest.mark.parametrize("name", ["halflight", "dark", "light", "contrast"])
def test_every_text_can_be_read(name: str) -> None:
    look = LOOKS[name]
    least = 7.0 if name == "contrast" else 4.5
    chosen = look.inks["chosen"].bgcolor
    assert chosen is not None
    assert chosen.triplet is not None
    assert look.theme.background is not None
    grounds = [Color.parse(look.theme.background).rgb, tuple(chosen.triplet)]
    for ink, style in look.inks.items():
        if ink in DECORATION:
            continue
        assert style.color is not None, ink
        assert style.color.triplet is not None, ink
        for ground in grounds:
            ratio = contrast(tuple(style.color.triplet), ground)
            assert ratio >= (3.0 if ink in FILL else least), (ink, round(ratio, 2))
    for text in ("text-muted", "text-disabled", "foreground", "primary", "warning", "error", "success"):
        value = str(look.theme.variables.get(text) or getattr(look.theme, text))
        for ground_name in (look.theme.background, look.theme.surface, look.theme.panel):
            assert ground_name is not None
            ratio = contrast(Color.parse(value).rgb, Color.parse(ground_name).rgb)
            assert ratio >= 4.0, (text, ground_name, round(ratio, 2))


@pytest.mark.parametrize("name", ["halflight", "dark", "light", "contrast"])
@pytest.mark.parametrize(("depth", "least"), [("256", 3.5), ("standard", 2.4)])
def test_few_colours_keep_texts_apart_from_what_they_stand_on(name: str, depth: str, least: float) -> None:
    def shown(style: Style, *, is_ground: bool) -> tuple[int, ...]:
        colour = style.bgcolor if is_ground else style.color
        assert colour is not None
        return tuple(fewer(colour, SYSTEMS[depth], is_ground=is_ground).get_truecolor())

    inks = LOOKS[name].inks
    grounds = [shown(inks[ink], is_ground=True) for ink in ("ground", "chosen")]
    for ink in set(inks) - DECORATION - FILL:
        text = shown(inks[ink], is_ground=False)
        for ground in grounds:
            assert contrast(text, ground) >= least, (ink, text, ground)


def test_the_cursor_s_ground_is_no_signal_in_few_colours() -> None:
    amber = Segment("text", Style(bgcolor="rgb(62,46,40)"))
    (drawn,) = Fewer(SYSTEMS["256"]).apply([amber], Color.parse("black"))
    assert drawn.style is not None
    assert drawn.style.bgcolor is not None
    red, green, blue = drawn.style.bgcolor.get_truecolor()
    assert red == green == blue


def test_mono_has_no_colour_at_all() -> None:
    for ink, style in LOOKS["mono"].inks.items():
        assert style.color is None, ink
        assert style.bgcolor is None, ink


@pytest.mark.parametrize(("text", "said"), [
    ("title = 3\n[colours]\nprimary = '#fff'\n[inks]", "title"),
    ("[colours]\nprimary = '#fff'\n[inks]\ntext = 'bold of'", "inks.text"),
    ("[colours]\nprimary = 'reddish'\n[inks]", "colours.primary"),
    ("[colours]\n[inks]", "colours.primary"),
    ("[colours]\nprimary = '#fff'", "[inks]"),
    ("[colours]\nprimary = '#fff'\n[inks]\nshout = 'bold'", "inks.shout"),
    ("colour = 1", "colour"),
    ("not toml", "can't be read"),
])  # fmt: skip
def test_a_bad_theme_names_its_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(Misconfigured) as caught:
        themes.read(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_one_bad_theme_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("x")
    looks, wrong = themes.load([*theme_folders()[:1], tmp_path])
    assert len(looks) == len(LOOKS)
    assert len(wrong) == 1


@pytest.mark.parametrize("width", range(40, 201))
def test_hints_are_whole_and_end_with_the_help(width: int) -> None:
    actions = [a for a in held("board") if a.rank < 9]
    text = bars.hints(width, actions, INKS).text
    assert cell_len(text) == width
    assert text.endswith("? help ")
    whole = {f"{a.key} {a.label}" for a in actions}
    for hint in filter(None, re.split(r" {2,}", text.strip())):
        assert hint in whole, hint


@given(st.integers(40, 200), st.lists(st.integers(1, 24), min_size=1, max_size=60), st.data())
def test_the_chosen_of_many_is_always_in_the_row(width: int, sizes: list[int], data: st.DataObject) -> None:
    here = data.draw(st.integers(0, len(sizes) - 1))
    entries = [[(f"{number:x}".rjust(size, "_"), INKS["text"])] for number, size in enumerate(sizes)]
    row = bars.reel(width, entries, here, INKS).text
    assert cell_len(row) == width
    shown = row.split()
    assert entries[here][0][0] in shown
    first, last = (shown.index(mark) if mark in shown else -1 for mark in "←→")
    inside = [word for n, word in enumerate(shown) if n not in (first, last)]
    told = [entry[0][0] for entry in entries]
    at = next(n for n in range(len(told)) if told[n : n + len(inside)] == inside)
    assert (first == 0) is (at > 0), "an arrow says that there are more before"
    assert (last > 0) is (at + len(inside) < len(told)), "and behind"


def test_no_two_lanes_have_one_name_in_a_narrow_row() -> None:
    lanes = [("Blocked", 17), ("Ready", 7), ("Working", 50), ("Review", 0), ("Done", 0)]
    names = bars.tabs(40, lanes, 1, INKS).text.split()[::2]
    assert len(set(names)) == len(lanes)
    assert "Working" in bars.tabs(80, lanes, 1, INKS).text


@given(st.integers(40, 300), st.sampled_from(LANES[:-1]), st.booleans())
def test_lanes_fill_the_room_and_the_focused_is_open(room: int, here: str, is_one: bool) -> None:
    sizes = widths(room, LANES[:-1], here, is_one=is_one)
    assert sum(sizes.values()) == room
    assert sizes[here] > SPINE
    opened = [n for n in LANES[:-1] if sizes[n] > SPINE]
    at = [LANES.index(n) for n in opened]
    assert at == list(range(at[0], at[0] + len(at))) if at else True


@pytest.mark.parametrize(("width", "height", "wanted"), [
    (39, 24, (0, 0, True, False)), (79, 24, (0, 0, True, True)), (80, 24, (0, 0, False, True)),
    (100, 29, (1, 0, False, True)), (120, 40, (1, 10, False, True)), (160, 50, (2, 12, False, True)),
])  # fmt: skip
def test_what_there_is_room_for(width: int, height: int, wanted: tuple[int, int, bool, bool]) -> None:
    at = places(width, height)
    assert (at.rails, at.dock, at.has_tabs, at.fits) == wanted


@given(st.text(max_size=60), st.integers(0, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width


@given(st.lists(st.tuples(st.text("abc日", min_size=1, max_size=20), st.integers(0, 9), st.integers(0, 12))),
       st.integers(0, 60))  # fmt: skip
def test_facts_never_leave_their_row(parts: list[tuple[str, int, int]], width: int) -> None:
    row = Row(width)
    tell(row, [Fact(text, "muted", rank, least) for text, rank, least in parts], INKS)
    assert cell_len(row.strip().text) == width


@pytest.mark.parametrize(("seconds", "words"), [
    (-5, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"), (86_400, "1d"),
])  # fmt: skip
def test_ages(seconds: float, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(("width", "height"), [(40, 12), (66, 20), (80, 24), (100, 30), (137, 41), (200, 50)])
async def test_every_row_is_as_wide_as_the_screen(busy: Stage, width: int, height: int) -> None:
    async with playing(busy, width, height) as player:
        await player.pilot.pause(0.3)
        assert len(player.lines) == height
        assert {cell_len(line) for line in player.lines} == {width}
        assert player.lines[-1].endswith("? help ")


async def test_a_small_terminal_is_told_the_size_it_needs(busy: Stage) -> None:
    async with playing(busy, 39, 11) as player:
        assert "needs 40 columns and 12 rows" in " ".join(player.text.split())
        await player.pilot.resize_terminal(80, 24)
        await player.rest()
        assert "Migrate the schema" in player.text


async def test_a_resize_keeps_the_cursor_and_its_lane(busy: Stage) -> None:
    async with playing(busy, 200, 50) as player:
        await player.press("l", "l", "l")
        held_bead = player.chosen
        for size in ((60, 20), (80, 24), (120, 40), (41, 12), (200, 50)):
            await player.pilot.resize_terminal(*size)
            await player.rest()
            assert player.chosen == held_bead
            assert "┏" in player.text
            assert "Done" in player.text


async def test_hostile_text_is_only_ever_text(busy: Stage) -> None:
    for number, text in enumerate(HOSTILE):
        busy.bead(f"{number} {text}", labels=[text], priority=0, hold=text)
    async with playing(busy, 200, 50) as player:
        player.app.notify(HOSTILE[1], title=HOSTILE[0], markup=False)
        for keys in ((), ("h",), ("g",), ("N",), ("escape",), ("x",), ("escape",), ("e",), ("escape",)):
            await player.press(*keys)
            sent = player.sent()
            rest = re.sub(r"\x1b\[[0-9;]*[mH]", "", sent)
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", rest), keys
    assert busy.write(beads.cancel, busy.ids[f"0 {HOSTILE[0]}"]) is None


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "vt100"}])
async def test_without_colour_no_colour_is_sent(busy: Stage, env: dict[str, str]) -> None:
    async with playing(busy, 120, 40, env=env) as player:
        await player.press("j")
        assert player.app.theme == "mono"
        sent = player.sent()
        codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", sent) for code in codes.split(";")}
        assert codes <= {"0", "1", "2", "3", "4", "7", "", "39", "49"}, codes


async def test_the_help_names_every_action_and_scrolls_at_80_by_24(busy: Stage) -> None:
    async with playing(busy, 80, 24) as player:
        await player.press("question_mark")
        seen = player.text
        for _ in range(90):
            await player.pilot.press("j")
        await player.rest()
        for _ in range(80):
            await player.pilot.press("k")
            seen += player.text
        for action in ACTIONS:
            assert action.does[:40] in seen, action.id
        await player.press("escape")
        assert len(player.app.screen_stack) == 1


async def test_the_palette_runs_an_action_by_its_words(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("ctrl+p")
        await player.pilot.pause(0.3)
        await player.type("pause")
        await player.pilot.pause(0.5)
        await player.press("enter")
        await player.rest()
        await player.pilot.pause(0.2)
        await player.rest()
        assert "paused" in player.text


@pytest.mark.parametrize(("progress", "ink"), [("checks passed", "done"), ("Toast approves", "done"),
    ("checks fail: pytest", "failed"), ("Toast reviews it …", "working"), ("waits", "text")])  # fmt: skip
async def test_how_a_review_goes_is_told_in_its_colour(busy: Stage, progress: str, ink: str) -> None:
    card = next(c for c in busy.service.read(views.snapshot, busy.board).lane("review").cards)
    fact = facts(card._replace(progress=progress), NOON)[1]
    assert (fact.text, fact.ink) == (progress, ink)
    row = Row(21)
    tell(row, facts(card._replace(progress=progress), NOON), INKS)
    assert progress[:11] in row.strip().text

"""The board as pictures: three sizes, three themes, a clock that stands still."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from halftui.tui.app import HalfApp
from tests.helpers.stage import Stage
from tests.tui.player import PLAIN

SIZES = ((80, 24), (120, 40), (200, 50))
Compare = Callable[..., bool]


def shown(stage: Stage, theme: str) -> HalfApp:
    """Return the application of a stage in a theme."""
    return HalfApp(stage.service, stage.board, theme=theme, clock=stage.clock, env=PLAIN)


async def settle(pilot: Pilot[None]) -> None:
    """Wait for the dock's panes to have read their lines."""
    await pilot.pause(0.6)


@pytest.mark.parametrize("theme", ["halflight", "light", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_board(snap_compare: Compare, busy: Stage, theme: str, size: tuple[int, int]) -> None:
    assert snap_compare(shown(busy, theme), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_empty_board(snap_compare: Compare, empty: Stage, size: tuple[int, int]) -> None:
    assert snap_compare(shown(empty, "halflight"), terminal_size=size, run_before=settle)


@pytest.mark.parametrize(
    ("name", "keys"),
    [("help", ["question_mark"]), ("confirm", ["x"]), ("entry", ["n", *"Ship"]), ("page", ["e"])],
)
def test_what_opens_over_the_board(snap_compare: Compare, busy: Stage, name: str, keys: list[str]) -> None:
    async def press(pilot: Pilot[None]) -> None:
        await pilot.pause(0.4)
        await pilot.press(*keys)
        await pilot.pause(0.4)

    assert snap_compare(shown(busy, "halflight"), terminal_size=(80, 24), run_before=press)


@pytest.mark.parametrize("theme", ["halflight", "light", "mono"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize(
    ("name", "key"), [("agents", "2"), ("convoys", "3"), ("accounts", "6"), ("metrics", "7")]
)
def test_the_places(
    snap_compare: Compare, busy: Stage, name: str, key: str, size: tuple[int, int], theme: str
) -> None:
    async def press(pilot: Pilot[None]) -> None:
        await pilot.pause(0.4)
        await pilot.press(key)
        await pilot.pause(0.6)

    assert snap_compare(shown(busy, theme), terminal_size=size, run_before=press)


@pytest.mark.parametrize(("name", "keys"), [("menu", ["m"]), ("command", ["colon"]), ("themes", ["ctrl+g"])])
def test_what_opens_on_a_key(snap_compare: Compare, busy: Stage, name: str, keys: list[str]) -> None:
    async def press(pilot: Pilot[None]) -> None:
        await pilot.pause(0.4)
        await pilot.press(*keys)
        await pilot.pause(0.4)

    assert snap_compare(shown(busy, "halflight"), terminal_size=(80, 24), run_before=press)

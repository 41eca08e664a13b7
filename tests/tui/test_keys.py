"""The keys: none bound twice where it could be meant twice, none that terminals lose."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from halftui.tui.keys import ACTIONS, bindings
from halftui.tui.screens.agents import AgentsScreen
from halftui.tui.screens.bead_page import BeadPage, Written
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.entry import EntrySheet, explain_bead
from halftui.tui.screens.help import HelpScreen
from tests.helpers.stage import Stage
from tests.tui.player import playing

ARRIVES = re.compile(
    r"[a-zA-Z0-9]|ctrl\+[prodfunlge]|up|down|left|right|home|end|pageup|pagedown|tab|shift\+tab|enter|escape"
    r"|space|plus|minus|question_mark|exclamation_mark|full_stop|comma|slash|colon|less_than_sign|f\d"
)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.id)
def test_every_key_arrives_through_a_terminal(action: object) -> None:
    keys = action.keys.split(",")  # type: ignore[attr-defined]
    assert all(ARRIVES.fullmatch(key) for key in keys), keys


def test_ids_are_unique_and_every_binding_has_one() -> None:
    assert len({a.id for a in ACTIONS}) == len(ACTIONS)
    for where in {a.where for a in ACTIONS}:
        for binding in bindings(where):
            assert isinstance(binding, Binding)
            assert binding.id
            assert not binding.priority


def own_keys(node: DOMNode) -> Iterator[str]:
    """Return the keys that our own class binds on a node, not those of Textual's classes."""
    for cls in type(node).__mro__:
        if cls.__module__.startswith("halftui."):
            for binding in cls.__dict__.get("BINDINGS", ()):
                assert isinstance(binding, Binding)
                yield from (key.strip() for key in binding.key.split(","))


SCREENS: dict[str, object] = {
    "board": None,
    "agents": AgentsScreen,
    "page": lambda: BeadPage("New bead", Written("")),
    "confirm": lambda: Confirm("Drop it?"),
    "help": lambda: HelpScreen(ACTIONS),
}


@pytest.mark.parametrize("name", [*SCREENS, "entry"])
async def test_no_key_is_bound_twice_in_a_focus_chain(busy: Stage, name: str) -> None:
    async with playing(busy) as player:
        await player.pilot.pause(0.3)
        make = SCREENS.get(name)
        if name == "entry":
            make = lambda: EntrySheet("New bead", explain_bead, [])  # noqa: E731
        if callable(make):
            screen = make()
            assert isinstance(screen, Screen)
            player.app.push_screen(screen)
            await player.rest()
        clashes: dict[str, DOMNode] = {}
        for focus in player.app.screen.focus_chain or [player.app.screen]:
            chain = [node for node in focus.ancestors_with_self if node is not player.app]
            counted = Counter(key for node in chain for key in own_keys(node))
            clashes |= {
                key: focus for key, count in counted.items() if count > 1 and not _is_pane(focus, key)
            }
        assert not clashes


def _is_pane(focus: DOMNode, key: str) -> bool:
    """In the output's pane n, g and the like belong to its text, as everywhere in texts."""
    return type(focus).__name__ == "LinePane"


async def test_every_action_of_the_board_does_something(busy: Stage) -> None:
    async with playing(busy) as player:
        nodes = {"everywhere": player.app, "board": player.board, "lanes": player.board.lanes}
        for action in ACTIONS:
            if action.where in nodes:
                assert hasattr(nodes[action.where], f"action_{action.name}"), action.id

"""A person's own keys: `keymap.toml` maps the ids of actions to keys."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual.binding import Binding

from halftui.errors import Misconfigured
from halftui.settings import config_folder
from halftui.tui import keys
from halftui.tui.keys import Action

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp

ROOMS = (  # where actions are, beside those of the board
    "screens.accounts", "screens.agents", "screens.convoys", "screens.detail", "screens.logs",
    "screens.metrics",
    "screens.question", "screens.review", "widgets.diff", "widgets.pane", "widgets.told", "widgets.waves",
)  # fmt: skip
LISTED, EXAMPLE = "docs/keys.md lists them", 'write for example: "bead.open" = "O"'
BOARD = {"board", "lanes"}


def take(app: "HalfApp") -> None:
    """Let an app go by the person's own keys."""
    own, wrong = load()
    app.complaints += wrong
    keys.OWN.update(own)
    app.set_keymap(own)


def load(file: Path | None = None) -> tuple[dict[str, str], list[Misconfigured]]:
    """Return keys by the ids of actions, as Textual names them, and what is wrong with the file."""
    place = file or config_folder() / "keymap.toml"
    try:
        found = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [Misconfigured(f"{place} can't be read: {error}", "mend that line")]
    except OSError as error:
        return {}, [Misconfigured(f"{place} can't be read: {error.strerror}", "check its permissions")]
    known = {action.id: action for action in _actions()}
    own: dict[str, str] = {}
    wrong: list[Misconfigured] = []
    for ident, value in _flat(found):
        named = value if isinstance(value, list) else [value]
        if ident not in known:
            wrong.append(
                Misconfigured(f"{place} names {ident}, which is no action", "docs/keys.md lists them")
            )
        elif not all(isinstance(key, str) and key.strip() for key in named):
            wrong.append(
                Misconfigured(f"{place} gives {ident} no key", 'write for example: "bead.open" = "O"')
            )
        else:
            own[ident] = ",".join(_named(str(key)) for key in named)
    return own, [*wrong, *_clashes(place, own, known)]


def _named(key: str) -> str:
    """Return a key as Textual names it: `?` is question_mark, `^p` is ctrl+p."""
    if len(key) == 2 and key[0] == "^":
        return f"ctrl+{key[1]}"
    named = {sign: name for name, sign in keys.READ.items()}.get(key, key)
    binding = next(iter(Binding.make_bindings([(named, "", "")])))
    return binding.key


def _clashes(place: Path, own: Mapping[str, str], known: Mapping[str, Action]) -> Iterator[Misconfigured]:
    """Yield which of the own keys mean something else in the same place."""
    for ident, named in own.items():
        for other in known.values():
            is_near = {other.where, known[ident].where} <= {"board", "lanes"} or other.where == known[
                ident
            ].where
            theirs = set(own.get(other.id, other.keys).split(","))
            if other.id != ident and is_near and (both := theirs & set(named.split(","))):
                shown = " ".join(map(keys.shown, sorted(both)))
                yield Misconfigured(
                    f"{place} gives {shown} to {ident}", f"it is {other.id}'s too: give that another"
                )


def _flat(found: Mapping[str, object], lead: str = "") -> Iterator[tuple[str, object]]:
    """Yield ids and values; `bead.open = "O"` is a table in a table to TOML."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{lead}{key}.")
        else:
            yield f"{lead}{key}", value


def _actions() -> Iterator[Action]:
    yield from keys.ACTIONS
    for room in ROOMS:
        yield from import_module(f"halftui.tui.{room}").ACTIONS

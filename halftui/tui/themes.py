"""The themes: Textual's colours and the board's own inks, from TOML files of ours and of the user's."""

import contextlib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from halftui.errors import Misconfigured
from halftui.settings import theme_folders

DEFAULT = "halflight"
MONO = "mono"
INKS = (
    "text", "strong", "muted", "edge", "focus", "heading", "brand", "key", "chosen", "ready", "blocked",
    "working", "asking", "review", "done", "failed", "urgent", "high", "label", "agent", "money", "fill",
    "rest",
)  # fmt: skip
_SYSTEM = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface",
    "panel",
)  # fmt: skip
_TOP = ("title", "is_dark", "is_ansi", "colours", "inks")

Inks = Mapping[str, Style]


class Look(NamedTuple):
    """A theme: what Textual colours its widgets with, and what the board draws with."""

    name: str
    title: str
    theme: Theme
    inks: Inks


def load(places: Iterable[Path] | None = None, only: str = "") -> tuple[dict[str, Look], list[Misconfigured]]:
    """Return the looks by name, all or `only` one, and what is wrong with files that are no theme."""
    looks: dict[str, Look] = {}
    wrong: list[Misconfigured] = []
    for folder in theme_folders() if places is None else places:
        for file in sorted(folder.glob("*.toml")):
            if only not in ("", file.stem):
                continue
            try:
                looks[file.stem] = read(file)
            except Misconfigured as error:
                wrong.append(error)
    return looks, wrong


def stamp() -> tuple[tuple[str, float], ...]:
    """Return the user's own theme files with the times of their last change; () if there are none."""
    found = []
    for file in sorted(theme_folders()[1].glob("*.toml")):
        with contextlib.suppress(OSError):  # it went away meanwhile
            found.append((str(file), file.stat().st_mtime))
    return tuple(found)


def worn(wanted: str, env: Mapping[str, str]) -> str:
    """Return the name of the theme to wear: the plain one if the terminal of `env` has no colours."""
    is_plain = "NO_COLOR" in env or env.get("TERM") in ("dumb", "vt100")
    return MONO if is_plain else wanted or os.environ.get("HALFTUI_THEME", "")


def first(wanted: str) -> Look:
    """Return the look of that name, or the usual one; the others cost time that the first frame has not."""
    names = (wanted, DEFAULT) if wanted else (DEFAULT,)
    return next(look for name in names for look in load(only=name)[0].values())


def read(file: Path) -> Look:
    """Return the look that a file describes. Raises Misconfigured naming the file and the key."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"the theme {file} can't be read: {error}", "mend that line") from error
    except OSError as error:
        raise Misconfigured(f"the theme {file} can't be read: {error.strerror}", "mend the file") from error
    for key in found:
        if key not in _TOP:
            raise _bad(file, key, f"there are {', '.join(_TOP)}")
    colours = _table(file, found, "colours")
    theme = Theme(
        name=file.stem,
        dark=_flag(file, found, "is_dark", default=True),
        ansi=_flag(file, found, "is_ansi", default=False),
        primary=_colour(file, colours, "primary"),
        **_system(file, colours),
        variables=_variables(colours),
    )
    title = found.get("title", file.stem)
    if not isinstance(title, str):
        raise _bad(file, "title", "it is a text")
    inks = _inks(file, _table(file, found, "inks"))
    ground = Style() if theme.ansi else Style(bgcolor=colours.get("background", "default"))
    panel = Style() if theme.ansi else Style(bgcolor=colours.get("panel", "default"))
    return Look(file.stem, title, theme, {**inks, "ground": ground, "bar": panel})


def _variables(colours: Mapping[str, str]) -> dict[str, str]:
    own = {key: value for key, value in colours.items() if key not in _SYSTEM}
    border, ground = own.get("border", colours["primary"]), colours.get("background", "ansi_default")
    bars = {"scrollbar": border, "scrollbar-hover": border, "scrollbar-active": colours["primary"]}
    grounds = ("scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active")
    return {**bars, **dict.fromkeys(grounds, ground), "scrollbar-corner-color": ground, **own}


def _system(file: Path, colours: Mapping[str, str]) -> dict[str, Any]:
    return {key: _colour(file, colours, key) for key in _SYSTEM[1:] if key in colours}


def _inks(file: Path, table: Mapping[str, str]) -> dict[str, Style]:
    for key in table:
        if key not in INKS:
            raise _bad(file, f"inks.{key}", f"there are {', '.join(INKS)}")
    inks = {}
    for key in INKS:
        if key not in table:
            raise Misconfigured(f"the theme {file} has no inks.{key}", 'write for example: "bold #ffcc66"')
        try:
            inks[key] = Style.parse(table[key])
        except StyleSyntaxError as error:
            raise _bad(file, f"inks.{key}", 'write for example: "bold #ffcc66"') from error
    return inks


def _table(file: Path, found: Mapping[str, object], key: str) -> dict[str, str]:
    table = found.get(key)
    if not isinstance(table, dict):
        raise Misconfigured(f"the theme {file} has no table [{key}]", "copy one from a packaged theme")
    for name, value in table.items():
        if not isinstance(value, str):
            raise _bad(file, f"{key}.{name}", "it is a text")
    return dict(table)


def _colour(file: Path, table: Mapping[str, str], key: str) -> str:
    if key not in table:
        raise Misconfigured(f"the theme {file} has no colours.{key}", 'write for example: "#ffcc66"')
    try:
        Color.parse(table[key])
    except ColorParseError as error:
        raise _bad(file, f"colours.{key}", 'write for example: "#ffcc66"') from error
    return table[key]


def _flag(file: Path, found: Mapping[str, object], key: str, *, default: bool) -> bool:
    value = found.get(key, default)
    if not isinstance(value, bool):
        raise _bad(file, key, "it is true or false")
    return value


def _bad(file: Path, key: str, hint: str) -> Misconfigured:
    return Misconfigured(f"{key} in the theme {file} is wrong", hint)

"""What one agent of the Agent Client Protocol differs in from another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halftui.runtime.base import Abilities, Brief, Command, Inside
from halftui.runtime.outcome import Result

API_URL, API_KEY = "HALFTUI_API_URL", "HALFTUI_API_KEY"  # set by who opens the way to the provider


def _nowhere() -> None:
    """Return None: the agent is in the image, or on this machine."""


def _unfailed(meta: Mapping[str, Any]) -> Result | None:
    """Return None: what fails is told by the protocol alone."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One agent.

    `argv` is run by `command`; `program` as of a Runtime. `extras` are offered to the agent beyond the
    protocol, and `failure` reads out of the extras of an answer why the turn failed. With `has_servers` it
    finds the board's tools by its own configuration; with `is_metered` the board's proxy counts what it uses.
    """

    kind: str
    abilities: Abilities
    command: Callable[[Brief, Inside], Command]
    program: Callable[[], Path | None] = _nowhere
    extras: Mapping[str, Any] = field(default_factory=dict)
    failure: Callable[[Mapping[str, Any]], Result | None] = _unfailed
    has_servers: bool = False
    is_metered: bool = False


def _command(brief: Brief, inside: Inside) -> Command:
    """Return the board's `command`. Many agents can write into a pipe only, not into a spool file."""
    return Command(["sh", "-c", f"{brief.command} | cat"], {"HOME": inside.home})


ANY = Preset(
    "acp",
    Abilities(questions=True, permissions=True, talk=True, tools=True, bridge=True),
    _command,
)

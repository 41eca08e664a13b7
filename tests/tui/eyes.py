"""What a test sees of an application: its screen, its toasts, and what it waits for."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pyte
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen


async def until(pilot: Pilot[None], true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a function returns something true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it never came true; the screen:\n{text(pilot)}"
        await asyncio.sleep(0.02)
    await pilot.pause()


def text(pilot: Pilot[None]) -> str:
    """Return what stands on the screen."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


def toasts(pilot: Pilot[None]) -> str:
    """Return the words of all toasts there are."""
    return "\n".join(f"{n.title} {n.message}" for n in pilot.app._notifications)


class Eye:
    """A terminal that draws what it is sent, frame by frame, and so shows what a frame forgot.

    It keeps the left half of a wide letter whose right half is drawn over, which real ones blank.
    """

    def __init__(self, width: int = 120, height: int = 40) -> None:
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self._screen)

    @contextmanager
    def watching(self, app: App[None]) -> Iterator["Eye"]:
        """See all frames of an app, the first one being a whole one."""

        def display(_: Screen[object], update: object) -> None:
            if isinstance(update, CompositorUpdate):
                self._stream.feed(update.render_segments(app.console))

        display(app.screen, app.screen._compositor.render_full_update())
        with patch.object(app, "_display", display):
            yield self

    @property
    def lines(self) -> list[str]:
        """The rows of the terminal."""
        return list(self._screen.display)

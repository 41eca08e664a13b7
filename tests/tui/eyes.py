"""What a test sees of an application: its screen, its toasts, and what it waits for."""

import asyncio
import time
from collections.abc import Callable

from textual.pilot import Pilot


async def until(pilot: Pilot[None], true: Callable[[], object], seconds: float = 10.0) -> None:
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

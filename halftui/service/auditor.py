"""Signs the head of the history while a board is open: after each 100 events, or each minute."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from halftui.errors import HalfTUIError, Refused, Unavailable
from halftui.store.feed import Feed

if TYPE_CHECKING:
    from halftui.service.keyring import Keyring
    from halftui.store.store import Store

log = logging.getLogger(__name__)

CALM_SECONDS = 2.0  # between two looks, however much happens
LONGEST_WAIT = 60.0
RETRY_SECONDS = 60.0


async def keep_signed(
    store: Store, keyring: Callable[[], Keyring], begun: asyncio.Event, tell: Callable[[str], None]
) -> None:
    """Sign what is due, from `begun` until cancelled.

    Without a key that opens, the history stays unsigned and the log says so; a database that does not
    answer is asked again. `tell` is called with what is wrong with a history that is not the one this home
    remembers, and with "" once it is again.
    """
    await begun.wait()
    while True:
        if not await _sign(store, keyring, tell):
            return
        await asyncio.sleep(RETRY_SECONDS)


async def _sign(store: Store, keyring: Callable[[], Keyring], tell: Callable[[str], None]) -> bool:
    """Sign until something fails; return whether that may pass."""
    try:
        async with Feed(store) as feed:
            while True:
                await asyncio.to_thread(lambda: keyring().sign_history())
                tell("")
                await asyncio.sleep(CALM_SECONDS)
                await feed.wait(LONGEST_WAIT)
    except Refused as error:
        log.warning("the history is another one, and is not signed", extra={"why": str(error)})
        tell(f"{error.message}: {error.hint}")
        return True
    except Unavailable as error:
        log.warning("the history is not signed now", extra={"why": str(error)})
        return True
    except HalfTUIError as error:
        log.warning("the history is not signed any more", extra={"why": str(error)})
        return False

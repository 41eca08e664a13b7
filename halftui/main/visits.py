"""The ways into agents' containers that this process offers its people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from halftui.domain.shown import BoardRow
from halftui.main.house import House
from halftui.service.service import Service
from halftui.service.shells import Shells

if TYPE_CHECKING:
    from halftui.sandbox.base import Sandbox


def shells(house: House, service: Service) -> Shells:
    """Return the ways into agents' containers, for the actor of a service."""

    async def where(board: BoardRow) -> Sandbox:  # unlike `house.sandbox`: what runs needs no image
        wanted = house.settings.sandbox or board.sandbox
        return (await asyncio.to_thread(house.choice, wanted, board.recipe)).sandbox

    return Shells(service, where, shows_secret=house.settings.credentials == "env")

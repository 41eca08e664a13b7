"""Wires `halftui plan`: the person's leader, its conversation, and what it may write afterwards."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from halftui.cli.door import Planned
from halftui.domain.actor import Role, agent
from halftui.domain.names import slug
from halftui.main.who import login
from halftui.ops import signers, views
from halftui.service.service import Service

if TYPE_CHECKING:
    from halftui.engine.rooms import Rooms
    from halftui.main.house import House
    from halftui.ops.signers import IdentityRow


async def plan(
    house: House, board_id: str, goal: str, tell: Callable[[str], None], rooms: Rooms | None = None
) -> Planned:
    """Ask the person's leader, made now if there is none, for a plan; nothing is written yet."""
    from halftui.engine import planner
    from halftui.ops import accounts
    from halftui.ops.access import authorize
    from halftui.ops.attempts import Claim

    board = house.store.read(views.board, board_id)
    authorize(house.actor, "convoy.create")
    leader = _leader(house, board.id, board.runtime)
    ident = f"plan-{secrets.token_hex(4)}"
    claim = Claim(
        attempt=ident, epoch=0, bead=ident, board=board.id, agent=leader.name, agent_id=leader.id,
        runtime=board.runtime, session=str(uuid.uuid4()), is_resumed=False,
        subscription=house.store.read(accounts.choose, board.runtime),
    )  # fmt: skip
    text = await planner.plan(rooms or house.engine(house.service).rooms, board, claim, goal, tell)
    return Planned(text, Service(house.store, agent(leader.id, Role.LEADER), house.review))


def _leader(house: House, board: str, runtime: str) -> IdentityRow:
    if house.actor.kind == "agent":
        return house.store.read(signers.by_id, house.actor.name)
    from halftui.ops import identities

    owner = login(house.env)
    found = house.store.read(signers.leader, owner, runtime)
    if found is None:
        username = f"{slug(owner, 'person').lstrip('0123456789-')[:20] or 'person'}-{runtime}"
        made = house.service.write(identities.create, board, username, runtime=runtime)
        found = house.store.read(signers.by_id, made)
    return found

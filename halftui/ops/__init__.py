"""What may be done to the board (one file a noun) and what may be asked of it (views).

The nouns are imported when they are first named, since they bring the ORM with them.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halftui.ops import (
        access,
        accounts,
        agents,
        attempts,
        beads,
        boards,
        budgets,
        convoys,
        edges,
        heartbeats,
        interchange,
        listings,
        people,
        plans,
        questions,
        ranks,
        slots,
        spending,
        subscriptions,
        transcripts,
        turns,
        views,
    )

__all__ = [
    "access",
    "accounts",
    "agents",
    "attempts",
    "beads",
    "boards",
    "books",
    "budgets",
    "convoys",
    "edges",
    "flow",
    "heartbeats",
    "interchange",
    "listings",
    "people",
    "pins",
    "plans",
    "questions",
    "ranks",
    "remarks",
    "slots",
    "spending",
    "subscriptions",
    "transcripts",
    "turns",
    "undoing",
    "views",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"there is no ops.{name}")
    return import_module(f"halftui.ops.{name}")

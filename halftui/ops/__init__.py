"""What may be done to the board (one file a noun) and what may be asked of it (views).

The nouns are imported when they are first named, since they bring the ORM with them.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halftui.ops import (
        access,
        agents,
        attempts,
        audit,
        beads,
        boards,
        chain,
        convoys,
        edges,
        house,
        identities,
        listings,
        manifests,
        people,
        questions,
        secrets,
        signers,
        specs,
        subscriptions,
        tokens,
        transcripts,
        views,
    )

__all__ = [
    "access",
    "agents",
    "attempts",
    "audit",
    "beads",
    "boards",
    "chain",
    "convoys",
    "edges",
    "house",
    "identities",
    "listings",
    "manifests",
    "people",
    "questions",
    "secrets",
    "signers",
    "specs",
    "subscriptions",
    "tokens",
    "transcripts",
    "views",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"there is no ops.{name}")
    return import_module(f"halftui.ops.{name}")

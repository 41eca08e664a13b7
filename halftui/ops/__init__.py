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
        audit,
        beads,
        boards,
        budgets,
        chain,
        convoys,
        edges,
        entrance,
        heartbeats,
        house,
        identities,
        interchange,
        listings,
        manifests,
        merges,
        messages,
        people,
        permits,
        plans,
        pushes,
        questions,
        ranks,
        scope,
        secrets,
        signers,
        slots,
        specs,
        spending,
        subscriptions,
        tokens,
        toolcalls,
        transcripts,
        trials,
        turns,
        views,
        vigils,
    )

__all__ = [
    "access",
    "accounts",
    "agents",
    "attempts",
    "audit",
    "beads",
    "boards",
    "books",
    "budgets",
    "chain",
    "convoys",
    "edges",
    "entrance",
    "flow",
    "heartbeats",
    "house",
    "identities",
    "interchange",
    "listings",
    "manifests",
    "merges",
    "messages",
    "people",
    "permits",
    "pins",
    "plans",
    "pushes",
    "questions",
    "queued",
    "ranks",
    "remarks",
    "scope",
    "secrets",
    "signers",
    "slots",
    "specs",
    "spending",
    "spoken",
    "subscriptions",
    "tokens",
    "toolcalls",
    "transcripts",
    "trials",
    "turns",
    "undoing",
    "views",
    "vigils",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"there is no ops.{name}")
    return import_module(f"halftui.ops.{name}")

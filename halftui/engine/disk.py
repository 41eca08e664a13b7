"""Keeps room on the disk: below the floor no agent starts, and those at work are stopped."""

import shutil
from pathlib import Path

from halftui.errors import Unavailable

LOOK_SECONDS = 1.0  # between two looks: what writes fastest fills the usual floor in about that time
GRACE_SECONDS = 1.0  # that a stopped agent has, for it may go on writing


def require(home: Path, megabytes: int) -> None:
    """Raise Unavailable, with the remedy, if less than that is free where the agents' work is kept."""
    if not megabytes:
        return
    try:
        free = shutil.disk_usage(home).free // 2**20
    except OSError as error:
        raise Unavailable(f"{home} can't be looked at: {error.strerror}", "bring the folder back") from error
    if free < megabytes:
        raise Unavailable(
            f"only {free:,} MB are free, {megabytes:,} have to be",
            "make room (halftui gc helps), or lower disk_floor_mb in the settings",
        )

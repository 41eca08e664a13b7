"""When an agent that uses no tool is warned of, told of, and stopped: pure rules."""

from dataclasses import dataclass
from enum import IntEnum

MINUTE = 60.0


class Stage(IntEnum):
    """How far the vigil over an agent went."""

    CALM = 0
    WARNED = 1
    TOLD = 2
    STOPPED = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """Minutes without a tool until each stage; 0: never."""

    warn: float = 15.0
    tell: float = 60.0
    stop: float = 120.0


def stage(quiet: float, patience: Patience) -> Stage:
    """Return the stage that an agent has reached which was quiet for so many seconds."""
    steps = ((patience.stop, Stage.STOPPED), (patience.tell, Stage.TOLD), (patience.warn, Stage.WARNED))
    return next((reached for minutes, reached in steps if 0 < minutes <= quiet / MINUTE), Stage.CALM)


def sentence(quiet: float, *, uses_tools: bool = True) -> str:
    """Return in words that an agent was quiet for so many seconds."""
    minutes = int(quiet / MINUTE)
    told = f"{minutes // 60} h" if minutes >= 60 and minutes % 60 == 0 else f"{minutes} min"
    return f"no tool used for {told}" if uses_tools else f"nothing printed for {told}"

"""What a scripted model says and does, turn by turn: the double of every test, and of the demo."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from halftui.errors import Misconfigured

MARK = "SCRIPT:"


class Fault(StrEnum):
    """How a provider can misbehave beyond a plain HTTP status."""

    LIMIT = "limit"  # 429 with the headers of a used-up subscription
    CREDIT = "credit"  # 400 with the words of an empty account
    GARBAGE = "garbage"  # 200, and nonsense in the stream
    CUT = "cut"  # the connection breaks in the middle of the answer
    HANG = "hang"  # no answer at all


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. `ask` stands for the board's question, whatever its name on the wire."""

    tool: str
    input: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model: words and calls, or a failure.

    A failure comes at every request, or only at the first `times` of them and then the words.
    `delay` is before the first byte, `pace` between the pieces of the words, both in seconds.
    """

    text: str = ""
    thought: str = ""
    calls: tuple[Call, ...] = ()
    status: int | None = None
    fault: Fault | None = None
    times: int | None = None
    delay: float = 0.0
    pace: float = 0.0

    @property
    def is_failure(self) -> bool:
        """True if the provider does not answer as it should."""
        return self.status is not None or self.fault is not None


Script = tuple[Turn, ...]
Scenario = Callable[[str], Script]


def play(text: str, scenario: Scenario | None = None) -> Script:
    """Return the script for a first message: the scenario's, or the one the message carries.

    Raises Misconfigured if the message's script can't be read. No script is an empty one.
    """
    if scenario is not None:
        return scenario(text)
    _, mark, rest = text.partition(MARK)
    return read(rest) if mark else ()


def read(text: str) -> Script:
    """Read a script from the JSON list at the start of `text`; what follows the list is ignored.

    A turn is `{"tool": "Bash", "input": {…}}`, `{"tools": [{"tool": …}, …]}`, `{"text": …}`,
    `{"status": 429}`, `{"fault": "cut"}`, or several of these, with `thought`, `times`, `delay`
    and `pace`. Raises Misconfigured.
    """
    try:
        turns, _ = json.JSONDecoder().raw_decode(text.lstrip())
        return tuple(_turn(turn) for turn in turns)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Misconfigured(f"The script can't be read: {error}") from error


def write(script: Script) -> list[dict[str, Any]]:
    """Return the script as `read` takes it, ready for JSON."""
    return [_wire(turn) for turn in script]


def _turn(wire: Mapping[str, Any]) -> Turn:
    calls = [*wire.get("tools", ()), *([wire] if "tool" in wire else ())]
    fault = wire.get("fault")
    return Turn(
        text=str(wire.get("text", "")),
        thought=str(wire.get("thought", "")),
        calls=tuple(Call(str(call["tool"]), dict(call.get("input", {}))) for call in calls),
        status=wire.get("status"),
        fault=Fault(fault) if fault else None,
        times=wire.get("times"),
        delay=float(wire.get("delay", 0.0)),
        pace=float(wire.get("pace", 0.0)),
    )


def _wire(turn: Turn) -> dict[str, Any]:
    fields = {
        "text": turn.text,
        "thought": turn.thought,
        "tools": [{"tool": call.tool, "input": dict(call.input)} for call in turn.calls],
        "status": turn.status,
        "fault": turn.fault,
        "times": turn.times,
        "delay": turn.delay,
        "pace": turn.pace,
    }
    return {name: value for name, value in fields.items() if value}

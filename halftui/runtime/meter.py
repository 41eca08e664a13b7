"""Reads what a model's answer used, from the answer as it streams past."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halftui.runtime.lines import Framer

LONGEST_EVENT = 2**20  # bytes; usage stands in short events, so longer ones are let go unread
UNIFIED = "anthropic-ratelimit-unified-"
UNAUTHORIZED, TOO_MANY = REFUSALS = (401, 429)  # another credential would help


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used, in tokens."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_written: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """What a provider said of the subscription's limits with an answer of this `status`.

    `values` are the `anthropic-ratelimit-unified-*` headers without that prefix; `retry_after` is
    in seconds, if the provider named it.
    """

    status: int
    values: Mapping[str, str]
    retry_after: float | None = None


def limit(status: int, headers: Mapping[str, str]) -> Limit | None:
    """Return what an answer says of limits or of its credential, or None if it says nothing."""
    lower = {name.lower(): value for name, value in headers.items()}
    values = {name.removeprefix(UNIFIED): value for name, value in lower.items() if name.startswith(UNIFIED)}
    wait = lower.get("retry-after", "")
    retry_after = float(wait) if wait.replace(".", "", 1).isdecimal() else None
    if not values and retry_after is None and status not in REFUSALS:
        return None
    return Limit(status, values, retry_after)


class Meter:
    """Sums up one answer's usage from its bytes, streamed events or one JSON document."""

    def __init__(self, *, is_stream: bool) -> None:
        self._is_stream = is_stream
        self._framer = Framer(LONGEST_EVENT)
        self._model = ""
        self._counts: dict[str, int] = {}

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes; anything may stand in them."""
        for line in self._framer.feed(chunk):
            self._look(line)

    def usage(self) -> Usage | None:
        """Return what was used as far as the answer told, None if it told nothing."""
        for line in self._framer.rest():
            self._look(line)
        if not self._counts:
            return None
        return Usage(
            self._model,
            self._counts.get("input_tokens", 0),
            self._counts.get("output_tokens", 0),
            self._counts.get("cache_read_input_tokens", 0),
            self._counts.get("cache_creation_input_tokens", 0),
        )

    def _look(self, line: bytes) -> None:
        if self._is_stream and not line.startswith(b"data:"):
            return
        if b'"usage"' not in line:
            return
        try:
            event = json.loads(line.removeprefix(b"data:"))
        except (ValueError, RecursionError):
            return
        self._count(event)

    def _count(self, event: Any) -> None:
        """Take over the counts of an event; later ones are totals, so they replace earlier ones."""
        match event:
            case {"message": {"usage": dict() as usage} as message}:
                self._model = str(message.get("model", self._model))
            case {"usage": dict() as usage}:
                self._model = str(event.get("model", self._model))
            case _:
                return
        self._counts |= {
            name: count for name, count in usage.items() if isinstance(count, int) and count >= 0
        }

"""Reads what a model's answer used, from the answer as it streams past."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halftui.runtime.lines import Framer

LONGEST_EVENT = 2**20  # bytes; usage stands in short events, so longer ones are let go unread
UNIFIED = "anthropic-ratelimit-unified-"
LEFT, RESET = "x-ratelimit-remaining-", "x-ratelimit-reset-"  # of OpenAI; the latter as in 6m0s
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
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
    if retry_after is None and status == TOO_MANY:
        retry_after = _last_reset(lower)
    if not values and retry_after is None and status not in REFUSALS:
        return None
    return Limit(status, values, retry_after)


def _last_reset(headers: Mapping[str, str]) -> float | None:
    """Return in how many seconds the last window of OpenAI's that is used up begins anew, None if untold."""
    ends = [
        sum(float(number) * _SPANS[unit] for number, unit in _SPAN.findall(headers.get(RESET + name, "")))
        for name in ("requests", "tokens")
        if headers.get(LEFT + name) == "0"
    ]
    return max(ends, default=0.0) or None


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
        inside = self._counts.get("cached_tokens", 0)  # OpenAI counts them among the input
        return Usage(
            self._model,
            max(0, self._counts.get("input_tokens", 0) - inside),
            self._counts.get("output_tokens", 0),
            self._counts.get("cache_read_input_tokens", 0) + inside,
            self._counts.get("cache_creation_input_tokens", 0),
        )

    def _look(self, line: bytes) -> None:
        if self._is_stream and not line.startswith(b"data:"):
            return
        if b'"usage"' not in line and b'"usageMetadata"' not in line:
            return
        try:
            event = json.loads(line.removeprefix(b"data:"))
        except (ValueError, RecursionError):
            return
        self._count(event)

    def _count(self, event: Any) -> None:
        """Take over the counts of an event; later ones are totals, so they replace earlier ones."""
        match event:
            case {"message": {"usage": dict() as usage} as answer} | {
                "response": {"usage": dict() as usage} as answer
            }:
                self._model = str(answer.get("model", self._model))
            case {"usageMetadata": dict() as metadata}:
                usage = _of_google(metadata)
            case {"usage": dict() as usage}:
                self._model = str(event.get("model", self._model))
            case _:
                return
        details = usage.get("input_tokens_details")
        told = {**usage, **(details if isinstance(details, dict) else {})}
        self._counts |= {name: count for name, count in told.items() if isinstance(count, int) and count >= 0}


def _of_google(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return Gemini's counts under the names of the others."""
    counts = {name: count for name, count in told.items() if isinstance(count, int)}
    return {
        "input_tokens": counts.get("promptTokenCount", 0),
        "cached_tokens": counts.get("cachedContentTokenCount", 0),
        "output_tokens": counts.get("candidatesTokenCount", 0) + counts.get("thoughtsTokenCount", 0),
    }

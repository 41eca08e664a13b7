"""Counts those at the gate who have not shown who they are, and makes the pushing ones wait.

When it is full, the oldest of the most crowded source makes room: whoever comes to log in is through in
less than a second, whoever just holds a place loses it.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from halftui.ssh.limits import Limits

MOST_SOURCES = 4_096  # remembered for their refused logins
FORGOTTEN = 600.0  # seconds after which a source's refused logins count no more


@dataclass
class Refusals:
    """The refused logins of one source."""

    count: int = 0
    last: float = 0.0


@dataclass
class Gate:
    """Who stands at the gate. `clock` gives seconds that only grow."""

    limits: Limits
    clock: Callable[[], float]
    turned_away: int = 0  # connections that had to go, in all
    _waiting: OrderedDict[Hashable, tuple[str, Callable[[], None]]] = field(default_factory=OrderedDict)
    _refusals: OrderedDict[str, Refusals] = field(default_factory=OrderedDict)

    @property
    def waiting(self) -> int:
        """How many stand there now."""
        return len(self._waiting)

    def arrive(self, who: Hashable, address: str, drop: Callable[[], None]) -> bool:
        """Let a connection stand at the gate; False if it has to go at once.

        `drop` is called when it has to make room for another.
        """
        source = source_of(address)
        if self._wait_of(source) > 0:
            self.turned_away += 1
            return False
        self._waiting[who] = (source, drop)
        crowd = [key for key, (other, _) in self._waiting.items() if other == source]
        if len(crowd) > self.limits.half_open_of_source:
            self._drop(crowd[0])
        elif len(self._waiting) > self.limits.half_open:
            self._drop(self._oldest_of_the_largest_crowd())
        return True

    def leave(self, who: Hashable) -> None:
        """Forget a connection: it came in, or went away."""
        self._waiting.pop(who, None)

    def refuse(self, address: str) -> None:
        """Note that a connection went without having shown who it is, although it tried."""
        source = source_of(address)
        found = self._refusals.pop(source, None) or Refusals()
        if self.clock() - found.last > FORGOTTEN:
            found.count = 0
        found.count, found.last = found.count + 1, self.clock()
        self._refusals[source] = found
        while len(self._refusals) > MOST_SOURCES:
            self._refusals.popitem(last=False)

    def welcome(self, address: str) -> None:
        """Note that somebody came in from there."""
        self._refusals.pop(source_of(address), None)

    def _wait_of(self, source: str) -> float:
        """Return the seconds that a source has still to wait."""
        found = self._refusals.get(source)
        if found is None or found.count < self.limits.free_failures:
            return 0.0
        wait = min(2.0 ** min(found.count - self.limits.free_failures, 16), self.limits.longest_wait)
        return found.last + wait - self.clock()

    def _oldest_of_the_largest_crowd(self) -> Hashable:
        crowds: dict[str, list[Hashable]] = {}
        for key, (source, _) in self._waiting.items():
            crowds.setdefault(source, []).append(key)
        return max(crowds.values(), key=len)[0]  # of equal ones the first, which holds the oldest

    def _drop(self, who: Hashable) -> None:
        _, drop = self._waiting.pop(who)
        self.turned_away += 1
        drop()


def source_of(address: str) -> str:
    """Return whom an address counts for: itself, or its network of 64 bits in IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)

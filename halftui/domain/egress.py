"""Which hosts agents may reach: the list of a board, what a bead leaves of it, and addresses none opens."""

import ipaddress
import re
from typing import NamedTuple

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured

NONE = "none"  # of a bead: no host at all, whatever its board allows
SEARCH = "web-search"  # in a list: the provider may search the web for the agent; no host has such a name
USUAL_PORTS = (80, 443)  # of a host that is named without one
MOST_HOSTS = 64
LONGEST_NAME = 253  # RFC 1035
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"({_LABEL}\.)+{_LABEL}")
# What these are is decided by a machine's own network (RFC 6761, 6762, 8375, and what is used all the same).
_OWN = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "onion",
    "test",
    "invalid",
)
_HINT = "write names of hosts with commas, as in packages.example.org,files.example.org:443"
_OTHERS = tuple(  # that the library holds for public, in some versions
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16",  # set aside
        "168.63.129.16/32",  # a cloud's own, on a public address
        "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",  # hold an address of IPv4
    )
)  # fmt: skip


class Host(NamedTuple):
    """A host that may be reached; `port` is None for the usual ones."""

    name: str
    port: int | None = None

    def __str__(self) -> str:
        return self.name if self.port is None else f"{self.name}:{self.port}"

    def takes(self, name: str, port: int) -> bool:
        """Return True if a connection to that host and port is meant by it."""
        return self.name == name and (port in USUAL_PORTS if self.port is None else port == self.port)


Hosts = tuple[Host, ...]


def parse(text: str) -> Hosts:
    """Read a list of hosts. Raises Misconfigured for an address, a pattern, a local name."""
    words = dict.fromkeys(text.replace(",", " ").split())
    if len(words) > MOST_HOSTS:
        raise Misconfigured(f"{len(words)} hosts are too many", f"a list has at most {MOST_HOSTS}")
    return tuple(dict.fromkeys(_host(word) for word in words))


def written(hosts: Hosts) -> str:
    """Return a list of hosts as it is kept and shown."""
    return ",".join(map(str, hosts))


def of_board(text: str) -> str:
    """Return a board's setting as it is kept; "" is no host. Raises Misconfigured."""
    return "" if text.strip() == NONE else written(parse(text))


def of_bead(text: str) -> str:
    """Return a bead's setting as it is kept; "" is what its board allows. Raises Misconfigured."""
    return NONE if text.strip() == NONE else written(parse(text))


def narrowed(board: str, bead: str) -> Hosts:
    """Return the hosts that a bead's agents may reach: of its board's those that it leaves."""
    allowed = parse(board)
    if bead in ("", NONE):
        return () if bead else allowed
    return tuple(host for host in parse(bead) if is_within(host, allowed))


def is_within(host: Host, allowed: Hosts) -> bool:
    """Return True if a list allows all that the host stands for."""
    ports = USUAL_PORTS if host.port is None else (host.port,)
    return all(may_reach(allowed, host.name, port) for port in ports)


def apart(hosts: Hosts) -> tuple[Hosts, bool]:
    """Return the hosts that are reached by themselves, and whether the provider may search besides."""
    return tuple(host for host in hosts if host.name != SEARCH), Host(SEARCH) in hosts


def may_reach(hosts: Hosts, name: str, port: int) -> bool:
    """Return True if one of the hosts is that one; the name as `canonical` writes it."""
    return any(host.takes(name, port) for host in hosts)


def canonical(name: str) -> str:
    """Return the name of a host in the one way in which it is compared; "" if it is none that is allowed."""
    plain = name.lower().removesuffix(".")
    if len(plain) > LONGEST_NAME or not _NAME.fullmatch(plain):
        return ""
    last = plain.rpartition(".")[2]
    # Some libraries read a name that ends in a number as an address: 0x7f.1, 127.1.
    is_number = last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last)
    return "" if is_number or last in _OWN else plain


def is_public(address: str) -> bool:
    """Return True if an address is of the public internet, and not of one's own machine, network or cloud."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found.version == net.version and found in net for net in _OTHERS):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _host(word: str) -> Host:
    if word == SEARCH:
        return Host(SEARCH)
    shown = clean_line(word, longest=80)
    name, colon, number = word.partition(":")
    found = canonical(name)
    if not found:
        raise Misconfigured(f"{shown!r} is no host that can be allowed", _HINT)
    if not colon:
        return Host(found)
    if not (number.isascii() and number.isdecimal() and 1 <= int(number[:6]) <= 65_535):
        raise Misconfigured(f"{shown!r} has no port", _HINT)
    return Host(found, int(number))

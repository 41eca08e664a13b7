"""How much strangers and guests may ask of the server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server; times are seconds."""

    half_open: int = 64  # connections that have not shown who they are, in all
    half_open_of_source: int = 8
    grace: float = 20.0  # to show who one is
    keys_tried: int = 6  # a connection
    free_failures: int = 5  # refused logins of a source before it has to wait
    longest_wait: float = 60.0  # of a source whose logins are refused
    keepalive: float = 30.0
    keepalives_missed: int = 4
    sessions: int = 64  # terminals, commands and transfers at once
    sessions_of_person: int = 16
    idle: float = 12 * 3600.0  # without a key or a byte
    longest: float = 7 * 24 * 3600.0  # of one connection
    empty: float = 60.0  # of a connection without a session
    congested: float = 60.0  # of a guest who does not read what is sent
    backlog: int = 256 * 1024  # bytes on their way to a guest before frames are left out
    drained: int = 32 * 1024  # bytes on their way at which drawing goes on
    farewell: float = 5.0  # for sessions to end when the server does

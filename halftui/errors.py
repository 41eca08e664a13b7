"""The error tree: what can go wrong, its exit code, and the sentence that says how to go on.

HalfTUIError
  Misconfigured   2   settings, arguments or surroundings are wrong; nothing was started
  Refused         3   a rule says no
  Denied          4   this actor may not
  NotFound        5   there is no such thing
  Conflict        6   it changed under you
  Unavailable     7   something outside does not answer; trying again later may help
  Unauthorized    7   a server wants a credential, or another one than it got
  AttemptFailed   8   an agent's try at a bead ended without success
  NewerDatabase  78   the database was written by a later version
anything else    70   a bug
"""

from datetime import datetime

BUG_EXIT = 70


class HalfTUIError(Exception):
    """Every error that HalfTUI raises on purpose: one sentence, and a hint that says the remedy."""

    exit_code = BUG_EXIT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Misconfigured(HalfTUIError):
    """Settings, arguments or surroundings are wrong."""

    exit_code = 2


class Refused(HalfTUIError):
    """A rule of the board says no."""

    exit_code = 3


class Denied(HalfTUIError):
    """This actor may not do that."""

    exit_code = 4


class NotFound(HalfTUIError):
    """There is no such thing."""

    exit_code = 5


class Conflict(HalfTUIError):
    """It changed between reading and writing."""

    exit_code = 6


class Unavailable(HalfTUIError):
    """Something outside does not answer now; `until` says when to try again, if that is known."""

    exit_code = 7

    def __init__(self, message: str, hint: str = "", until: datetime | None = None) -> None:
        super().__init__(message, hint)
        self.until = until


class Unauthorized(Unavailable):
    """A repository's server wants a credential, or another one than it got."""


class AttemptFailed(HalfTUIError):
    """An agent's try at a bead ended without success; `reason` is one word of the outcome table."""

    exit_code = 8

    def __init__(self, message: str, hint: str = "", reason: str = "exit") -> None:
        super().__init__(message, hint)
        self.reason = reason


class NewerDatabase(Misconfigured):
    """The database was written by a later version of HalfTUI."""

    exit_code = 78

"""A server with its credential, which git gets by a socket that it inherits, for that server alone.

Neither words nor environment of any process hold the credential, and no file does: git asks
`keyhole.py`, that asks the socket, and a thread here answers while this one git runs.
"""

import shlex
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from halftui.domain.address import scope_of
from halftui.domain.redaction import Redactor
from halftui.workspace import keyhole

PROGRAM: Final = Path(keyhole.__file__)


def _ignore(_act: str, _why: str) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Host:
    """An https server. `open` returns the credential that was given for it; None: none was."""

    scope: str  # as `domain.address.scope_of` writes it
    username: str = ""
    open: Callable[[], str] | None = field(default=None, repr=False)
    # Is told what git did there, and why it was not let in, "" if it was.
    tell: Callable[[str, str], None] = field(default=_ignore, repr=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """How one run of git comes by a credential: settings, what it inherits, what hides it in git's words."""

    settings: Mapping[str, str] = field(default_factory=dict)
    inherited: tuple[int, ...] = ()
    hide: Callable[[str], str] = str


@contextmanager
def offered(host: Host | None) -> Iterator[Offer]:
    """Answer git's questions for that host's credential within the context.

    Raises what opening the credential raises.
    """
    if host is None or host.open is None:
        yield Offer()
        return
    secret = host.open()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    answering = threading.Thread(target=_answer, args=(ours, host, secret), name="keyhole")
    with ours, theirs:
        answering.start()
        try:
            hide = Redactor([secret, f"{host.username}:{secret}"])
            yield Offer(_settings(host, theirs.fileno()), (theirs.fileno(),), hide)
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            answering.join()


def _settings(host: Host, number: int) -> dict[str, str]:
    words = [sys.executable, "-I", "-S", str(PROGRAM), str(number)]
    return {
        f"credential.{host.scope}.helper": f"!{shlex.join(words)}",
        "http.followRedirects": "false",  # where a redirect leads nobody gave a credential for
    }


def _answer(ours: socket.socket, host: Host, secret: str) -> None:
    while question := ours.recv(keyhole.LONGEST):
        with suppress(BrokenPipeError):  # that git is gone
            ours.send(_reply(question, host, secret))


def _reply(question: bytes, host: Host, secret: str) -> bytes:
    """Return what git is answered: an empty line if it asks for another server, or another's credential."""
    lines = question.decode("utf-8", "replace").split("\n")
    asked = dict(line.partition("=")[::2] for line in lines)
    is_ours = scope_of(f"{asked.get('protocol')}://{asked.get('host')}") == host.scope
    if not is_ours or asked.get("username", host.username) != host.username:
        return b"\n"
    return f"username={host.username}\npassword={secret}\n".encode()

"""What the engine needs of a sandbox: start a program, speak with it, find it again, end it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandbox may use."""

    memory_mb: int = 4096
    cpus: float = 2.0
    pids: int = 256
    tmp_mb: int = 512
    open_files: int = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """The host's paths that a sandbox shows to its program."""

    work: Path  # the bead's clone, read and write
    home: Path  # the agent's home for this bead, read and write, kept across attempts
    sockets: Path  # the attempt's own socket folder (api.sock), read only
    objects: Path | None = None  # the object store the clone borrows from, read only
    tool: Path | None = None  # the program's binary, read only
    collab: Path | None = None  # the clone of plans and results, read and write; lies beside `work`
    collab_objects: Path | None = None  # the object store that one borrows from, read only


@dataclass(frozen=True, slots=True)
class Inside:
    """The same places as the program sees them."""

    work: str
    home: str
    sockets: str
    tool: str
    collab: str = ""  # "" if there is none
    python: str = "python3"


@dataclass(frozen=True, slots=True)
class Spec:
    """One program to run. `name` comes from (board, bead, epoch): a second start is a Conflict."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    places: Places
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended: its code (128 + signal when killed), and whether memory ran out."""

    code: int
    oom: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A sandbox that exists, whether or not this process started it."""

    name: str
    labels: Mapping[str, str]
    running: bool


class Process(Protocol):
    """A sandbox's main program, seen from the board; it outlives the board's own process."""

    @property
    def name(self) -> str: ...

    @property
    def fault(self) -> str:
        """Why the sandbox broke it off, in a sentence; "" if it did not."""

    async def write(self, data: bytes) -> None:
        """Send bytes to its standard input in one piece. Raises Unavailable if it is gone."""

    async def close_input(self) -> None:
        """Say that no more input comes, where the sandbox can say it."""

    def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield its standard output from byte `start` on, as it comes, until it ended."""

    async def error_tail(self) -> str:
        """Return the last 8 KiB of its standard error."""

    async def wait(self) -> Exit:
        """Return how it ended, when it ended."""

    async def stop(self, grace: float = 5.0) -> Exit:
        """Ask it to end, kill it after `grace` seconds; return how it ended."""


class Shell(Protocol):
    """A person's own program beside the main one, on a terminal; both may be hostile by then."""

    async def read(self) -> bytes:
        """Return what it drew next, b"" once it or the sandbox ended. Raises Unavailable."""

    async def write(self, data: bytes) -> None:
        """Send what the person typed; what nobody takes any more is dropped."""

    async def resize(self, width: int, height: int) -> None:
        """Tell it that its terminal has another size."""

    async def code(self) -> int | None:
        """Return the code that it ended with, None if it did not or if the sandbox ended."""


class Sandbox(Protocol):
    """A way to run programs. Every method may raise Unavailable."""

    @property
    def kind(self) -> str: ...

    @property
    def is_confined(self) -> bool:
        """True if a hostile program in it can't reach this machine or the network."""

    @property
    def user(self) -> tuple[int, int] | None:
        """The uid and gid that programs run as; None is the board's own."""

    def inside(self, places: Places) -> Inside:
        """Return where a program in this sandbox sees those places."""

    async def start(self, spec: Spec) -> Process:
        """Start a program. Raises Conflict if the name is taken."""

    async def adopt(self, name: str) -> Process:
        """Return a program that an earlier board started, running or ended. Raises NotFound."""

    def shell(self, name: str, command: Sequence[str]) -> AbstractAsyncContextManager[Shell]:
        """Give a shell, or the command, beside the running program of that name; it ends with the context.

        It may do what that program may, no more. Raises NotFound if that does not run, Refused where
        nothing would confine it.
        """

    async def find(self, labels: Mapping[str, str]) -> list[Found]:
        """Return the sandboxes that carry all of those labels, running or ended."""

    async def remove(self, name: str) -> None:
        """End it if it runs and leave nothing of it behind; nothing happens if there is none."""

"""What the engine needs of a runtime: a command to start, and happenings to listen to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from halftui.domain.board_tools import Reply
from halftui.domain.happenings import Answer, Happening, Question


@dataclass(frozen=True, slots=True)
class Brief:
    """All that an agent is told at the start of an attempt."""

    attempt: str
    bead: str
    prompt: str  # the first message: the work, or what a reviewer said of it
    system: str  # who it is and how it hands in
    session: str  # a UUID chosen before the start
    is_resumed: bool = False  # True: `session` exists in the agent's home, go on with it
    is_free: bool = False  # True: the sandbox confines it, so tools need no permission
    model: str = ""
    max_turns: int | None = None
    tools: Sequence[str] = ()  # of its program that it has; (): all
    command: str = ""  # what the shell and acp runtimes run
    has_tools: bool = False  # the board's own tools are at its hand
    # Bytes of its output that an earlier board reported; None: the program has just been started.
    heard: int | None = None

    @property
    def is_adopted(self) -> bool:
        """True if an earlier board started the program and may have spoken with it."""
        return self.heard is not None


@dataclass(frozen=True, slots=True)
class Command:
    """What to run in a sandbox."""

    argv: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a runtime can do; screens adapt to it."""

    resume: bool = False
    questions: bool = False
    permissions: bool = False
    cost: bool = False
    talk: bool = False  # it hears what people say while it works
    tools: bool = False  # it tells of each tool that it uses
    bridge: bool = False  # it reaches the board's tools by a socket that the engine serves


class Inside(Protocol):
    """Where the sandbox shows the bead's clone, the home, the socket folder and the program."""

    @property
    def work(self) -> str: ...
    @property
    def home(self) -> str: ...
    @property
    def sockets(self) -> str: ...
    @property
    def tool(self) -> str: ...
    @property
    def collab(self) -> str: ...
    @property
    def python(self) -> str: ...


class ProcessExit(Protocol):
    """How the program ended."""

    @property
    def code(self) -> int: ...
    @property
    def oom(self) -> bool: ...


class Process(Protocol):
    """The running program's streams."""

    async def write(self, data: bytes) -> None: ...
    async def close_input(self) -> None: ...
    def output(self, start: int = 0) -> AsyncIterator[bytes]: ...
    async def error_tail(self) -> str: ...
    async def wait(self) -> ProcessExit: ...
    async def stop(self, grace: float = 5.0) -> ProcessExit: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person says to an agent at work; one `ident` is delivered once, however often it is said."""

    ident: str
    text: str
    is_urgent: bool = False  # what the agent does now is broken off for it


class Speaker(Protocol):
    """Passes on what people say to a program that listens."""

    async def say(self, letter: Letter) -> None:
        """Pass a letter on; that it arrived is told by the happening Reached. Raises Unavailable."""


class Desk(Protocol):
    """Where an agent's questions go, and its calls of the board's tools."""

    async def ask(self, question: Question) -> Answer:
        """Return what a person answers, when one did."""

    def attend(self, speaker: Speaker | None) -> None:
        """Take note of who passes letters on from now; None: the program hears nothing any more."""

    async def use(self, tool: str, given: Mapping[str, Any], request: str) -> Reply:
        """Use a tool of the board; the same request is done once and answered alike."""


class Runtime(Protocol):
    """A program that works on a bead."""

    @property
    def kind(self) -> str: ...

    @property
    def abilities(self) -> Abilities: ...

    def program(self) -> Path | None:
        """Return the host's file to show read-only in the sandbox, if any. Raises Unavailable."""

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return what to start; it holds no secret."""

    def converse(self, brief: Brief, process: Process, desk: Desk) -> AsyncIterator[Happening]:
        """Speak with the program until it ended; the last happening is always Ended.

        Of an adopted program only what came after `brief.heard` is reported. What the board says
        to it must do no harm when it is said twice, since nobody knows how far a killed board came.
        """

"""What the engine works with, made once by `main` and handed in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from halftui.domain.happenings import Metered
from halftui.domain.shown import BoardRow
from halftui.ops.attempts import Claim
from halftui.runtime.base import Runtime
from halftui.sandbox.base import Limits, Sandbox
from halftui.service.queue import Queue
from halftui.workspace.forge import Answer
from halftui.workspace.origin import Origin
from halftui.workspace.repository import Repository
from halftui.workspace.signing import Signer


class Gate(Protocol):
    """An attempt's way to its provider: the kind of its credential, and when a limit ends, if known.

    `env` is added to the program's environment; `before` starts the program, put before its command.
    `meter` hears what the provider answered; `unbooked` returns the tokens that no budget counts yet.
    """

    meter: Callable[[Metered], None] | None
    unbooked: Callable[[], int] | None

    @property
    def kind(self) -> str: ...
    @property
    def until(self) -> float | None: ...
    @property
    def env(self) -> Mapping[str, str]: ...
    @property
    def before(self) -> Sequence[str]: ...

    async def shut(self) -> None:
        """End the program's connections to elsewhere; each is told of by then."""


# The last one says whether this board still holds the attempt.
OpenGate = Callable[[Claim, Path, Sandbox, Callable[[], bool]], AbstractAsyncContextManager[Gate]]


@dataclass(frozen=True)
class Rooms:
    """The neighbours of the engine.

    `sandbox` returns where a board's agents run; `runtime` the program of a kind for a kind of
    credential; `gate` opens an attempt's way to its provider in a folder; `collab` returns the
    board's own copy of its repository of plans and results; `check` raises if a
    board's agents could not start now, `require_room` if there is no room for any's work.
    `check`, `require_room`, `repository`, `origin`, `accept` and `land` block.
    """

    home: Path
    sandbox: Callable[[BoardRow], Awaitable[Sandbox]]
    runtime: Callable[[str, str], Awaitable[Runtime]]
    repository: Callable[[BoardRow], Repository]
    origin: Callable[[BoardRow], Origin]
    collab: Callable[[BoardRow], Repository]  # of a board that has such a repository
    collab_origin: Callable[[BoardRow], Origin]
    gate: OpenGate
    check: Callable[[BoardRow], None]
    require_room: Callable[[], None]
    limits: Limits
    is_free: Callable[[Sandbox], bool]
    accept: Callable[[BoardRow, str], str]  # merges and approves a bead
    land: Callable[[BoardRow, str], str]  # merges a convoy's own branch
    queue: Callable[[BoardRow], Queue]  # of merges
    forge: Callable[[Mapping[str, str]], Answer]  # does one act on a pull request; blocks
    signer: Callable[[str], Signer]  # of an agent's id

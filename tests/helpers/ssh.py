"""A server of this process, and guests who come in with the real OpenSSH client."""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from halftui.cli import guests
from halftui.domain.actor import PEOPLE, Role, person
from halftui.domain.shown import BoardRow
from halftui.main.house import House
from halftui.main.serving import hosting
from halftui.ops import beads, identities, people, views
from halftui.settings import Settings
from halftui.ssh.limits import Limits
from halftui.ssh.server import Server
from tests.bench.terminal import Screen
from tests.helpers import waiting
from tests.helpers.boards import make_repository
from tests.helpers.elm import cast_elm
from tests.helpers.people import make_key
from tests.helpers.waiting import PATIENCE

QUICK = Limits(farewell=2.0, free_failures=1_000)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command over SSH did."""

    code: int
    out: str
    err: str


@dataclass
class Host:
    """A server with a board, and the keys of its guests."""

    server: Server
    house: House
    board: BoardRow
    folder: Path
    port: int
    fingerprint: str
    keys: dict[str, Path] = field(default_factory=dict)

    def admit(self, name: str, role: str) -> Path:
        """Let somebody in with a key of their own, and return its file."""
        public = make_key(file := self.folder / name)
        self.house.service.write(people.add, name, public, role)
        self.keys[name] = file
        return file

    def hire(self, username: str, kind: str = "leader", owner: str = "owner") -> str:
        """Make an agent of somebody's with a key of its own, and return its id."""
        ident = self.house.store.write(person(owner), identities.create, self.board.id, username, kind=kind)
        self.keys[username] = self.house.keyring.keep(ident, self.folder / "identity")
        return ident

    def play(self, role: Role) -> str:
        """Let the person ann or the agent elm come in, in that role; return the name."""
        if role not in PEOPLE:
            self.house.service.write(cast_elm, role)
            self.keys["elm"] = self.house.keyring.keep("elm", self.folder / "identity")
            return "elm"
        if "ann" in self.keys:
            self.house.service.write(people.edit, "ann", role)
        else:
            self.admit("ann", role)
        return "ann"

    def bead(self, title: str) -> str:
        """Make a bead."""
        return self.house.service.write(beads.create, self.board.id, title)

    def state(self, bead: str) -> str:
        """Return a bead's lane."""
        return self.house.service.read(views.bead, bead).card.lane

    def argv(self, name: str, *words: str, options: Sequence[str] = (), host: str = "127.0.0.1") -> list[str]:
        """Return the command line that connects as somebody."""
        known = self.folder / "known"
        return client(self.port, name, self.keys.get(name), known, *words, options=options, host=host)

    async def empty(self) -> None:
        """Wait until nobody is connected any more, and nothing of theirs runs."""
        await waiting.until(lambda: not self.server.visitors and not self.server.apps)

    async def entered(self) -> None:
        """Wait until somebody's session runs."""
        await waiting.until(lambda: any(v.sessions for v in self.server.visitors))

    async def run(
        self, name: str, *words: str, stdin: bytes = b"", options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> Ran:  # fmt: skip
        """Run a command as somebody and return what it did."""
        return await execute(*self.argv(name, *words, options=options), stdin=stdin, env=env)

    def terminal(
        self, name: str, *words: str, size: tuple[int, int] = (120, 35), term: str = "xterm-256color",
        options: Sequence[str] = (), env: Mapping[str, str] | None = None,
    ) -> "GuestTerminal":  # fmt: skip
        """Return a terminal on which somebody connects."""
        options = ("-t", *options) if words else options
        argv = self.argv(name, *words, options=options)
        return GuestTerminal(argv, size, {**_environment(), "TERM": term, **(env or {})})


class GuestTerminal:
    """An OpenSSH client in a pseudo-terminal; an async context that ends it."""

    def __init__(self, argv: Sequence[str], size: tuple[int, int], env: Mapping[str, str]) -> None:
        self._argv = argv
        self._size = size
        self._env = env
        self.bytes = bytearray()
        self.screen = Screen(size)
        self._came, self._closed = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        self._own, theirs = os.openpty()
        os.set_blocking(self._own, False)
        self._resize(*self._size)
        self.process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(self._env),
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        asyncio.get_running_loop().add_reader(self._own, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._own)
        os.close(self._own)

    def send(self, text: str) -> None:
        """Type."""
        os.write(self._own, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.screen = Screen((columns, rows))
        self._resize(columns, rows)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.screen.lines)

    def pause(self) -> None:
        """Read no more of what the client prints."""
        asyncio.get_running_loop().remove_reader(self._own)

    def go_on(self) -> None:
        """Read again."""
        asyncio.get_running_loop().add_reader(self._own, self._read)

    async def until(self, wanted: str, patience: float = PATIENCE) -> str:
        """Wait until something stands on the screen and return all of it."""
        return await self._until(lambda: wanted in self.text, wanted, patience)

    async def until_gone(self, unwanted: str, patience: float = PATIENCE) -> str:
        """Wait until something does not stand on the screen any more."""
        return await self._until(lambda: unwanted not in self.text, f"no {unwanted}", patience)

    async def until_sent(self, wanted: bytes, after: int = 0) -> None:
        """Wait until the terminal was sent some bytes, after so many others."""
        await self._until(lambda: wanted in self.bytes[after:], repr(wanted), PATIENCE)

    async def ended(self) -> int:
        """Wait until the client has ended and return its exit code."""
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await self._closed.wait()  # after the rest of its output
        return code

    async def _until(self, is_there: object, what: str, patience: float) -> str:
        assert callable(is_there)
        try:
            async with asyncio.timeout(patience):
                while not is_there():
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"waited for {what}; there is:\n{self.text}") from None
        return self.text

    def _read(self) -> None:
        try:
            text = os.read(self._own, 1 << 17)
        except OSError:  # the client has ended
            text = b""
        if not text:
            asyncio.get_running_loop().remove_reader(self._own)
            self._closed.set()
        self.bytes += text
        self.screen.take(text)
        self._came.set()

    def _resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def client(
    port: int, name: str, key: Path | None, known: Path, *words: str,
    options: Sequence[str] = (), host: str = "127.0.0.1",
) -> list[str]:  # fmt: skip
    """Return the command line of the real client that connects as somebody, with that key alone."""
    keys = ["-i", str(key)] if key else []
    return [
        "ssh", "-F", "none", "-p", str(port), *options, *keys, "-o", "IdentitiesOnly=yes",
        "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=accept-new",
        "-o", "LogLevel=ERROR", f"{name}@{host}", *words,
    ]  # fmt: skip


def is_refused(words: Sequence[str]) -> bool:
    """Return whether a command is none for guests."""
    return bool({" ".join(words[:1]), " ".join(words[:2])} & guests.REFUSED)


async def execute(*argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run a program while this process's loop goes on."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**_environment(), **(env or {})},
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate(stdin)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ran(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def serving(folder: Path, limits: Limits = QUICK) -> AsyncIterator[Host]:
    """Serve a board from this process."""
    env = {"HALFTUI_USER": "owner", "XDG_CONFIG_HOME": str(folder / "config")}
    house = House(Settings(home=str(folder / "home"), sandbox="local"), env)
    board = house.init(make_repository(folder / "shop"), mode="manual", sandbox="local", prefix="sh")
    async with hosted(house, board, folder, limits) as host:
        yield host


@asynccontextmanager
async def hosted(house: House, board: BoardRow, folder: Path, limits: Limits = QUICK) -> AsyncIterator[Host]:
    """Serve a house that is there, from this process; `folder` is for its guests' keys."""
    server = Server(hosting(house), limits)
    port, fingerprint = await server.open("127.0.0.1", 0)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        try:
            yield Host(server, house, board, folder, port, fingerprint)
        finally:
            server.stop()
            await running
    house.store.close()


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}

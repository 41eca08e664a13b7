"""One session of a guest: a terminal gets the board, a command gets the command line, git gets git."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from halftui.domain.actor import Role
from halftui.domain.text import clean_line
from halftui.errors import BUG_EXIT, Denied, HalfTUIError, Misconfigured
from halftui.ssh.line import Line

if TYPE_CHECKING:
    from halftui.ssh.guest import GuestApp
    from halftui.ssh.hosting import Member
    from halftui.ssh.server import Server
    from halftui.ssh.visitor import Visitor

log = logging.getLogger(__name__)

BUFFERED = 64 * 1024  # bytes of input kept before the guest has to wait
BROKEN = 141  # 128 + SIGPIPE, as shells report it
WIDEST, HIGHEST = 1_000, 500  # columns and rows that are drawn
SETTLED = 0.05  # seconds after a change of size until the screen follows, so that of many the last counts
LONGEST_COMMAND = 128 * 1024
ENV = ("COLORTERM", "NO_COLOR", "HALFTUI_THEME", "HALFTUI_MOUSE", "GIT_PROTOCOL")


@dataclass(frozen=True, slots=True)
class Terminal:
    """The guest's terminal."""

    kind: str
    width: int
    height: int


class Session(asyncssh.SSHServerSession[bytes]):
    """What runs in one channel. Whatever fails here ends this session and nothing else."""

    def __init__(self, server: Server, visitor: Visitor, member: Member) -> None:
        self.server = server
        self.visitor = visitor
        self.member = member
        self.terminal: Terminal | None = None
        self.reader = asyncio.StreamReader(BUFFERED)
        self.app: GuestApp | None = None
        self.turned = asyncio.Event()  # set when the terminal has another size
        self._turning: asyncio.TimerHandle | None = None

    # what the channel says

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Hold the channel."""
        chan.set_write_buffer_limits(65_536, 8_192)
        self.channel = chan
        self.line = Line(chan, self.server.limits)
        self.reader.set_transport(chan)  # type: ignore[arg-type]  # it pauses and resumes, no more is asked
        self.visitor.started(self)

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        """Take note of the terminal."""
        width, height = _bounded(term_size[0], 80, WIDEST), _bounded(term_size[1], 24, HIGHEST)
        self.terminal = Terminal(clean_line(term_type, longest=40), width, height)
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Draw for the new size."""
        if self.terminal is not None:
            width, height = _bounded(width, 80, WIDEST), _bounded(height, 24, HIGHEST)
            self.terminal = Terminal(self.terminal.kind, width, height)
            if self._turning is None:
                self._turning = asyncio.get_running_loop().call_later(SETTLED, self._turn)

    def _turn(self) -> None:
        self._turning = None
        self.turned.set()
        if self.terminal is not None and self.app is not None and self.app.driver is not None:
            self.app.driver.resize(self.terminal.width, self.terminal.height)

    def shell_requested(self) -> bool:
        """Accept."""
        return True

    def exec_requested(self, command: str) -> bool:
        """Accept commands of a bearable length."""
        return len(command) <= LONGEST_COMMAND

    def session_started(self) -> None:
        """Run."""
        self.server.spawn(self._run())

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Keep what the guest sends until it is read."""
        self.visitor.stirred = self.server.clock()
        self.reader.feed_data(data)

    def eof_received(self) -> bool:
        """Go on sending; a terminal without keys is left."""
        self.reader.feed_eof()
        if self.app is not None:
            self.app.exit()
        return True

    def signal_received(self, signal: str) -> None:
        """Break off."""
        self.leave("")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everything of this session come to its end."""
        self.line.is_open = False
        self.reader.feed_eof()
        if self.app is not None:
            self.app.exit()

    def leave(self, why: str) -> None:
        """End this session, saying why."""
        if self.app is not None:
            self.app.parting.write(f"{why}\n" if why else "")
            self.app.exit()
        elif why:
            self.complain(why, "")
        if self.app is None:
            self.line.is_open = False
        if not self.reader.at_eof():
            self.reader.feed_eof()

    def complain(self, message: str, hint: str) -> None:
        """Say what went wrong on the error stream."""
        hints = f"hint: {clean_line(hint)}\n" if hint else ""
        text = f"error: {clean_line(message)}\n{hints}"
        if self.terminal is not None:
            text = text.replace("\n", "\r\n")
        self.line.write(text.encode(), is_error=True)

    @property
    def env(self) -> dict[str, str]:
        """What the client told of its environment, as far as anything here asks for it."""
        given = self.channel.get_environment()
        found = {name: clean_line(str(given[name]), longest=80) for name in ENV if name in given}
        return found | {"TERM": self.terminal.kind if self.terminal else "dumb"}

    # what runs

    async def _run(self) -> None:
        code = BUG_EXIT
        try:
            code = await self._serve()
        except BrokenPipeError:
            code = BROKEN
        except HalfTUIError as error:
            self.complain(error.message, error.hint)
            code = error.exit_code
        except Exception as error:
            log.exception("a session failed", extra={"person": self.member.name})
            self.complain(f"this is a bug in HalfTUI ({type(error).__name__})", "the server's log tells more")
        finally:
            self.visitor.ended(self)
            self.server.counts["sent_bytes"] += self.line.sent
            self.app = None
            self.channel.exit(code)  # does nothing on a channel that is closed

    async def _serve(self) -> int:
        """Do what this session was opened for, and return its exit code."""
        if self.member.role is Role.GUEST:
            from halftui.ssh import joining

            return await joining.join(self)
        words = _words(self.channel.get_command())
        if words[:1] and words[0] in ("git-upload-pack", "git-receive-pack", "git-upload-archive"):
            from halftui.ssh import git

            return await git.serve(self, words)
        from halftui.ssh import command

        wish, code = await command.run(self, words)
        if wish.bead:
            from halftui.ssh import shell

            return await shell.show(self, wish)
        if not wish.board:
            return code
        if self.terminal is None:
            raise Misconfigured(
                "the board needs a terminal", "connect with ssh -t, or name a command: ssh … bead list"
            )
        if self.member.agent:
            raise Denied("the board's screen is for people", "name a command: ssh … bead list")
        from halftui.ssh import screen

        return await screen.show(self, wish.board, self.terminal)


def _words(command: str | None) -> list[str]:
    try:
        return shlex.split(command or "")
    except ValueError as error:
        raise Misconfigured(
            f"the command is not understood: {error}", "close every quotation mark"
        ) from error


def _bounded(number: int, default: int, most: int) -> int:
    return min(number, most) if number > 0 else default

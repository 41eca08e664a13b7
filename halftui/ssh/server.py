"""The board over SSH: one process, one port, any number of guests who can't harm each other."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import asyncssh
from asyncssh.kex import get_kex_algs

from halftui.errors import HalfTUIError, Misconfigured, NotFound
from halftui.ssh import hostkey
from halftui.ssh.driver import leave_output_alone
from halftui.ssh.gate import Gate
from halftui.ssh.herald import Herald
from halftui.ssh.hosting import Hosting
from halftui.ssh.limits import Limits
from halftui.ssh.visitor import Visitor

if TYPE_CHECKING:
    from halftui.ssh.guest import GuestApp

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
RETRY_SECONDS = 2.0
CLOSING = "The board is closing; your agents' work is kept. Connect again later."
SETTLED_SECONDS = 60.0  # after which nothing holds a closed screen any more, timers included
CALM_SECONDS = 3.0  # without a key of anybody
MANY_CLOSED = 32  # screens, each about a megabyte, that are not left lying even while people type
FREE_PORT_TRIES = 10
BACKLOG = 512  # connections that the system holds until they are looked at
# What OpenSSH 8.5 and all newer clients speak; no SHA-1, no group of 2,048 bits, no MAC before encryption.
KEX = (
    "mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
)  # fmt: skip
CIPHERS = (
    "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr",
)  # fmt: skip
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
SIGNATURES = (
    "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip


class Server:
    """One listening server."""

    def __init__(
        self, hosting: Hosting, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hosting = hosting
        self.limits = limits or Limits()
        self.clock = clock
        self.gate = Gate(self.limits, clock)
        self.visitors: set[Visitor] = set()  # those who have shown who they are
        self.notices: dict[str, str] = {}  # what a board's guests should always know
        self.counts: Counter[str] = Counter()
        self.threads = ThreadPoolExecutor(self.limits.sessions, thread_name_prefix="command")
        self.apps: dict[str, set[GuestApp]] = {}  # by board
        self.herald = Herald(self)
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._closed, self._closed_at = (
            0,
            0.0,
        )  # screens that may still lie in memory; when the last was closed
        self._stopping = asyncio.Event()
        self._left = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def open(self, host: str, port: int) -> tuple[int, str]:
        """Listen, and return the port and the host key's fingerprint; `run` has to follow.

        Raises Misconfigured if that place is taken, or if the host key can't be used.
        """
        key = await asyncio.to_thread(hostkey.load, self.hosting.folder)
        leave_output_alone()
        self._acceptor = await (self._listen(host, port, key) if port else self._listen_anywhere(host, key))
        return self._acceptor.get_port(), key.get_fingerprint()

    async def run(self) -> None:
        """Serve until `stop`."""
        gc.set_threshold(100_000, 50, 100)  # many screens live long: looking at all of them often is felt
        async with self._group:
            herald = self._group.create_task(self.herald.run())
            sweeper = self._group.create_task(self._sweep())
            await self._stopping.wait()
            self._acceptor.close()
            await self._say_goodbye()
            for task in (herald, sweeper, *self._watches.values()):
                task.cancel()
        self.threads.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """Let `run` come to its end; guests are told."""
        self._stopping.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something for a guest; it must not raise."""
        return self._group.create_task(work)

    def forget(self, visitor: Visitor) -> None:
        """Note that a connection is over."""
        self.visitors.discard(visitor)
        self._left.set()

    def is_full(self, person: str) -> bool:
        """Return whether one more session would be too many, of all or of one person."""
        sessions = [s for v in self.visitors for s in v.sessions]
        mine = sum(s.member.name == person for s in sessions)
        return len(sessions) >= self.limits.sessions or mine >= self.limits.sessions_of_person

    @contextmanager
    def watching(self, board: str, app: GuestApp) -> Iterator[None]:
        """Keep a board's snapshot fresh for as long as somebody looks at it."""
        self.apps.setdefault(board, set()).add(app)
        if board not in self._watches:
            self._watches[board] = self._group.create_task(self._watch(board))
        try:
            yield
        finally:
            self._closed, self._closed_at = self._closed + 1, self.clock()
            self.apps[board].discard(app)
            if not self.apps[board]:
                del self.apps[board]
                self._watches.pop(board).cancel()

    def note(self, board: str, notice: str) -> None:
        """Let a board's guests always see this sentence."""
        self.notices[board] = notice
        for app in self.apps.get(board, ()):
            app.notice = notice

    async def _watch(self, board: str) -> None:
        while True:
            try:
                await self.hosting.service.watch(board).run()
            except NotFound as error:
                for app in tuple(self.apps.get(board, ())):
                    app.exit(return_code=error.exit_code, message=str(error))
                return
            except HalfTUIError as error:
                log.warning("a board can't be read: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen_anywhere(self, host: str, key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
        """Listen on one free port of all addresses; asked for any, the system gives each another one."""
        for _ in range(FREE_PORT_TRIES):
            acceptor = await self._listen(host, 0, key)
            if acceptor.get_port():
                return acceptor
            port = acceptor.get_addresses()[0][1]
            acceptor.close()
            await acceptor.wait_closed()
            with suppress(Misconfigured):  # another address has it in use
                return await self._listen(host, port, key)
        raise Misconfigured("no port is free on all addresses", "name one with --port")

    async def _listen(self, host: str, port: int, key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
        limits = self.limits
        try:
            return await asyncssh.listen(
                host, port, server_factory=lambda: Visitor(self), server_host_keys=[key], backlog=BACKLOG,
                encoding=None, line_editor=False, server_version="HalfTUI", public_key_auth=True,
                password_auth=False, kbdint_auth=False, host_based_auth=False, gss_host=None,
                gss_kex=False, gss_auth=False, allow_pty=True, x11_forwarding=False,
                agent_forwarding=False, sftp_factory=None, allow_scp=False, login_timeout=limits.grace,
                keepalive_interval=limits.keepalive, keepalive_count_max=limits.keepalives_missed,
                kex_algs=_known(KEX), encryption_algs=CIPHERS, mac_algs=MACS, signature_algs=SIGNATURES,
                compression_algs=None, config=[],
            )  # fmt: skip
        except OSError as error:
            raise Misconfigured(
                f"nobody can connect to {host or '*'}:{port}: {error.strerror or error}",
                "name another place with --host and --port",
            ) from error

    async def _sweep(self) -> None:
        """End what has been idle, or there, for too long."""
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self.limits.empty / 4, self.limits.idle / 4))
            now = self.clock()
            for visitor in tuple(self.visitors):
                idle = now - visitor.stirred
                if now - visitor.began > self.limits.longest:
                    visitor.leave("This connection has lasted long enough; connect again.")
                elif idle > self.limits.idle:
                    visitor.leave("You were away for long; connect again.")
                elif not visitor.sessions and idle > self.limits.empty:
                    visitor.leave("")
            self._tidy(now)

    def _tidy(self, now: float) -> None:
        """Free what closed screens left: that takes up to half a second, so best while nobody types."""
        is_calm = all(now - visitor.stirred > CALM_SECONDS for visitor in self.visitors)
        is_due = self._closed and is_calm and now - self._closed_at > SETTLED_SECONDS
        if is_due or self._closed >= MANY_CLOSED:
            gc.collect()
            self._closed = 0

    async def _say_goodbye(self) -> None:
        for visitor in tuple(self.visitors):
            visitor.leave(CLOSING)
        try:
            async with asyncio.timeout(self.limits.farewell + 1.0):
                while self.visitors:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            for visitor in tuple(self.visitors):
                visitor.connection.abort()


def _known(names: Sequence[str]) -> list[str]:
    """Return those key exchanges that the cryptographic library here can do."""
    can = {name.decode() for name in get_kex_algs()}
    return [name for name in names if name in can]

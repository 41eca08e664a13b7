"""Runs programs on this machine, unconfined, in a way that outlives the board.

Each sandbox is a folder. A small shell is the leader of a session of its own; it holds the
program's standard input open, a FIFO, and lets the outputs run into files, so that any later
board finds all there is to know about the program in the folder, and every byte it wrote.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from halftui.errors import Conflict, Misconfigured, NotFound, Refused, Unavailable
from halftui.failpoints import failpoint
from halftui.sandbox.base import Exit, Found, Inside, Places, Shell, Spec
from halftui.sandbox.proc import Identity, is_alive, kill_all
from halftui.settle import settle

# The leader opens the FIFO for reading and writing (so that the program never sees an end of its
# input when a board dies), says who it is, and notes the exit code. It survives a SIGTERM to tell
# how the program took it.
LEADER = """
here=$1; shift
exec 3<>"$here/in"
trap : TERM INT HUP
read -r boot </proc/sys/kernel/random/boot_id
read -r stat </proc/$$/stat
printf '%s\\n%s\\n' "$boot" "$stat" >"$here/leader"
"$@" <&3 3>&- >>"$here/out" 2>>"$here/err"
echo $? >"$here/exit"
"""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "SHELL")
MARK = "HALFTUI_SANDBOX"
DRAFT = ".new-"  # begins the name of a folder that is no sandbox yet, then the maker's pid
KILLED = Exit(128 + signal.SIGKILL)

CHUNK = 64 * 1024
TAIL = 8 * 1024
PIPE = 1024 * 1024  # what an unprivileged process may ask for (pipe(7), pipe-max-size)
BUSY, IDLE = 0.03, 0.15  # seconds between looks at the output: while it flows, when it rests
SOON, SHARE = 0.004, 0.03  # after a write, an answer is seen within this share of the time it took
START_PATIENCE = 5.0  # seconds until the leader has said who it is
WRITE_PATIENCE = 10.0  # seconds in which the program must have read enough to take a write
KILL_PATIENCE = 5.0  # seconds


class LocalSandbox:
    """Programs as processes of this user; `state` is the board's folder for lasting things."""

    kind = "local"
    is_confined = False
    user = None

    def __init__(self, state: Path) -> None:
        self._root = state / "sandboxes"

    def inside(self, places: Places) -> Inside:
        """Return the host's paths: a program here sees what the board sees."""
        tool = str(places.tool) if places.tool else ""
        collab = str(places.collab) if places.collab else ""
        return Inside(str(places.work), str(places.home), str(places.sockets), tool, collab, sys.executable)

    async def start(self, spec: Spec) -> "LocalProcess":
        """Start a program in a session of its own; `spec.limits` does not bind it.

        Raises Conflict if the name is taken, Unavailable if the program can't be started.
        """
        return await settle(self._start(spec))

    async def adopt(self, name: str) -> "LocalProcess":
        """Return the program of that name, running or ended. Raises NotFound."""
        process = LocalProcess(self._folder(name))
        if not await process.has_begun(0):
            raise NotFound(f"there is no sandbox {name}")
        return process

    def shell(self, name: str, command: Sequence[str]) -> "contextlib.AbstractAsyncContextManager[Shell]":
        """Raise Refused: nothing would hold what an agent left there from running as this user."""
        raise Refused(f"{name} is no container", "only containers have a shell")

    async def find(self, labels: Mapping[str, str]) -> list[Found]:
        """Return the sandboxes that carry all of those labels, running or ended."""
        return await asyncio.to_thread(_find, self._root, labels)

    async def remove(self, name: str) -> None:
        """Kill what is left of it and delete its folder; nothing happens if there is none."""
        await settle(self._remove(self._folder(name)))

    async def _start(self, spec: Spec) -> "LocalProcess":
        folder = self._folder(spec.name)
        await asyncio.to_thread(_launch, folder, spec)
        process = LocalProcess(folder)
        if not await process.has_begun(START_PATIENCE):
            await self._remove(folder)
            raise Unavailable(f"sandbox {spec.name} did not start", "see whether the disk is full")
        return process

    async def _remove(self, folder: Path) -> None:
        if await asyncio.to_thread(folder.is_dir):
            await LocalProcess(folder).kill()
            await asyncio.to_thread(shutil.rmtree, folder)

    def _folder(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise Misconfigured(f"{name!r} can't name a sandbox", "use letters, digits and _.-")
        return self._root / name


class LocalProcess:
    """A program with its folder; any number of these may look at one program, one may write."""

    fault = ""  # nothing is broken off

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leader: Identity | None = None
        self._turn = asyncio.Lock()
        self._is_input_open = True
        self._asked = -IDLE / SHARE  # when it was last written to, in the loop's time

    @property
    def name(self) -> str:
        return self._folder.name

    async def has_begun(self, patience: float) -> bool:
        """Say whether the leader has said who it is, within that many seconds."""
        deadline = _now() + patience
        while self._known() is None:
            if _now() >= deadline:
                return False
            await asyncio.sleep(0.005)
        return True

    async def write(self, data: bytes) -> None:
        """Send bytes in one piece.

        Raises Unavailable if the program ended, or does not read enough in ten seconds; when it
        took a part before that, every later write is refused, since its input is torn.
        """
        async with self._turn:
            if not self._is_input_open or self._exit() is not None:
                raise Unavailable(f"{self.name} takes no input any more")
            self._asked = _now()
            await settle(self._push(memoryview(data)))

    async def close_input(self) -> None:
        """Refuse further writes. The program sees no end of file: its FIFO stays open for good."""
        self._is_input_open = False

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield standard output from byte `start` on, until the program ended.

        The file is looked at every 30 ms while it grows, every 150 ms when it does not, and sooner
        after a write, since a conversation has many answers to wait for.
        """
        pause = BUSY
        while True:
            has_ended = self._exit() is not None  # before the read: the last bytes are not missed
            chunk = _read(self._folder / "out", start)
            if chunk:
                start += len(chunk)
                pause = BUSY
                yield chunk
            elif has_ended:
                return
            else:
                await asyncio.sleep(min(pause, max(SOON, SHARE * (_now() - self._asked))))
                pause = min(pause * 1.5, IDLE)

    async def error_tail(self) -> str:
        """Return the last 8 KiB of standard error."""
        return _read(self._folder / "err", -TAIL).decode(errors="replace")

    async def wait(self) -> Exit:
        """Return how it ended; one whose leader was killed counts as killed, and is."""
        end = await self._ended(IDLE, float("inf"))
        if end == KILLED:
            await self.kill()
        return end

    async def stop(self, grace: float = 5.0) -> Exit:
        """Send SIGTERM to all it started, SIGKILL after `grace` seconds to what is left."""
        await asyncio.to_thread(kill_all, self._known(), self._mark(), signal.SIGTERM)
        end = await self._ended(BUSY, _now() + grace)
        await self.kill()
        return end

    async def kill(self) -> None:
        """Kill whatever runs in this sandbox's session or bears its mark, until nothing does.

        Raises Unavailable if something outlives five seconds of it (a process in the kernel's
        uninterruptible sleep does).
        """
        deadline = _now() + KILL_PATIENCE
        while await asyncio.to_thread(kill_all, self._known(), self._mark(), signal.SIGKILL):
            if _now() >= deadline:
                raise Unavailable(f"a process of sandbox {self.name} can't be killed")
            await asyncio.sleep(0.01)

    async def _push(self, rest: memoryview) -> None:
        total, deadline = len(rest), _now() + WRITE_PATIENCE
        with _input(self._folder / "in") as pipe:
            while rest := rest[_feed(pipe, rest) :]:
                if self._exit() is not None or _now() >= deadline:
                    self._is_input_open = len(rest) == total
                    raise Unavailable(f"{self.name} does not read its input")
                await asyncio.sleep(BUSY)

    async def _ended(self, pause: float, deadline: float) -> Exit:
        while (end := self._exit()) is None:
            if _now() >= deadline:
                return KILLED
            await asyncio.sleep(pause)
        return end

    def _known(self) -> Identity | None:
        if self._leader is None:
            self._leader = Identity.parse(_text(self._folder / "leader"))
        return self._leader

    def _mark(self) -> bytes:
        return f"{MARK}={self._folder}".encode()

    def _exit(self) -> Exit | None:
        leader = self._known()
        is_over = leader is None or not is_alive(leader)  # before the file: its last act
        code = _text(self._folder / "exit")
        if code.endswith("\n"):
            return Exit(int(code))
        return KILLED if is_over else None


def _launch(folder: Path, spec: Spec) -> None:
    """Make the folder in one step, so that a name is taken once, and start the leader."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    failpoint("create.before")
    draft = Path(tempfile.mkdtemp(prefix=f"{DRAFT}{os.getpid()}-", dir=folder.parent))
    (draft / "labels").write_text(json.dumps(dict(spec.labels)))
    os.mkfifo(draft / "in", 0o600)
    for spool in ("out", "err"):
        (draft / spool).touch(0o600)
    try:
        draft.rename(folder)
    except OSError as error:
        shutil.rmtree(draft)
        raise Conflict(f"a sandbox {spec.name} exists") from error
    failpoint("create.after")
    failpoint("start.before")
    try:
        _spawn(folder, spec)
        failpoint("start.after")
    except OSError as error:
        shutil.rmtree(folder)
        raise Unavailable(f"sandbox {spec.name} did not start: {error}") from error


def _spawn(folder: Path, spec: Spec) -> None:
    # `setsid --fork` leaves the leader to init: nobody here has to reap it, and a program that
    # this board started is then in nothing different from one that it adopted.
    subprocess.run(
        ["setsid", "--fork", "/bin/sh", "-c", LEADER, "sh", str(folder), *spec.argv],
        cwd=spec.places.work,
        env=_environment(folder, spec),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _environment(folder: Path, spec: Spec) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = {"HOME": str(spec.places.home)}
    return {"PATH": os.defpath} | kept | home | dict(spec.env) | {MARK: str(folder)}


def _find(root: Path, labels: Mapping[str, str]) -> list[Found]:
    found = []
    for draft in root.glob(f"{DRAFT}*"):  # of a board that was killed while it made one
        if not Path(f"/proc/{draft.name.removeprefix(DRAFT).partition('-')[0]}").exists():
            shutil.rmtree(draft, ignore_errors=True)
    for path in sorted(root.glob("[!.]*/labels")):
        carried = json.loads(_text(path) or "{}")
        if labels.items() <= carried.items():
            leader = Identity.parse(_text(path.parent / "leader"))
            is_running = leader is not None and is_alive(leader)
            found.append(Found(path.parent.name, carried, is_running))
    return found


@contextlib.contextmanager
def _input(fifo: Path) -> Iterator[int]:
    try:
        pipe = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:  # no reader: the leader and the program are gone
        raise Unavailable(f"{fifo.parent.name} takes no input any more") from error
    try:
        with contextlib.suppress(PermissionError):  # the user's share of pipe memory is used up
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
        yield pipe
    finally:
        os.close(pipe)


def _feed(pipe: int, rest: memoryview) -> int:
    try:
        return os.write(pipe, rest)
    except BlockingIOError:
        return 0


def _read(path: Path, start: int) -> bytes:
    # Read here and not in a thread: 64 KiB of a file that was just written take less than the hop.
    try:
        with path.open("rb") as spool:
            size = spool.seek(0, os.SEEK_END)
            spool.seek(start if start >= 0 else max(0, size + start))
            return spool.read(CHUNK)
    except FileNotFoundError:  # removed meanwhile
        return b""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _now() -> float:
    return asyncio.get_running_loop().time()

"""A program in a real pseudo-terminal: what it wrote, when, and what it had cost by then."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

COLUMNS, ROWS = 120, 40
QUIET = 0.4  # seconds without output after which a frame counts as the last
BUSY_SHARE = 0.25  # of a core; a program that uses more is not at rest
# What a terminal answers to what Textual asks, so that nobody waits for an answer.
ANSWERS = (
    (rb"\x1b\[\?2026\$p", b"\x1b[?2026;2$y"),  # synchronised output: known, off
    (rb"\x1b\[\?2048\$p", b"\x1b[?2048;0$y"),  # resizes in the input: not known
    (rb"\x1b\[\?u", b"\x1b[?0u"),
    (rb"\x1b\[c", b"\x1b[?62;22c"),
    (rb"\x1b\[6n", b"\x1b[1;1R"),
    (rb"\x1b\[14t", b"\x1b[4;800;1200t"),
    (rb"\x1b\[16t", b"\x1b[6;20;10t"),
    (rb"\x1b\[18t", f"\x1b[8;{ROWS};{COLUMNS}t".encode()),
    (rb"\x1b\]11;\?(?:\x07|\x1b\\)", b"\x1b]11;rgb:1010/1010/1010\x1b\\"),
)
_ASKED = re.compile(b"|".join(b"(" + asked + b")" for asked, _ in ANSWERS))
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?u")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came at once: when (seconds), and the CPU seconds the program had used by then."""

    at: float
    cpu: float
    text: bytes


class Terminal:
    """A program on a terminal that answers and reads everything; a context that ends it."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (COLUMNS, ROWS),
    ) -> None:
        self._own, theirs = os.openpty()
        self.resize(*size)
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(env), cwd=folder,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self.pid = self._process.pid
        self._tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._own)

    def cpu(self) -> float:
        """Return the CPU seconds of the program so far, its ended threads included."""
        return time.clock_gettime((~self.pid << 3) | 2)  # clock_getcpuclockid(3)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program is told by a signal."""
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text: bytes) -> None:
        """Type."""
        os.write(self._own, text)

    def read(self, longest: float) -> Chunk | None:
        """Return what comes next, None if nothing came for so many seconds or the program ended."""
        if not select.select([self._own], [], [], longest)[0]:
            return None
        try:
            text = os.read(self._own, 1 << 17)
            chunk = Chunk(time.perf_counter(), self.cpu(), text)
        except OSError:
            return None
        self._answer(text)
        return chunk

    def record(self, is_done: Callable[[bytes], bool], cap: float, quiet: float = QUIET) -> "Recording":
        """Read until `is_done(everything so far)` and it rests, or until `cap` seconds are over.

        It rests when it neither wrote nor worked for `quiet` seconds.
        """
        chunks: list[Chunk] = []
        whole, done, end = bytearray(), False, time.perf_counter() + cap
        while (left := end - time.perf_counter()) > 0:
            cpu = self.cpu()
            chunk = self.read(min(quiet, left))
            if chunk is None:
                done = done or is_done(bytes(whole))
                is_resting = self.cpu() - cpu < BUSY_SHARE * quiet
                if (done and is_resting) or self._process.poll() is not None:
                    return Recording(tuple(chunks), is_capped=not done)
                continue
            chunks.append(chunk)
            whole += chunk.text
        return Recording(tuple(chunks), is_capped=True)

    def drain(self) -> "Recording":
        """Return what waits to be read."""
        chunks = []
        while (chunk := self.read(0)) is not None:
            chunks.append(chunk)
        return Recording(tuple(chunks), is_capped=False)

    def _answer(self, text: bytes) -> None:
        seen = self._tail + text
        end = 0
        for asked in _ASKED.finditer(seen):
            end = asked.end()
            self.send(ANSWERS[(asked.lastindex or 1) - 1][1])
        self._tail = seen[max(end, len(seen) - 16) :]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a program wrote in a stretch of time."""

    chunks: tuple[Chunk, ...]
    is_capped: bool


class Screen:
    """What a person would see."""

    def __init__(self, size: tuple[int, int] = (COLUMNS, ROWS)) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)

    def feed(self, recording: Recording) -> None:
        """Take in what was written."""
        for chunk in recording.chunks:
            self.take(chunk.text)

    def take(self, text: bytes) -> None:
        """Take in some bytes."""
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", text))

    @property
    def lines(self) -> list[str]:
        """The rows of the screen."""
        return list(self._screen.display)

    def found(self, pattern: str) -> set[str]:
        """Return what matches on the screen."""
        return set(re.findall(pattern, "\n".join(self.lines)))


def first_full(recording: Recording, pattern: str, size: tuple[int, int] = (COLUMNS, ROWS)) -> Chunk | None:
    """Return the chunk with which the screen first showed all that it shows of `pattern` at the end."""
    last = Screen(size)
    last.feed(recording)
    wanted = last.found(pattern)
    screen = Screen(size)
    for chunk in recording.chunks:
        screen.take(chunk.text)
        if wanted and screen.found(pattern) >= wanted:
            return chunk
    return None

"""Cuts streams of bytes into lines, in bounded memory."""

from collections.abc import AsyncIterator

MOST_VALUES = 2_000_000  # of a JSON text; in memory, the least of them takes twenty times its bytes


def is_heavy(text: bytes | bytearray) -> bool:
    """Return True for JSON that may unfold to more memory than one agent should take."""
    return len(text) > MOST_VALUES and sum(map(text.count, (b",", b"[", b"{"))) > MOST_VALUES


class Framer:
    """Cuts a byte stream into lines. A line beyond `longest` bytes is dropped and counted.

    `start` is where in the stream its first byte stands.
    """

    def __init__(self, longest: int, start: int = 0) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._length = 0
        self.dropped = 0
        self.end = start  # bytes up to the end of the last line that was given out

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that this chunk completed, without their line ends."""
        lines: list[bytes] = []
        *heads, tail = chunk.split(b"\n")
        for head in heads:
            self._add(head)
            self.end += 1
            lines += self._take()
        self._add(tail)
        return lines

    def rest(self) -> list[bytes]:
        """Return the last line, if the stream ended without a line end."""
        return self._take() if self._length else []

    def _add(self, part: bytes) -> None:
        self._length += len(part)
        if self._length <= self._longest:
            self._parts.append(part)
        else:
            self._parts.clear()

    def _take(self) -> list[bytes]:
        is_kept = self._length <= self._longest
        self.end += self._length
        self.dropped += not is_kept
        line = b"".join(self._parts)
        self._parts.clear()
        self._length = 0
        return [line] if is_kept else []


async def cut(chunks: AsyncIterator[bytes], at: int) -> AsyncIterator[bytes]:
    """Pass chunks on, none of which reaches over byte `at` of the stream."""
    async for chunk in chunks:
        if 0 < at < len(chunk):
            yield chunk[:at]
            yield chunk[at:]
        else:
            yield chunk
        at -= len(chunk)

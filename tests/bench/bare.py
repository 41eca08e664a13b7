"""The lower floor: an event loop that draws one character for each key."""

import asyncio
import os
import sys
import termios
import tty

FRAME = b"\x1b[?2026hx\x1b[?2026l"


def _echo() -> None:
    if os.read(0, 1024):
        os.write(1, FRAME)


async def main() -> None:
    """Answer keys until killed."""
    asyncio.get_running_loop().add_reader(0, _echo)
    os.write(1, b"".join(b"Card-%06d" % n for n in range(20)) + FRAME)
    await asyncio.Event().wait()


if __name__ == "__main__":
    tty.setraw(sys.stdin.fileno(), termios.TCSANOW)
    asyncio.run(main())

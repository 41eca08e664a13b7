"""A real terminal: a program in a tmux server of its own, keys and the mouse sent to it, its screen read."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds until something must be seen
NEEDED = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")


class Terminal:
    """A terminal of tmux."""

    def __init__(self, tmux: Sequence[str]) -> None:
        self._tmux = tmux

    def run(self, *args: str) -> str:
        """Run a tmux command and return what it says."""
        return subprocess.run([*self._tmux, *args], check=True, capture_output=True, text=True).stdout

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return self.run("capture-pane", "-p")

    def until(self, *words: str, gone: Sequence[str] = ()) -> list[str]:
        """Return the rows of the screen as soon as they hold all of these words and none of `gone`."""
        end = time.monotonic() + PATIENCE
        while True:
            seen = self.text
            if all(word in seen for word in words) and not any(word in seen for word in gone):
                return seen.splitlines()
            assert time.monotonic() < end, f"never {words} without {tuple(gone)}:\n{seen}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        for key in keys:
            self.run("send-keys", key)

    def type(self, text: str) -> None:
        """Type characters as they are."""
        self.run("send-keys", "-l", text)

    def mouse(self, code: int, x: int, y: int, end: str = "M") -> None:
        """Send what a terminal sends for its mouse (SGR 1006); cells count from 0 here."""
        sent = f"\x1b[<{code};{x + 1};{y + 1}{end}".encode()
        self.run("send-keys", "-H", *(f"{byte:02x}" for byte in sent))


@contextmanager
def terminal(
    folder: Path,
    command: Sequence[str],
    size: tuple[int, int] = (120, 40),
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """Run a command in a terminal; the socket is in `folder`. When it ends, the screen says `LEFT code`."""
    tmux = ["tmux", "-f", os.devnull, "-S", str(folder / "tmux")]
    given = [f"{key}={value}" for key, value in {"PYTHONPATH": str(ROOT), **(env or {})}.items()]
    shell = ["sh", "-c", '"$@"; echo "LEFT $?"; exec sleep 600', "sh"]
    started = ["new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(cwd)]
    inside = ["env", "-u", "COLUMNS", "-u", "LINES", "-u", "NO_COLOR", *given, *shell, *command]
    subprocess.run([*tmux, *started, *inside], check=True)
    try:
        yield Terminal(tmux)
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)

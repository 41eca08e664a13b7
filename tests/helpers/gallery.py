"""Real exports as boards: `python -m tests.helpers.gallery EXPORTS OUT` draws each at three sizes.

EXPORTS holds NAME.jsonl files; OUT gets NAME-80x24.svg and so on, to be looked at.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from halftui.domain import jsonl
from halftui.domain.actor import person
from halftui.errors import Refused
from halftui.ops import boards, interchange
from halftui.service.review import Review
from halftui.service.service import Service
from halftui.store.store import Store
from halftui.tui.app import HalfApp

SIZES = ((80, 24), (120, 40), (200, 50))
NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z, after all that the exports tell of
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@contextmanager
def imported(export: Path, folder: Path) -> Iterator[tuple[Service, str]]:
    """Yield the service and the name of a fresh board that took a file in."""
    with closing(Store(f"sqlite:///{folder}/{export.stem}.db", lambda: NOW)) as store:
        store.prepare()
        board = store.write(person("ann"), boards.create, "real", "/srv/real", "main")
        with export.open("rb") as lines:
            store.write(person("ann"), interchange.take, board, list(jsonl.read(lines)))
        yield Service(store, person("ann"), _no_review), board


def _no_review(board: str) -> Review:
    raise Refused(f"{board} has no repository here", "an export has none")


async def picture(service: Service, board: str, size: tuple[int, int]) -> str:
    """Return the board as SVG."""
    app = HalfApp(service, board, clock=lambda: NOW, env=COLOURS)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.6)
        return app.export_screenshot(title=f"{size[0]}x{size[1]}")


def main(exports: Path, out: Path) -> None:
    """Draw every export at every size."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for export in sorted(exports.glob("*.jsonl")):
            with imported(export, Path(folder)) as (service, board):
                for size in SIZES:
                    svg = asyncio.run(picture(service, board, size))
                    (out / f"{export.stem}-{size[0]}x{size[1]}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

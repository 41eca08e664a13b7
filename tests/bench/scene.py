"""What is measured on: boards of many beads, the peer with as many tasks, and how each is started."""

import os
import sqlite3
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from halftui.domain import rank
from halftui.main.house import House
from halftui.settings import Settings
from halftui.store.rows.tables import Bead
from tests.helpers.boards import make_repository

ROOT = Path(__file__).parents[2]
ENTRY = "from halftui.main import main; main()"  # as the installed command does it
TITLE = "Card-{:06}"
TITLES = r"Card-\d{6}"
PEER = "kanban-tui"
PEER_VERSION = "0.21.2"
LANES = ("ready", "ready", "blocked", "review", "done")


@dataclass(frozen=True)
class Program:
    """Something that can be started on a terminal."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment that knows nothing of this machine's person."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def house(folder: Path) -> House:
    """Return the house of a board in `folder`."""
    return House(
        Settings(home=str(folder / "home"), sandbox="local"),
        {"HALFTUI_USER": "ann", "HALFTUI_CONFIG": str(folder / "config")},
    )


def halftui(folder: Path, *args: str) -> Program:
    """Return the `halftui` command over the board in `folder`."""
    env = environment(
        folder, HALFTUI_HOME=str(folder / "home"), HALFTUI_CONFIG=str(folder / "config"),
        HALFTUI_USER="ann", HALFTUI_SANDBOX="local",
    )  # fmt: skip
    return Program((sys.executable, "-c", ENTRY, *args), env, folder / "shop")


def bare(folder: Path) -> Program:
    """Return an interpreter that does nothing."""
    return Program((sys.executable, "-c", "pass"), environment(folder), folder)


def script(folder: Path, name: str, *args: str) -> Program:
    """Return one of this folder's own programs, the floors."""
    return Program((sys.executable, "-m", f"tests.bench.{name}", *args), environment(folder), ROOT)


def board(folder: Path, count: int) -> Path:
    """Make a board of so many beads in `folder`, if it is not there yet, and return the folder."""
    if folder.exists():
        return folder
    made = house(folder)
    row = made.init(make_repository(folder / "shop"), mode="manual", sandbox="local", prefix="ht")
    made.store.close()
    with closing(sqlite3.connect(folder / "home" / "halftui.db")) as connection:
        fill(connection, row.id, count)
    return folder


def fill(connection: sqlite3.Connection, board_id: str, count: int, lanes: tuple[str, ...] = LANES) -> None:
    """Write so many beads, spread over the lanes."""
    now = time.time()
    template = Bead(id="", board_id=board_id, title="", rank="", created_at=now, updated_at=now).columns()
    rows = []
    for number, key in enumerate(rank.spread(count)):
        lane = lanes[number % len(lanes)]
        state = "open" if lane in ("ready", "blocked") else lane
        rows.append({
            **template, "id": f"ht-{number:06}", "title": TITLE.format(number), "rank": key, "state": state,
            "hold": "later" if lane == "blocked" else "", "is_inert": int(lane == "blocked"),
            "closed_at": now + number if lane == "done" else None,
        })  # fmt: skip
    with connection:
        names = ", ".join(f":{name}" for name in template)
        connection.executemany(f"INSERT INTO bead ({', '.join(template)}) VALUES ({names})", rows)


def cache() -> Path:
    """Return where what was fetched is kept between runs."""
    return Path(os.environ.get("HALFTUI_TEST_CACHE") or Path.home() / ".cache/halftui-test")


def peer(folder: Path, count: int) -> Program:
    """Return the peer over as many tasks in three columns; it is installed on first use."""
    program = _installed()
    folder.mkdir(exist_ok=True)
    database = folder / "peer.db"
    env = environment(
        folder, KANBAN_TUI_CONFIG_FILE=str(folder / "peer.toml"), KANBAN_TUI_DATABASE_FILE=str(database),
        XDG_CONFIG_HOME=str(folder / "config"), XDG_DATA_HOME=str(folder / "data"),
    )  # fmt: skip
    del env["PYTHONPATH"]
    if not database.exists():
        subprocess.run([program, "board", "create", "Bench"], env=env, check=True, capture_output=True)
        # The command line writes to the default place, whatever the environment says.
        found = next(p for p in folder.rglob("*.db"))
        if found != database:
            env["KANBAN_TUI_DATABASE_FILE"] = str(database := found)
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.executemany(
                "INSERT INTO tasks (title, column, description, creation_date, position)"
                " VALUES (?, ?, '', '2026-01-01T00:00:00', ?)",
                [(TITLE.format(n), n % 3 + 1, n // 3) for n in range(count)],
            )
    return Program((str(program),), env, folder)


def _installed() -> Path:
    place = cache() / f"{PEER}-{PEER_VERSION}"
    program = place / "bin" / "ktui"
    if not program.exists():
        venv.create(place, with_pip=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q", f"{PEER}=={PEER_VERSION}"]
        subprocess.run(pip, check=True)
    return program

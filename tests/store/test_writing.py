"""Transactions: all or nothing, one writer at a time, every change with its event."""

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.errors import Conflict, HalfTUIError, Misconfigured, NotFound, Refused, Unavailable
from halftui.ops import beads, boards, transcripts, views
from halftui.store import server
from halftui.store import store as door
from halftui.store.rows.tables import Bead
from halftui.store.store import Store
from halftui.store.tx import Tx
from tests.helpers.stores import ANN, Clock


def test_an_error_undoes_everything_and_wakes_nobody(store: Store, board: str) -> None:
    woken: list[int] = []
    store.on_wake(lambda: woken.append(1))
    before = store.read(views.last_seq)

    def half(tx: Tx) -> None:
        beads.create(tx, board, "never there")
        raise Refused("no")

    with pytest.raises(Refused):
        store.write(ANN, half)
    assert store.read(views.beads, board) == ()
    assert store.read(views.last_seq) == before
    assert woken == []


def test_a_change_and_its_event_come_together(store: Store, board: str, clock: Clock) -> None:
    clock.now += 5
    bead = store.write(ANN, beads.create, board, "one")
    event = store.read(views.events, 0, bead)[-1]
    assert (event.verb, event.actor, event.at, event.subject) == (
        "bead.create",
        "person:ann",
        clock.now,
        bead,
    )


def test_who_is_told_of_a_change(store: Store, board: str) -> None:
    woken: list[int] = []
    end = store.on_wake(lambda: woken.append(1))
    store.write(ANN, beads.create, board, "one")
    assert woken == [1]
    store.write(ENGINE, transcripts.append, "none@1", [], "")  # leaves no event
    assert woken == [1]
    end()
    store.write(ANN, beads.create, board, "two")
    assert woken == [1]


def test_a_reading_is_of_one_moment(store: Store, board: str) -> None:
    def twice(rows: door.Rows) -> tuple[int, int]:
        first = rows.rows("SELECT count(*) FROM bead")[0][0]
        store.write(ANN, beads.create, board, "meanwhile")
        return int(first), int(rows.rows("SELECT count(*) FROM bead")[0][0])

    assert store.read(twice) == (0, 0)


def test_a_reading_can_not_write(store: Store) -> None:
    with pytest.raises(HalfTUIError):
        store.read(lambda rows: rows.rows("DELETE FROM event"))


def test_a_version_that_was_not_seen_is_a_conflict(store: Store, board: str) -> None:
    bead = store.write(ANN, beads.create, board, "one")
    store.write(ANN, beads.edit, bead, 1, title="two")
    with pytest.raises(Conflict, match="changed meanwhile"):
        store.write(ANN, beads.edit, bead, 1, title="three")
    assert store.read(views.bead, bead).card.title == "two"


def test_a_missing_row_is_not_found_by_its_name(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no bead ") as found:
        store.write(ANN, lambda tx: tx.get(Bead, "\x1b]0;evil\x07\u202e"))
    assert "\x1b" not in found.value.message
    assert "\u202e" not in found.value.message


def test_the_same_thing_made_twice_at_once_is_a_conflict(store: Store) -> None:
    def twice(tx: Tx) -> None:
        for _ in range(2):
            tx.change_each(
                "INSERT INTO person (name, role, created_at) VALUES (:n, 'admin', 0)", [{"n": "ann"}]
            )

    with pytest.raises(Conflict):
        store.write(ANN, twice)


def test_a_held_database_is_said_to_be_held(
    prepared_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BUSY_SECONDS", 0.1)
    file = tmp_path / "halftui.db"
    file.write_bytes(prepared_file.read_bytes())
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        closing(Store(f"sqlite:///{file}")) as store,
    ):
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="another process holds the database"):
            store.write(ANN, boards.create, "Half", "/srv/half", "main")
        assert store.read(views.boards) == ()  # reading goes on
        other.execute("ROLLBACK")
        store.write(ANN, boards.create, "Half", "/srv/half", "main")


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_writer_of_a_server_that_stands_still_holds_up_nobody_for_long(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(server, "STILL_SECONDS", 1.0)
    with closing(Store(url)) as still, closing(Store(url)) as other:

        def stand_still(tx: Tx) -> None:
            tx.rows("SELECT 1")
            with pytest.raises(Unavailable, match="another process holds the database"):
                other.write(ANN, boards.create, "Half", "/srv/half", "main")
            monkeypatch.setattr(door, "BUSY_SECONDS", 60.0)
            with closing(Store(url)) as patient:
                patient.write(ANN, boards.create, "Half", "/srv/half", "main")
            tx.rows("SELECT 1")

        with pytest.raises(Unavailable):
            still.write(ANN, stand_still)
        assert [one.name for one in still.read(views.boards)] == ["Half"]


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_all_of_a_server_have_one_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an engine whose clock is ahead takes the agents of another for dead."""
    true = time.time()
    monkeypatch.setattr(time, "time", lambda: 5.0)
    with closing(Store(url)) as store:
        times = (store.write(ANN, lambda tx: tx.now), store.read(lambda rows: rows.now), store.clock())
    assert [one for one in times if abs(one - true) > 600.0] == []


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_nothing_in_a_server_has_a_nul(store: Store) -> None:
    with pytest.raises(Misconfigured, match="NUL"):
        store.read(views.bead, "re\0")


def test_readers_in_many_threads(store: Store, board: str) -> None:
    store.write(ANN, beads.create, board, "one")

    def read(_: int) -> int:
        return len(store.read(views.snapshot, board).lane("ready").cards)

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(read, range(120))) == {1}


def test_commits_are_durable(tmp_path: Path, prepared_file: Path) -> None:
    file = tmp_path / "halftui.db"
    file.write_bytes(prepared_file.read_bytes())
    with closing(Store(f"sqlite:///{file}")) as store:
        found = store.write(
            ANN,
            lambda tx: [
                tx.rows(f"PRAGMA {p}")[0][0] for p in ("journal_mode", "synchronous", "foreign_keys")
            ],
        )
    assert found == ["wal", 2, 1]


_WRITER = """
import sys
from halftui.domain.actor import person
from halftui.ops import beads
from halftui.store.store import Store
store = Store(sys.argv[1])
for number in range(int(sys.argv[3])):
    store.write(person(sys.argv[4]), beads.create, sys.argv[2], f"{sys.argv[4]} {number}")
store.close()
"""


def test_writers_in_processes_leave_no_gap(store: Store, board: str) -> None:
    each, names = 40, ("ann", "bo", "cy")
    before = store.read(views.last_seq)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, store.url, board, str(each), name]) for name in names
    ]
    seen: list[int] = []
    last = before
    while any(w.poll() is None for w in writers) or store.read(views.last_seq) > last:
        for event in store.read(views.events, last):  # a tail that reads while they write
            seen.append(event.seq)
            last = event.seq
    assert [w.wait() for w in writers] == [0, 0, 0]
    assert seen == list(range(before + 1, before + 1 + each * len(names)))
    cards = store.read(views.beads, board, most=0)
    assert len(cards) == len({c.id for c in cards}) == each * len(names)
    assert len({c.rank for c in cards}) == len(cards)

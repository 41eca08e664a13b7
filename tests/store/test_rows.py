"""Rows: made out of the tables, read as SQLModel reads them, written with what changed in them."""

import pytest
from sqlmodel import Session, SQLModel, select

from halftui.errors import Conflict, NotFound
from halftui.ops import beads, boards
from halftui.store import crew, judged, tables, talk, trust
from halftui.store.rows import Row
from halftui.store.rows import crew as crew_rows
from halftui.store.rows import judged as judged_rows
from halftui.store.rows import tables as table_rows
from halftui.store.rows import talk as talk_rows
from halftui.store.rows import trust as trust_rows
from halftui.store.rows.judged import Outbox
from halftui.store.rows.tables import Bead, Board, Edge, Key, Person
from halftui.store.store import Store
from halftui.store.tx import Tx
from tests.helpers import rows
from tests.helpers.stores import ANN

PLACES = {
    tables: table_rows, crew: crew_rows, judged: judged_rows, talk: talk_rows, trust: trust_rows,
}  # fmt: skip
KINDS: dict[type[SQLModel], type[Row]] = {
    table: getattr(made, table.__name__) for place, made in PLACES.items() for table in rows.declared(place)
}


def test_the_files_are_what_the_tables_say() -> None:
    for file, text in rows.files().items():
        assert file.read_text(encoding="utf-8") == text, "run: python -m tests.helpers.rows"


def test_no_column_hides_what_a_row_needs() -> None:
    for kind in KINDS.values():
        assert not set(kind.COLUMNS) & set(dir(Row)), kind


def test_sqlmodel_reads_what_rows_wrote(store: Store, board: str) -> None:
    first = store.write(ANN, beads.create, board, "one", labels=["a"], priority=1)
    second = store.write(ANN, beads.create, board, "two", after_beads=[first])
    with Session(store.engine()) as session:
        found = session.exec(select(tables.Bead).order_by(tables.Bead.title)).all()
        assert [(b.id, b.priority, b.labels, b.blockers) for b in found] == [
            (first, 1, '["a"]', 0),
            (second, 2, "[]", 1),
        ]
        assert session.get(tables.Edge, (second, first, "blocks")) is not None


def test_a_row_of_sqlmodel_is_the_row(store: Store, board: str) -> None:
    ident = store.write(ANN, beads.create, board, "one")
    with Session(store.engine()) as session:
        told = session.get_one(tables.Bead, ident).model_dump()
    assert store.write(ANN, lambda tx: tx.get(Bead, ident).columns()) == told


@pytest.mark.parametrize(("table", "kind"), KINDS.items(), ids=lambda kind: kind.__name__)
def test_a_new_row_is_as_sqlmodel_makes_it(table: type[SQLModel], kind: type[Row]) -> None:
    given = {name: "x" for name, field in table.model_fields.items() if field.is_required()}
    assert kind(**given).columns() == table(**given).model_dump(warnings=False)


def test_only_what_changed_is_written(store: Store, board: str) -> None:
    ident = store.write(ANN, beads.create, board, "one")

    def both(tx: Tx) -> tuple[str, int]:
        row = tx.get(Bead, ident)
        row.title = "two"
        tx.run("UPDATE bead SET priority = 4 WHERE id = :i", i=ident)  # beside the row, which holds 2
        row.notes = "more"
        ((title, priority),) = tx.rows("SELECT title, priority FROM bead WHERE id = :i", i=ident)
        return str(title), int(priority)

    assert store.write(ANN, both) == ("two", 4)


def test_a_changing_statement_is_seen_in_held_rows(store: Store, board: str) -> None:
    ident = store.write(ANN, beads.create, board, "one")

    def held(tx: Tx) -> tuple[str, str, int]:
        row = tx.get(Bead, ident)
        row.title = "two"
        tx.change("UPDATE bead SET priority = 4, notes = title WHERE id = :i", i=ident)
        row.hold = "set before anything is read"
        assert row is tx.get(Bead, ident)
        return row.notes, row.hold, row.priority

    assert store.write(ANN, held) == ("two", "set before anything is read", 4)


def test_rows_that_name_each_other_are_added_in_order(store: Store) -> None:
    def both(tx: Tx) -> list[tuple[str, str]]:
        tx.add(Person(name="cy", created_at=tx.now))
        tx.add(Key(fingerprint="f", person="cy", kind="k", blob="b", created_at=tx.now))
        return [(str(a), str(b)) for a, b in tx.rows('SELECT fingerprint, person FROM "key"')]

    assert store.write(ANN, both) == [("f", "cy")]


def test_a_key_that_the_database_makes(store: Store, board: str) -> None:
    def two(tx: Tx) -> list[int | None]:
        put = [
            tx.add(Outbox(board_id=board, bead_id="b", act=act, tip="", due_at=tx.now, made_at=tx.now))
            for act in ("open", "look")
        ]
        put[1].tries = 3
        assert tx.get(Outbox, put[1].seq or 0) is put[1]
        return [*(row.seq for row in put), int(tx.rows("SELECT sum(tries) FROM outbox")[0][0])]

    first, second, tries = store.write(ANN, two)
    assert (second, tries) == ((first or 0) + 1, 3)


def test_what_is_true_is_written_as_a_number(store: Store, board: str) -> None:
    def pause(tx: Tx) -> None:
        tx.get(Board, board).is_paused = True

    store.write(ANN, pause)
    assert store.read(lambda r: r.rows("SELECT is_paused FROM board")) == [(1,)]


def test_a_deleted_row_is_gone(store: Store, board: str) -> None:
    first = store.write(ANN, beads.create, board, "one")
    second = store.write(ANN, beads.create, board, "two", after_beads=[first])

    def drop(tx: Tx) -> Edge | None:
        edge = tx.get(Edge, second, first, "blocks")
        edge.gate = "any-children"
        tx.delete(edge)
        return tx.find(Edge, second, first, "blocks")

    assert store.write(ANN, drop) is None


def test_a_row_that_a_statement_took_away(store: Store, board: str) -> None:
    ident = store.write(ANN, beads.create, board, "one")

    def gone(tx: Tx) -> str:
        row = tx.get(Bead, ident)
        tx.change("DELETE FROM bead WHERE id = :i", i=ident)
        return row.title

    with pytest.raises(NotFound, match=f"there is no bead {ident}"):
        store.write(ANN, gone)


def test_a_second_row_with_the_key_is_a_conflict(store: Store, board: str) -> None:
    def again(tx: Tx) -> None:
        tx.add(Person(name="cy", created_at=tx.now))
        tx.flush()
        tx.run("INSERT INTO person (name, role, theme, created_at) VALUES ('cy', 'admin', '', 0)")

    with pytest.raises(Conflict):
        store.write(ANN, again)


def test_there_is_no_other_column(store: Store, board: str) -> None:
    with pytest.raises(AttributeError, match="Board has no colour"):
        store.write(ANN, lambda tx: getattr(tx.get(Board, board), "colour"))  # noqa: B009 - not declared
    store.write(ANN, boards.edit, board, cap=3)


def test_a_statement_costs_what_changed_and_not_what_is_held(store: Store, board: str) -> None:
    def fill(tx: Tx) -> None:
        for number in range(100):
            beads.create(tx, board, str(number))
            assert len(tx._noted) <= 2, "what the next statement has to write"
        assert len(tx._held) > 100

    store.write(ANN, fill)

"""One transaction: a connection, an actor, the rows it holds, and the events it leaves."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from halftui.domain import history
from halftui.domain.actor import Actor
from halftui.domain.text import clean_line
from halftui.errors import Conflict, NotFound
from halftui.store.rows import Row, insertion, key_of

BATCH = 400  # ids in one statement, below every database's limit of parameters

_EVENT = ("seq", "at", "actor", "verb", "board_id", "subject", "before", "after", "hash")
_APPEND = f"INSERT INTO event ({', '.join(_EVENT)}) VALUES ({', '.join(f':{name}' for name in _EVENT)})"

Table = TypeVar("Table", bound=Row)


class Connection(Protocol):
    """A connection within a transaction; sqlite3's is one."""

    def execute(self, sql: str, values: Mapping[str, Any], /) -> Any:
        """Run a statement, whose parameters are written `:name`; return its cursor."""

    def executemany(self, sql: str, values: Sequence[Mapping[str, Any]], /) -> Any:
        """Run a statement once for each of the values."""


class Tx:
    """A running transaction of one actor; rows never leave it."""

    def __init__(self, connection: Connection, actor: Actor, now: float) -> None:
        self.actor = actor
        self.now = now
        self.has_recorded = False  # True once an event was appended
        self._connection = connection
        self._held: dict[tuple[type[Row], tuple[Any, ...]], Row] = {}
        # Of those, in their order, what may have to be written, and what is known of the database: so that a
        # statement costs what changed since the one before, and not what is held.
        self._noted: dict[Row, None] = {}
        self._known: dict[Row, None] = {}
        self._tail: tuple[int, str] | None = None  # number and hash of the newest event

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`, whose parameters are written `:name`."""
        found: Sequence[tuple[Any, ...]] = self._ran(sql, values).fetchall()
        return found

    def rows_of(self, sql: str, ids: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement that ends in IN, over any number of ids."""
        wanted = list(ids)
        for start in range(0, len(wanted), BATCH):
            named = {f"i{n}": one for n, one in enumerate(wanted[start : start + BATCH])}
            yield from self.rows(f"{sql} ({', '.join(f':{name}' for name in named)})", **named)

    def change(self, sql: str, **values: Any) -> int:
        """Run an UPDATE or DELETE; return how many rows it touched."""
        count: int = self._ran(sql, values).rowcount
        self._forget()
        return count

    def run(self, sql: str, **values: Any) -> None:
        """Run a statement on rows that this transaction does not hold: what it holds stays as it is."""
        self._ran(sql, values)

    def change_each(self, sql: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT or UPDATE once for each of the values."""
        if values:
            self.run_each(sql, values)
            self._forget()

    def run_each(self, sql: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each of the values, on rows that this transaction does not hold."""
        if values:
            self.flush()
            self._connection.executemany(sql, values)

    def add_each(self, table: type[Row], values: Sequence[Mapping[str, Any]]) -> None:
        """Add many rows at once; all of them name the same columns."""
        if values:
            self.run_each(insertion(table, tuple(values[0])), values)

    def get(self, table: type[Table], *key: str | int) -> Table:
        """Return the row of a key. Raises NotFound."""
        if (row := self.find(table, *key)) is None:
            raise _missing(table, key)
        return row

    def find(self, table: type[Table], *key: str | int) -> Table | None:
        """Return the row of a key, None if there is none. Within a transaction it is one object."""
        held = self._held.get((table, key))
        if isinstance(held, table):
            return held
        found = self.rows(table.SELECT, **key_of(key))
        if not found:
            return None
        row = table.found(self, key, found[0])
        self._held[table, key] = row
        self._known[row] = None
        return row

    def add(self, row: Table) -> Table:
        """Add a row and return it; one that is there is left as it is.

        It is written with its changes, before the next statement. If the database gives it its key, at
        once.
        """
        if row.holding is None:
            row.holding = self
            if row.ident == (None,):
                self._number(row)
            self._held[type(row), row.ident] = row
            self._noted[row] = self._known[row] = None
        return row

    def delete(self, row: Row) -> None:
        """Delete a row."""
        self._ran(f'DELETE FROM "{row.TABLE}" WHERE {row.BY_KEY}', key_of(row.ident))
        del self._held[type(row), row.ident]
        self._noted.pop(row, None)
        self._known.pop(row, None)

    def flush(self) -> None:
        """Write what was added or changed, in the order in which that was done."""
        noted, self._noted = self._noted, {}
        for row in noted:
            if row.__dict__ != row.stored:
                self._write(row)

    def note(self, row: Row) -> None:
        """Hear that a column of a row was set."""
        self._noted[row] = self._known[row] = None

    def read(self, row: Row) -> tuple[Any, ...]:
        """Return a row's columns as they are now. Raises NotFound if it is gone."""
        found = self.rows(row.SELECT, **key_of(row.ident))
        if not found:
            raise _missing(type(row), row.ident)
        self._known[row] = None
        return found[0]

    def _ran(self, sql: str, values: Mapping[str, Any]) -> Any:
        """Run a statement after all that waits to be written, and return its cursor."""
        self.flush()
        return self._connection.execute(sql, values)

    def _forget(self) -> None:
        """Let all rows be read anew when they are asked for: a statement may have changed them."""
        known, self._known = self._known, {}
        for row in known:
            row.forget()

    def _write(self, row: Row) -> None:
        changes = {name: int(v) if isinstance(v, bool) else v for name, v in row.changes().items()}
        if row.stored is None:
            self._connection.execute(insertion(type(row), tuple(changes)), changes)
        else:
            settings = ", ".join(f'"{name}" = :{name}' for name in changes)
            statement = f'UPDATE "{row.TABLE}" SET {settings} WHERE {row.BY_KEY}'
            self._connection.execute(statement, changes | key_of(row.ident))
        row.stored = row.columns()

    def _number(self, row: Row) -> None:
        """Add a row whose key the database makes."""
        (name,) = row.KEY
        values = {column: value for column, value in row.columns().items() if column != name}
        statement = f'{insertion(type(row), tuple(values))} RETURNING "{name}"'
        ((number,),) = self._ran(statement, values).fetchall()
        row.take(tuple({**values, name: number}[column] for column in row.COLUMNS))
        row.ident = (number,)

    def touch(self, row: Any, version: int | None) -> None:
        """Raise a row's version. Raises Conflict if it is not the `version` that was seen."""
        if version is not None and row.version != version:
            raise Conflict(f"{row.id} was changed meanwhile", "look at it again")
        row.version += 1
        if hasattr(row, "updated_at"):
            row.updated_at = self.now
        self.add(row)

    def record(
        self,
        verb: str,
        subject: str,
        board: str = "",
        before: Mapping[str, Any] | None = None,
        **after: Any,
    ) -> None:
        """Append the event of this change."""
        self.has_recorded = True
        self.run(_APPEND, **self._event(verb, subject, board, before or {}, after))

    def record_each(self, verb: str, board: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Append the events of one change to many subjects: what each is after it."""
        self.has_recorded = True
        self.run_each(_APPEND, [self._event(verb, one, board, {}, after) for one, after in changes.items()])

    def _event(
        self, verb: str, subject: str, board: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the next event's row, chained to the one before it."""
        number, digest = self._tail or self._newest()
        seq, texts = number + 1, [json.dumps(value, ensure_ascii=False) for value in (before, after)]
        row = (seq, self.now, str(self.actor), verb, board, subject, texts[0], texts[1])
        self._tail = seq, history.link(digest, row)
        return dict(zip(_EVENT, (*row, self._tail[1]), strict=True))

    def _newest(self) -> tuple[int, str]:
        """Return the newest event's number and hash; one writer at a time, so none comes between."""
        found = self.rows("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        return (int(found[0][0]), str(found[0][1])) if found else (0, "")


def _missing(table: type[Row], key: tuple[Any, ...]) -> NotFound:
    noun, shown = table.__name__.lower(), clean_line("/".join(map(str, key)), longest=80)
    return NotFound(f"there is no {noun} {shown}", f"halftui {noun} list shows them")

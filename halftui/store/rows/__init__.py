"""Rows as a transaction holds them: columns are attributes, and what changes in them is written.

The modules beside this one have a class for each table. They are made out of the tables, and cost next
to nothing to import.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, dataclass_transform


class Holder(Protocol):
    """Who holds rows: a transaction."""

    def read(self, row: "Row") -> tuple[Any, ...]:
        """Return a row's columns as they are now. Raises NotFound if it is gone."""

    def note(self, row: "Row") -> None:
        """Hear that a column of a row was set."""


@dataclass_transform(kw_only_default=True)
class Row:
    """A row of a table. What a new one is not given is the column's default."""

    # Besides the columns, which are all that the dictionary has: who holds it, its key, and what the
    # database has of it as far as that is known, None if it has no such row yet.
    __slots__ = ("__dict__", "holding", "ident", "stored")

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    COLUMNS: ClassVar[tuple[str, ...]]
    DEFAULTS: ClassVar[dict[str, Any]]
    SELECT: ClassVar[str]
    BY_KEY: ClassVar[str]  # the condition that `key_of` fills

    if TYPE_CHECKING:  # to whom a row has the columns that its class declares, and no others
        holding: "Holder | None"
        ident: tuple[Any, ...]
        stored: dict[str, Any] | None
    else:

        def __init__(self, **columns: Any) -> None:
            self.__dict__.update(self.DEFAULTS)
            self.__dict__.update(columns)
            self.holding = self.stored = None
            self.ident = tuple(map(self.__dict__.get, self.KEY))

        def __setattr__(self, name: str, value: Any) -> None:
            object.__setattr__(self, name, value)
            if name not in Row.__slots__ and self.holding is not None:
                self.holding.note(self)

        def __getattr__(self, name: str) -> Any:
            """Read anew what another statement may have changed."""
            if name not in self.COLUMNS or self.holding is None:
                raise AttributeError(f"{type(self).__name__} has no {name}")
            self.take(self.holding.read(self))
            return self.__dict__[name]

    def __init_subclass__(cls, table: str, key: tuple[str, ...] = ("id",)) -> None:
        cls.TABLE, cls.KEY, cls.COLUMNS = table, key, tuple(cls.__annotations__)
        cls.DEFAULTS = {name: vars(cls)[name] for name in cls.COLUMNS if name in vars(cls)}
        for name in cls.DEFAULTS:  # else they would stand for what is to be read anew
            delattr(cls, name)
        columns = ", ".join(f'"{name}"' for name in cls.COLUMNS)
        cls.BY_KEY = " AND ".join(f'"{name}" = :key{number}' for number, name in enumerate(key))
        cls.SELECT = f'SELECT {columns} FROM "{table}" WHERE {cls.BY_KEY}'

    @classmethod
    def found(cls, holding: Holder, ident: tuple[Any, ...], values: tuple[Any, ...]) -> Self:
        """Return a row that the database has."""
        row = cls.__new__(cls)
        row.holding, row.ident = holding, ident
        row.take(values)
        return row

    def take(self, values: tuple[Any, ...]) -> None:
        """Take all columns as the database has them."""
        self.stored = dict(zip(self.COLUMNS, values, strict=True))
        self.__dict__.update(self.stored)

    def forget(self) -> None:
        """Let all columns be read anew when they are asked for."""
        self.__dict__.clear()
        self.stored = {}

    def columns(self) -> dict[str, Any]:
        """Return the columns by name; of a row that the database has, those that were read or set."""
        return dict(self.__dict__)

    def changes(self) -> dict[str, Any]:
        """Return the columns that differ from what the database has."""
        stored = self.stored or {}
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in stored or stored[name] != value
        }


def key_of(ident: tuple[Any, ...]) -> dict[str, Any]:
    """Return the parameters of a row's `BY_KEY`."""
    return {f"key{number}": value for number, value in enumerate(ident)}


def insertion(table: type[Row], columns: tuple[str, ...]) -> str:
    """Return the statement that adds a row with these columns."""
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(f":{name}" for name in columns)
    return f'INSERT INTO "{table.TABLE}" ({names}) VALUES ({marks})'

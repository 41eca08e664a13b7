"""Writes `halftui/store/rows/` out of the tables: `python -m tests.helpers.rows`.

A test holds the files against what this makes, so that a row is what its table declares.
"""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from pydantic_core import PydanticUndefined
from sqlmodel import SQLModel

from halftui.store import crew, judged, rows, tables, talk, trust

FOLDER = Path(rows.__file__).parent
PLACES = (tables, crew, judged, talk, trust)
HEAD = '''"""The rows of `store.{place}`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row
'''


def files() -> dict[Path, str]:
    """Return every file with its text."""
    return {FOLDER / f"{_last(place)}.py": _source(place) for place in PLACES}


def declared(place: ModuleType) -> Iterator[type[SQLModel]]:
    """Yield the classes of the tables that a module declares, in its order."""
    for found in vars(place).values():
        if isinstance(found, type) and issubclass(found, SQLModel) and found.__module__ == place.__name__:
            yield found


def _source(place: ModuleType) -> str:
    return "\n\n".join((HEAD.format(place=_last(place)), *(_row(table) for table in declared(place))))


def _last(place: ModuleType) -> str:
    return place.__name__.rpartition(".")[2]


def _row(table: type[SQLModel]) -> str:
    made = SQLModel.metadata.tables[str(table.__tablename__)]
    key = tuple(column.name for column in made.primary_key)
    options = "" if key == ("id",) else f", key={key!r}".replace("'", '"')
    first = (table.__doc__ or "").strip().partition("\n")[0]
    head = f'class {table.__name__}(Row, table="{made.name}"{options}):\n    """{first}"""\n\n'
    return head + "".join(_column(column.name, table) for column in made.columns)


def _column(name: str, table: type[SQLModel]) -> str:
    field = table.model_fields[name]
    kind = field.annotation.__name__ if isinstance(field.annotation, type) else str(field.annotation)
    if field.default is PydanticUndefined:
        return f"    {name}: {kind}\n"
    value = f'"{field.default}"' if isinstance(field.default, str) else repr(field.default)
    return f"    {name}: {kind} = {value}\n"


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")

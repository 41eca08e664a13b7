"""Fixtures: an empty, prepared database of each kind, and a board in it."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel

import halftui.store.indexes  # noqa: F401 - it fills the metadata
from halftui.domain.actor import Actor, Role, person
from halftui.ops import boards
from halftui.store.store import Store
from tests.helpers import postgres

ANN = person("ann")
BO = Actor("person", "bo", Role.MAINTAINER)
KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
DATABASE = f"halftui_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[str], str]]:
    """Return what names databases on a PostgreSQL server that holds a prepared one."""
    if not postgres.is_there():
        pytest.skip(f"needs PostgreSQL: set {postgres.GIVEN} or install a server")
    with postgres.server() as url:
        command(url, f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE}")
        with closing(Store(url(DATABASE))) as made:
            made.prepare()
        yield url
        command(url, f"DROP DATABASE {DATABASE}")


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a prepared SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "halftui.db"
    with closing(Store(f"sqlite:///{file}")) as made:
        made.prepare()
    return file


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a prepared, empty database."""
    if request.param == "sqlite":
        file = tmp_path / "halftui.db"
        shutil.copy(request.getfixturevalue("prepared_file"), file)
        yield f"sqlite:///{file}"
        return
    named: Callable[[str], str] = request.getfixturevalue("server")
    tables = ", ".join(f'"{name}"' for name in SQLModel.metadata.tables)
    with closing(Store(named(DATABASE))) as used:
        used.write(ANN, lambda tx: tx.change(f"TRUNCATE {tables} RESTART IDENTITY"))
    yield named(DATABASE)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time, UTC seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    """Return a prepared, empty database of each kind."""
    with closing(Store(url, clock)) as opened:
        yield opened


@pytest.fixture
def board(store: Store) -> str:
    """Return a board in the database."""
    return store.write(ANN, boards.create, "Half", "/srv/half", "main")


def command(url: Callable[[str], str], *commands: str) -> None:
    """Run commands on a server's own database."""
    engine = create_engine(url("postgres").replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for command in commands:
            connection.execute(text(command))
    engine.dispose()

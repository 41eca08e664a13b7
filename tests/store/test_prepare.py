"""Making and opening databases: new, known, newer, damaged, out of reach."""

import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command as alembic_command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from halftui import logs
from halftui.errors import HalfTUIError, Misconfigured, NewerDatabase, Unavailable
from halftui.main.doctor import checks
from halftui.main.house import House
from halftui.ops import boards, views
from halftui.settings import Settings
from halftui.store import copies, schema
from halftui.store.ground import BESIDE, open_files
from halftui.store.sqlite import MissingTable
from halftui.store.store import HEAD, KNOWN, Store
from tests.helpers.stores import ANN, command


def _file(folder: Path) -> tuple[Store, Path]:
    file = folder / "halftui.db"
    return Store(f"sqlite:///{file}"), file


def test_head_is_alembics() -> None:
    scripts = ScriptDirectory.from_config(schema.config())
    assert scripts.get_heads() == [HEAD]
    assert {s.revision for s in scripts.walk_revisions()} == set(KNOWN)


def test_migrations_make_what_the_tables_say(store: Store) -> None:
    with store.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_indexes_with_conditions_are_made(prepared_file: Path) -> None:
    with closing(sqlite3.connect(prepared_file)) as connection:
        found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
    assert "WHERE state = 'open' AND blockers = 0 AND is_inert = 0" in found["ix_bead_ready"]
    assert "UNIQUE" in found["uq_attempt_live"]
    assert "WHERE not_before IS NOT NULL" in found["ix_bead_later"]


def test_a_new_database_is_made_with_its_folder(tmp_path: Path) -> None:
    store, file = _file(tmp_path / "a" / "b")
    with closing(store):
        assert store.revision() == ""
        store.prepare()
        assert store.revision() == HEAD
    assert file.exists()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0


def test_preparing_again_changes_nothing(url: str) -> None:
    with closing(Store(url)) as store:
        board = store.write(ANN, boards.create, "Half", "/srv/half", "main")
        store.prepare()
        assert store.read(views.board, board).name == "Half"


def test_reading_makes_no_file(tmp_path: Path) -> None:
    store, file = _file(tmp_path)
    with closing(store), pytest.raises(MissingTable, match="there is no HalfTUI database yet"):
        store.read(views.boards)
    assert not file.exists()


def test_an_empty_file_is_a_database_to_make(tmp_path: Path) -> None:
    store, file = _file(tmp_path)
    file.touch()
    with closing(store):
        store.prepare()
        assert store.revision() == HEAD


def test_a_newer_database_is_refused_untouched(tmp_path: Path, prepared_file: Path) -> None:
    file = tmp_path / "halftui.db"
    file.write_bytes(prepared_file.read_bytes())
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with closing(Store(f"sqlite:///{file}")) as store, pytest.raises(NewerDatabase, match="9999") as found:
        store.prepare()
    assert found.value.exit_code == 78
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_a_newer_server_database_is_refused(store: Store) -> None:
    store.write(ANN, lambda tx: tx.change("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        store.prepare()
    store.write(ANN, lambda tx: tx.change(f"UPDATE alembic_version SET version_num = '{HEAD}'"))


def test_an_older_database_is_copied_whole_before_the_upgrade(tmp_path: Path, prepared_file: Path) -> None:
    old, copy = tmp_path / "halftui.db", tmp_path / "halftui.db.before-upgrade"
    old.write_bytes(prepared_file.read_bytes())
    with closing(sqlite3.connect(old)) as writer:  # stays open, so its change is in the log only
        writer.execute("INSERT INTO person (name, role, created_at) VALUES ('ann', 'admin', 0)")
        writer.commit()
        with closing(Store(f"sqlite:///{old}")) as store:
            schema.upgrade(store.engine(), old)
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT name FROM person").fetchall() == [("ann",)]


def _fill(connection: sqlite3.Connection, table: str, **known: object) -> None:
    """Add a row; what is not named is some value of the column's type."""
    told = connection.execute(f"PRAGMA table_info({table})")
    columns = [(c[1], c[2]) for c in told if c[3] or c[1] in known]
    row = {name: known.get(name, 0 if kind in ("INTEGER", "DOUBLE") else "x") for name, kind in columns}
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def test_what_refers_to_attempts_survives_their_rebuilding(tmp_path: Path) -> None:
    file = tmp_path / "halftui.db"
    with closing(Store(f"sqlite:///{file}")) as store:
        settings = schema.config()
        with store.engine().begin() as connection:
            settings.attributes["connection"] = connection
            alembic_command.upgrade(settings, "0002")
    with closing(sqlite3.connect(file)) as old, old:
        _fill(old, "board", id="b")
        _fill(old, "agent", id="a", board_id="b")
        _fill(old, "bead", id="x-1", board_id="b")
        _fill(old, "attempt", id="x-1@1", bead_id="x-1", board_id="b", agent_id="a", state="working")
        _fill(old, "question", id="q", bead_id="x-1", board_id="b", attempt_id="x-1@1")
    with closing(Store(f"sqlite:///{file}")) as store:
        store.prepare()
        assert store.read(lambda r: r.rows("SELECT id, attempt_id FROM question")) == [("q", "x-1@1")]
        assert store.read(lambda r: r.rows("SELECT id FROM attempt")) == [("x-1@1",)]
        assert store.read(lambda r: r.rows("PRAGMA foreign_key_check")) == []
        assert store.write(ANN, lambda tx: tx.rows("PRAGMA foreign_keys")) == [(1,)], "they hold again"


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "halftui.db").mkdir()
    store, _ = _file(tmp_path)
    with closing(store), pytest.raises(Misconfigured, match="can't be opened"):
        store.prepare()


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    store, _ = _file(tmp_path / "home")
    with closing(store), pytest.raises(Misconfigured) as found:
        store.prepare()
    assert found.value.hint


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    store, file = _file(tmp_path)
    file.write_bytes(b"no database " * 500)
    with closing(store), pytest.raises(Misconfigured, match="damaged"):
        store.prepare()
    assert file.read_bytes() == b"no database " * 500


@pytest.mark.parametrize("page", range(0, 40, 3))
def test_a_damaged_page_is_a_typed_error_or_harmless(tmp_path: Path, prepared_file: Path, page: int) -> None:
    content = bytearray(prepared_file.read_bytes())
    start = (page * 4096) % len(content)
    content[start : start + 4096] = b"\xa5" * 4096
    store, file = _file(tmp_path)
    file.write_bytes(content)
    with closing(store):
        try:
            store.prepare()
            board = store.write(ANN, boards.create, "Half", "/srv/half", "main")
            store.read(views.snapshot, board)
        except HalfTUIError as error:
            assert error.hint  # noqa: PT017 - either end is right, a bare error is not


@pytest.mark.parametrize(
    "url",
    [
        "", "nonsense", "sqlite://", "sqlite:///", "sqlite:x.db", "mysql://root@localhost/x", "postgresql://",
        "http://example.org", "sqlite+aiosqlite:///x.db", "postgresql+psycopg2://localhost/x",
    ],
)  # fmt: skip
def test_urls_of_unknown_kinds(url: str) -> None:
    with pytest.raises(Misconfigured, match="is no database that HalfTUI can use"):
        Store(url)


@pytest.mark.parametrize("kind", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_that_does_not_answer(kind: str, tmp_path: Path) -> None:
    store = Store(f"{kind}://ann:secret@/half?host={tmp_path}")
    with closing(store), pytest.raises(Unavailable) as found:
        store.prepare()
    assert "secret" not in str(found.value)
    assert "secret" not in store.shown_url


@pytest.mark.postgres
def test_a_database_that_the_server_does_not_have(server: Callable[[str], str]) -> None:
    with (
        closing(Store(server("no_such_thing"))) as store,
        pytest.raises(Misconfigured, match="no_such_thing"),
    ):
        store.prepare()


@pytest.mark.postgres
def test_a_new_database_on_a_server(server: Callable[[str], str]) -> None:
    command(server, "CREATE DATABASE halftui_new")
    with closing(Store(server("halftui_new"))) as store:
        assert store.revision() == ""
        with pytest.raises(MissingTable):
            store.read(views.boards)
        store.prepare()
        assert store.revision() == HEAD
    command(server, "DROP DATABASE halftui_new")


def test_processes_prepare_a_new_file_at_once(tmp_path: Path) -> None:
    _prepare_at_once(f"sqlite:///{tmp_path / 'new' / 'halftui.db'}")


@pytest.mark.postgres
def test_processes_prepare_a_new_server_database_at_once(server: Callable[[str], str]) -> None:
    command(server, "CREATE DATABASE halftui_race")
    _prepare_at_once(server("halftui_race"))
    command(server, "DROP DATABASE halftui_race")


def _prepare_at_once(url: str) -> None:
    program = (
        "import sys; from halftui.store.store import Store; s = Store(sys.argv[1]); s.prepare();"
        " print(s.revision()); s.close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [p.communicate(timeout=60)[0].strip() for p in started] == [HEAD] * 3


# Everything is imported by a first use elsewhere, since another user may not read this Python's folder.
_WITHOUT_RIGHTS = """
import os, sys
from halftui.domain.actor import person
from halftui.errors import Misconfigured
from halftui.ops import people
from halftui.store.store import Store

def use(file):
    store = Store("sqlite:///" + file)
    store.prepare()
    store.write(person("ann"), people.dress, "mono")
    store.close()

use(sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    use(sys.argv[1])
except Misconfigured as error:
    print("misconfigured", error.hint)
"""


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("mode", [0o555, 0o444, 0o000])
def test_a_folder_that_may_not_be_used(
    tmp_path: Path, prepared_file: Path, mode: int, *, is_there: bool
) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    if is_there:
        (folder / "halftui.db").write_bytes(prepared_file.read_bytes())
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == os.geteuid() and len(place.parts) > 2:
            place.chmod(place.stat().st_mode | 0o055)
    folder.chmod(mode)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_RIGHTS, str(folder / "halftui.db"), str(tmp_path / "first.db")],
        capture_output=True, text=True, timeout=60, check=False, env=env, cwd="/",
    )  # fmt: skip
    folder.chmod(0o755)
    assert ran.stdout.startswith("misconfigured"), ran.stderr


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE recipe (id INTEGER)",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0001');"
        "CREATE TABLE board (id TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('ae1027a6acf');"
        "CREATE TABLE recipe (id INTEGER)",
        "PRAGMA application_id = 252006674",
    ],
    ids=["tables", "same revision", "its own revision", "mark"],
)
def test_another_programs_database_is_refused_untouched(tmp_path: Path, script: str) -> None:
    store, file = _file(tmp_path)
    with closing(sqlite3.connect(file)) as other:
        other.executescript(script)
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with closing(store), pytest.raises(Misconfigured, match="belongs to another program") as found:
        store.prepare()
    assert "--database" in found.value.hint
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.postgres
def test_another_programs_server_database_is_refused(server: Callable[[str], str]) -> None:
    named = f"foreign_{os.getpid()}"
    command(server, f"CREATE DATABASE {named}")
    try:
        with closing(Store(server(named))) as store:
            with store.engine().begin() as connection:
                connection.exec_driver_sql("CREATE TABLE recipe (id INTEGER)")
            with pytest.raises(Misconfigured, match="belongs to another program: it has recipe"):
                store.prepare()
            with store.engine().connect() as connection:
                assert sqlalchemy.inspect(connection).get_table_names() == ["recipe"]
    finally:
        command(server, f"DROP DATABASE {named}")


def test_files_are_for_their_owner_alone_whatever_the_folder_is(tmp_path: Path, prepared_file: Path) -> None:
    old = os.umask(0o022)
    try:
        tmp_path.chmod(0o755)
        store, file = _file(tmp_path)
        with closing(store):
            store.prepare()
            store.write(ANN, boards.create, "Half", "/srv/half", "main")
            assert open_files([file.with_name(file.name + end) for end in BESIDE]) == []
        copies.backup(store, tmp_path / "copy.db")
        file.unlink()
        with closing(store):
            copies.restore(store, tmp_path / "copy.db", lambda _: None)
            schema.upgrade(store.engine(), file)
        assert open_files(sorted(tmp_path.iterdir())) == []
        with closing(logs.OwnFile(tmp_path / "halftui.log")) as log:
            log.emit(logging.makeLogRecord({"msg": "\ud800 …"}))
        assert (tmp_path / "halftui.log").read_text("utf-8") == "\\ud800 …\n"
        assert open_files([tmp_path / "halftui.log"]) == []
    finally:
        os.umask(old)


def test_doctor_tells_what_others_may_read_and_the_remedy(tmp_path: Path, prepared_file: Path) -> None:
    home = tmp_path / "it's home"
    home.mkdir(mode=0o755)
    (home / "halftui.db").write_bytes(prepared_file.read_bytes())
    (home / "halftui.db").chmod(0o644)
    house = House(Settings(home=str(home), sandbox="local"), {"XDG_CONFIG_HOME": str(tmp_path)})
    with closing(house.store):
        told = {check.name: check for check in checks(house, tmp_path)}["privacy"]
        assert not told.is_ok
        assert "others may read it's home, halftui.db" in told.says
        subprocess.run(told.remedy, shell=True, check=True)
        assert {check.name: check.is_ok for check in checks(house, tmp_path)}["privacy"]

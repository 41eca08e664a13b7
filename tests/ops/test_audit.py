"""The history: chained, signed, and no row of it can be altered unseen."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from halftui.domain import identity
from halftui.domain.actor import ENGINE
from halftui.errors import Conflict, Denied, Unavailable
from halftui.ops import audit, beads, chain
from halftui.ops.chain import Verdict
from halftui.service.keyring import HOUSE, SIGN_EVENTS, SIGN_SECONDS, Keyring
from halftui.store.memory import Memory
from halftui.store.store import SqliteReader, Store
from halftui.store.tx import Tx
from halftui.store.vault import Vault
from tests.helpers.stores import ANN, BO, Clock
from tests.helpers.world import World

TAMPERS = 1_000
COLUMNS = ("seq", "at", "actor", "verb", "board_id", "subject", "before", "after", "hash")
HEAD_COLUMNS = ("seq", "hash", "at", "previous", "fingerprint", "signature")


@pytest.fixture
def keyring(store: Store, tmp_path: Path) -> Keyring:
    """Return the keys of the database."""
    return Keyring(store, Vault(tmp_path / "key"), Memory(tmp_path, store))


def _verdict(world: World, keyring: Keyring) -> Verdict:
    return world.ask(chain.verify, keyring.public_of_house())


def _fill(world: World, count: int) -> None:
    def make(tx: Tx) -> None:
        for number in range(count):
            beads.create(tx, world.board, f"bead {number}")

    world.do(make)


def test_a_history_is_whole_and_signed(world: World, keyring: Keyring) -> None:
    _fill(world, 3)
    before = _verdict(world, keyring)
    assert (before.faults, before.heads, before.signed_until, before.unsigned) == ((), 0, 0, before.events)
    seq = keyring.sign_history(is_wanted=True)
    world.bead("日本 \u2028 \"'\\")
    after = _verdict(world, keyring)
    assert (after.faults, after.heads, after.signed_until, after.unsigned) == ((), 1, seq, 1)


def test_heads_are_signed_when_they_are_due(world: World, keyring: Keyring, clock: Clock) -> None:
    clock.now += SIGN_SECONDS
    assert keyring.sign_history() > 0
    world.bead()
    assert keyring.sign_history() == 0
    clock.now += SIGN_SECONDS - 1
    assert keyring.sign_history() == 0
    clock.now += 1
    assert keyring.sign_history() > 0
    assert keyring.sign_history() == 0, "nothing happened since"
    _fill(world, SIGN_EVENTS)
    assert keyring.sign_history() > 0
    assert len(world.ask(chain.heads)) == 3


def test_two_signers_do_not_meet(world: World, keyring: Keyring) -> None:
    keyring.sign_history(is_wanted=True)
    seq, digest, _ = world.ask(chain.newest)
    with pytest.raises(Conflict, match="somebody else signed"):
        world.engine(audit.sign, seq, digest, 1.0, 0, "mark", "00")
    with pytest.raises(Conflict):
        world.engine(audit.sign, seq, "another", 1.0, seq, "mark", "00")
    with pytest.raises(Denied):
        world.store.write(BO, audit.sign, seq, digest, 1.0, seq, "mark", "00")


def test_events_of_many_transactions_and_failures_are_one_chain(world: World, keyring: Keyring) -> None:
    def fails(tx: Tx) -> None:
        beads.create(tx, world.board, "never")
        raise Unavailable("gone")

    for number in range(5):
        world.bead(str(number))
        with pytest.raises(Unavailable):
            world.do(fails)
    assert _verdict(world, keyring).faults == ()
    assert [e.seq for e in world.events()] == list(range(1, world.seq() + 1))


def test_another_key_in_its_place_is_found(world: World, keyring: Keyring, tmp_path: Path) -> None:
    """Somebody who can write the database signs a history of their own."""
    keyring.sign_history(is_wanted=True)
    forger = identity.generate()
    public = identity.public_of(forger)
    sealed = Vault(tmp_path / "forged").seal(identity.fingerprint(public), forger)
    world.do(
        lambda tx: tx.change(
            "UPDATE signing_key SET public = :p, sealed = :s, fingerprint = :f WHERE subject = 'house'",
            p=public, s=sealed, f=identity.fingerprint(public),
        )
    )  # fmt: skip
    with pytest.raises(Unavailable, match="can't be opened"):
        keyring.public_of_house()
    assert world.ask(chain.verify, public).faults
    world.do(lambda tx: tx.change("DELETE FROM signing_key"))
    assert "is gone" in _verdict(world, keyring).faults[0].what


@pytest.fixture
def file(tmp_path: Path, prepared_file: Path) -> Iterator[tuple[sqlite3.Connection, str]]:
    """Return the database of a history with many signed heads, and the key's line."""
    url = f"sqlite:///{tmp_path / 'halftui.db'}"
    (tmp_path / "halftui.db").write_bytes(prepared_file.read_bytes())
    with closing(Store(url, Clock())) as store:
        from halftui.ops import boards

        world = World(store, store.write(ANN, boards.create, "Half", "/srv/half", "main"))
        keyring = Keyring(store, Vault(tmp_path / "key"), Memory(tmp_path, store))
        for _ in range(8):
            _fill(world, 9)
            keyring.sign_history(is_wanted=True)
        public = keyring.public_of_house()
    with closing(sqlite3.connect(tmp_path / "halftui.db", isolation_level=None)) as connection:
        yield connection, public


def _tamper(draw: random.Random, connection: sqlite3.Connection) -> str:
    top = connection.execute("SELECT max(seq) FROM event").fetchone()[0]
    heads = [r[0] for r in connection.execute("SELECT seq FROM head ORDER BY seq")]
    seq, head = draw.randint(1, top), draw.choice(heads)
    way = draw.choice(
        ["change", "change", "change", "delete", "swap", "insert", "head", "drop head", "rechain"]
    )
    if way == "change":
        column = draw.choice(COLUMNS)
        value = {"seq": top + 50, "at": draw.random()}.get(column, f"x{draw.random()}")
        connection.execute(f"UPDATE event SET {column} = ? WHERE seq = ?", (value, seq))
        return f"{column} of {seq}"
    if way == "delete":
        connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
    elif way == "swap":
        other = seq % top + 1
        for old, new in ((seq, -1), (other, seq), (-1, other)):
            connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))
    elif way == "insert":
        connection.execute(
            "INSERT INTO event SELECT 1000, at, actor, verb, board_id, subject, before, after, hash"
            " FROM event WHERE seq = ?",
            (seq,),
        )
    elif way == "head":
        column = draw.choice(HEAD_COLUMNS)
        value = {"seq": head + 1, "at": draw.random(), "previous": -1}.get(
            column, f"{draw.getrandbits(64):x}"
        )
        connection.execute(f"UPDATE head SET {column} = ? WHERE seq = ?", (value, head))
        return f"{column} of the head {head}"
    elif way == "drop head":
        head = draw.choice(heads[:-1])
        connection.execute("DELETE FROM head WHERE seq = ?", (head,))
    else:
        connection.execute("UPDATE event SET actor = 'person:eve' WHERE seq = ?", (seq,))
        _rechain(connection)
    return f"{way} {seq} {head}"


def _rechain(connection: sqlite3.Connection) -> None:
    """Compute all hashes anew, as somebody would who knows how."""
    from halftui.domain import history

    before = ""
    for row in connection.execute(f"SELECT {', '.join(COLUMNS[:-1])} FROM event ORDER BY seq").fetchall():
        before = history.link(before, row)
        connection.execute("UPDATE event SET hash = ? WHERE seq = ?", (before, row[0]))


def test_every_tampering_is_found(file: tuple[sqlite3.Connection, str]) -> None:
    connection, public = file
    draw = random.Random(20)
    assert chain.verify(SqliteReader(connection, 0.0), public).faults == ()
    for _ in range(TAMPERS):
        connection.execute("BEGIN")
        what = _tamper(draw, connection)
        found = chain.verify(SqliteReader(connection, 0.0), public)
        assert found.faults, what
        connection.execute("ROLLBACK")
    assert chain.verify(SqliteReader(connection, 0.0), public).faults == ()


def test_a_cut_after_the_last_signature_is_told_as_unsigned(file: tuple[sqlite3.Connection, str]) -> None:
    connection, public = file
    (last,) = connection.execute("SELECT max(seq) FROM head").fetchone()
    connection.execute("DELETE FROM head WHERE seq = ?", (last,))
    found = chain.verify(SqliteReader(connection, 0.0), public)
    assert (found.faults, found.unsigned > 0) == ((), True)


def test_the_key_is_made_once(world: World, keyring: Keyring) -> None:
    first = keyring.private(HOUSE)
    assert keyring.private(HOUSE) == first
    assert [e.verb for e in world.events() if e.actor == str(ENGINE)] == ["identity.enroll"]

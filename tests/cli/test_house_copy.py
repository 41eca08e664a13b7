"""`halftui backup`, `restore`, `secrets rotate` and `completion`."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from halftui.engine.lock import sole_engine
from halftui.main.house import House
from halftui.main.safe import HouseSafe
from halftui.ops import secrets, subscriptions
from halftui.settings import config_folder, load
from halftui.store.tx import Tx
from halftui.store.vault import Vault
from tests.cli.conftest import Line
from tests.cli.test_process import env
from tests.helpers.world import World

__all__ = ["env"]

SECRET = "a-token-that-is-not-to-be-seen"


def test_a_copy_goes_back(line: Line, world: World, tmp_path: Path) -> None:
    bead = line.bead("kept")
    file = tmp_path / "copy.db"
    assert " MB\n" in line.ok("backup", str(file)).out
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.glob("copy.db*")] == ["copy.db"]
    line.bead("lost")
    told = line.ok("restore", str(file), "-o", "json").json
    assert [b["id"] for b in line.ok("bead", "list", "-o", "json").json] == [bead]
    with closing(sqlite3.connect(told["kept"])) as kept:
        assert kept.execute("SELECT count(*) FROM bead").fetchone() == (2,)
    assert [e.verb for e in world.events()][-2:] == ["house.backup", "house.restore"]
    assert line.ok("audit", "verify", "-o", "json").json["is_whole"]


def test_a_copy_while_somebody_writes(line: Line, env: dict[str, str], tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(line.home / "halftui.db")],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    for number in range(5):
        file = tmp_path / f"{number}.db"
        line.ok("backup", str(file))
        with closing(sqlite3.connect(file)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            beads, events = (
                copy.execute(f"SELECT count(*) FROM {t}").fetchone()[0]
                for t in ("bead", "event WHERE verb = 'bead.create'")
            )
            assert beads == events, "a point between two transactions"
    writer.kill()
    writer.communicate()


_WRITER = """
import sys, time
from halftui.domain.actor import person
from halftui.ops import beads
from halftui.store.store import Store
store, number = Store("sqlite:///" + sys.argv[1]), 0
while True:
    store.write(person("ann"), beads.create, "shop", str(number))
    number += 1
    if number == 1:
        print("writes", flush=True)
    time.sleep(0.005)  # SQLite keeps no line: without a pause others may wait for ever
"""


@pytest.mark.parametrize("content", [b"", b"nonsense", b"SQLite format 3\x00" + b"\x00" * 4_000, None])
def test_what_is_no_copy_is_not_restored(
    line: Line, world: World, tmp_path: Path, content: bytes | None
) -> None:
    file, rows = tmp_path / "copy.db", world.dump()
    if content is not None:
        file.write_bytes(content)
    ran = line("restore", str(file))
    assert ran.code in (2, 7), ran
    assert world.dump() == rows


def test_a_damaged_copy_is_not_restored(line: Line, world: World, tmp_path: Path) -> None:
    def fill(tx: Tx) -> None:
        for number in range(200):
            tx.record("x", "y", note=str(number) * 50)

    world.do(fill)
    line.ok("backup", str(tmp_path / "whole.db"))
    whole, rows = (tmp_path / "whole.db").read_bytes(), world.dump()
    refused = 0
    for page in range(1, len(whole) // 4096, 7):
        spoilt = bytearray(whole)
        spoilt[page * 4096 : page * 4096 + 64] = b"\xff" * 64
        (tmp_path / "spoilt.db").write_bytes(spoilt)
        ran = line("restore", str(tmp_path / "spoilt.db"))
        refused += ran.code != 0
        assert ran.code in (2, 7), ran
    assert refused > 5
    assert world.dump() == rows


def _halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _spoil_a_page(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xff" * 64)


def _forget_its_schema(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.execute("DELETE FROM alembic_version")


@pytest.mark.parametrize(
    "spoil", [_halve, _spoil_a_page, _forget_its_schema, lambda file: file.write_bytes(b"nonsense" * 999)]
)
def test_a_copy_goes_over_what_is_damaged(line: Line, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    bead, file, database = line.bead("kept"), tmp_path / "copy.db", line.home / "halftui.db"
    line.ok("backup", str(file))
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(database)
    spoilt = database.read_bytes()
    told = line.ok("restore", str(file), "-o", "json").json
    assert [b["id"] for b in line.ok("bead", "list", "-o", "json").json] == [bead]
    assert line.ok("audit", "verify", "-o", "json").json["is_whole"]
    kept = Path(told["kept"])
    assert (kept.parent, kept.stat().st_size) == (line.home, len(spoilt))
    assert not kept.with_name(f"{kept.name}-shm").exists()


def test_another_program_s_database_is_not_restored(line: Line, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as other:
        other.execute("CREATE TABLE t (a)")
    assert "is no database of HalfTUI" in line("restore", str(tmp_path / "x.db")).err
    line.ok("backup", str(tmp_path / "new.db"))
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "was written by a newer HalfTUI" in line("restore", str(tmp_path / "new.db")).err


def test_nothing_is_overwritten(line: Line, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        assert line("backup", str(tmp_path / name)).code == 3
    assert (tmp_path / "there").read_text() == "precious"
    assert line("backup", str(tmp_path / "no" / "folder")).code == 2
    assert line("backup", "/proc/x").code == 2


def test_not_while_agents_run(line: Line, tmp_path: Path) -> None:
    line.ok("backup", str(tmp_path / "copy.db"))
    with sole_engine(line.home) as is_mine:
        assert is_mine
        ran = line("restore", str(tmp_path / "copy.db"))
    assert (ran.code, "another HalfTUI runs agents" in ran.err) == (3, True)


def test_a_home_that_can_not_be_written(line: Line, tmp_path: Path) -> None:
    line.ok("backup", str(tmp_path / "copy.db"))
    (line.home / "engine.lock").unlink(missing_ok=True)
    (line.home / "engine.lock").mkdir()
    ran = line("restore", str(tmp_path / "copy.db"))
    assert (ran.code, "can't be written" in ran.err) == (2, True)


@pytest.mark.parametrize("argv", [("backup", "x.db"), ("restore", "x.db"), ("secrets", "rotate")])
def test_admins_only(line: Line, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]) -> None:
    monkeypatch.setenv("HALFTUI_TEST_ROLE", "maintainer")
    ran = line(*argv)
    assert (ran.code, Path("x.db").exists()) == (4, False)
    assert not (config_folder() / "key").exists()


def _sealed(world: World) -> list[tuple[str, str]]:
    found = world.ask(
        lambda rows: rows.rows(
            "SELECT id, sealed FROM subscription"
            " UNION ALL SELECT fingerprint, sealed FROM signing_key ORDER BY 1"
        )
    )
    return [(str(a), str(b)) for a, b in found]


@pytest.fixture
def sealed(line: Line, world: World) -> Line:
    """Return a command line with sealed values in its database."""
    vault = Vault(config_folder() / "key")
    for number in range(20):
        text = vault.seal(f"s-{number}", f"{SECRET}-{number}")
        world.do(subscriptions.register, f"work {number}", "oauth", text, f"s-{number}")
    line.ok("identity", "create", "--username", "cedar")
    return line


def _all_open(world: World) -> bool:
    vault = Vault(config_folder() / "key")
    opened = {row: vault.open(row, text) for row, text in _sealed(world)}
    assert len(opened) == 21
    return all(opened[f"s-{n}"] == f"{SECRET}-{n}" for n in range(20))


def test_rotating(sealed: Line, world: World) -> None:
    key = config_folder() / "key"
    before, old = _sealed(world), key.read_text()
    ran = sealed.ok("secrets", "rotate")
    assert ran.out == "21 values sealed with a new key\n"
    assert (key.stat().st_mode & 0o777, len(key.read_text().split())) == (0o600, 1)
    assert key.read_text() != old
    assert all(a != b for a, b in zip(before, _sealed(world), strict=True))
    assert _all_open(world)
    for text in (SECRET, old.strip(), key.read_text().strip()):
        assert text not in ran.out + ran.err
        assert text not in str(world.events())


def test_a_value_that_can_not_be_opened_stops_it(sealed: Line, world: World) -> None:
    world.do(lambda tx: tx.change("UPDATE subscription SET sealed = 'xx' WHERE id = 's-7'"))
    before = _sealed(world)
    assert sealed("secrets", "rotate").code == 7
    assert _sealed(world) == before
    world.do(lambda tx: tx.change("DELETE FROM subscription WHERE id = 's-7'"))
    vault = Vault(config_folder() / "key")
    assert all(vault.open(row, text) for row, text in _sealed(world)), "the old key is still there"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666, 0o777, 0o620])
def test_looser_modes_are_refused(sealed: Line, mode: int) -> None:
    key = config_folder() / "key"
    key.chmod(mode)
    ran = sealed("secrets", "rotate")
    assert (ran.code, "others may read the key file" in ran.err) == (2, True)
    key.chmod(0o600)
    key.parent.chmod(0o777)
    assert "others may replace the key file" in sealed("secrets", "rotate").err
    key.parent.chmod(0o700)
    sealed.ok("secrets", "rotate")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe\x00", "ü".encode()])
def test_a_key_file_without_a_key_is_told(sealed: Line, world: World, content: bytes) -> None:
    before = _sealed(world)
    (config_folder() / "key").write_bytes(content)
    for argv in (("secrets", "rotate"), ("audit", "sign")):
        ran = sealed(*argv)
        assert (ran.code, "holds no key" in ran.err) == (2, True), ran
    assert _sealed(world) == before


_ROTATE = "from tests.helpers.command_line import main; raise SystemExit(main(['secrets', 'rotate']))"


def test_killed_at_any_moment_everything_opens(sealed: Line, world: World, env: dict[str, str]) -> None:
    words = [sys.executable, "-c", _ROTATE]
    began = time.monotonic()
    subprocess.run(words, env=env, stdout=subprocess.DEVNULL, check=True)
    whole = time.monotonic() - began
    for number in range(12):
        ran = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL)
        time.sleep(whole * (0.4 + 0.05 * number))
        ran.send_signal(signal.SIGKILL)
        ran.wait()
        assert _all_open(world), number
    sealed.ok("secrets", "rotate")
    assert len((config_folder() / "key").read_text().split()) == 1


def test_a_rotation_waits_for_what_is_about_to_be_stored(sealed: Line, world: World) -> None:
    safe = HouseSafe(House(load()))
    safe._house.__dict__["actor"] = world.boss
    rotation = threading.Thread(target=safe.rotate_secrets)
    with Vault(config_folder() / "key").sealed("s-3", f"{SECRET}-3") as text:
        rotation.start()
        rotation.join(0.3)
        assert rotation.is_alive(), "else it forgets the key by which this was sealed"
        world.do(subscriptions.register, "work 3", "oauth", text, "s-3")
    rotation.join()
    assert _all_open(world)


def test_rotations_take_turns(sealed: Line, world: World) -> None:
    vault = Vault(config_folder() / "key")
    ran = [threading.Thread(target=sealed_anew, args=(world,)) for _ in range(4)]
    with vault.rotating():
        for one in ran:
            one.start()
        ran[0].join(0.2)
        world.do(secrets.rotate, vault.reseal)
    for one in ran:
        one.join()
    assert _all_open(world)
    assert len((config_folder() / "key").read_text().split()) == 1


def sealed_anew(world: World) -> None:
    """Rotate, as another process would."""
    vault = Vault(config_folder() / "key")
    with vault.rotating():
        world.do(secrets.rotate, vault.reseal)


@pytest.mark.parametrize("where", ["begin_rotation", "reseal", "end_rotation"])
@pytest.mark.parametrize("is_done", [False, True])
def test_stopped_at_each_step_everything_opens(
    sealed: Line, world: World, monkeypatch: pytest.MonkeyPatch, where: str, is_done: bool
) -> None:
    real = getattr(Vault, where)

    def stops(self: Vault, *args: str) -> None:
        if is_done:
            real(self, *args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Vault, where, stops)
        assert sealed("secrets", "rotate").code == 130
    assert _all_open(world)
    sealed.ok("secrets", "rotate")
    assert _all_open(world)
    assert len((config_folder() / "key").read_text().split()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(empty: Line, shell: str) -> None:
    assert "_HALFTUI_COMPLETE" in empty.ok("completion", shell).out


def test_completions(line: Line, env: dict[str, str]) -> None:
    words = {**env, "_HALFTUI_COMPLETE": "bash_complete", "COMP_WORDS": "halftui bead re", "COMP_CWORD": "2"}
    ran = subprocess.run(
        [sys.executable, "-m", "halftui"], env=words, capture_output=True, text=True, check=True, timeout=60
    )
    found = {text.partition(",")[2] for text in ran.stdout.split()}
    assert {"reject", "release", "reopen"} <= found
    assert all(word.startswith("re") for word in found)
    assert ran.stderr == ""
    words["COMP_WORDS"], words["COMP_CWORD"] = "halftui bead list --l", "3"
    ran = subprocess.run(
        [sys.executable, "-m", "halftui"], env=words, capture_output=True, text=True, check=True, timeout=60
    )
    assert {text.partition(",")[2] for text in ran.stdout.split()} >= {"--lane", "--limit"}
    for asked in ("nonsense", "bash_source_x", "tcsh_complete"):
        words["_HALFTUI_COMPLETE"] = asked
        subprocess.run(
            [sys.executable, "-m", "halftui"], env=words, check=True, timeout=60, capture_output=True
        )

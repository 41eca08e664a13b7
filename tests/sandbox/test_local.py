"""Programs on this machine: real processes, real signals, and a second board that takes over."""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from halftui.errors import Conflict, Misconfigured, NotFound, Unavailable
from halftui.sandbox import local
from halftui.sandbox.base import Exit, Found, Places, Process, Sandbox, Spec
from halftui.sandbox.local import LocalSandbox
from halftui.sandbox.proc import Identity, is_alive
from tests.helpers.waiting import until

ECHO = 'while read -r line; do echo "got $line"; done'


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[LocalSandbox]:
    box = LocalSandbox(tmp_path / "state")
    yield box
    for found in await box.find({}):
        await box.remove(found.name)
    assert leftovers(tmp_path) == []


def leftovers(root: Path) -> list[int]:
    """Return the processes that were started with a sandbox under that folder as their mark."""
    mark = f"HALFTUI_SANDBOX={root}".encode()
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [pid for pid in pids if mark in environ(pid)]


def environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def script(places: Places, text: str, name: str = "one", **labels: str) -> Spec:
    return Spec(name, ["/bin/sh", "-c", text], {"FROM_SPEC": "yes"}, places, labels)


async def read(process: Process, start: int = 0) -> bytes:
    return b"".join([chunk async for chunk in process.output(start)])


async def read_until(process: Process, end: bytes, start: int = 0) -> bytes:
    got = b""
    async with asyncio.timeout(60):
        async for chunk in process.output(start):
            got += chunk
            if got.endswith(end):
                break
    return got


def test_it_fits_what_the_engine_needs(tmp_path: Path) -> None:
    box: Sandbox = LocalSandbox(tmp_path)
    assert (box.kind, box.is_confined) == ("local", False)


async def test_a_program_runs_at_its_place_and_its_end_is_known(
    sandbox: LocalSandbox, places: Places
) -> None:
    process = await sandbox.start(script(places, "pwd; echo $HOME; echo oops >&2; exit 7"))
    assert await process.wait() == Exit(7)
    assert await read(process) == f"{places.work}\n{places.home}\n".encode()
    assert await process.error_tail() == "oops\n"


async def test_it_answers_what_is_written_to_it(sandbox: LocalSandbox, places: Places) -> None:
    process = await sandbox.start(script(places, ECHO))
    await process.write(b"a\n")
    assert await read_until(process, b"got a\n") == b"got a\n"
    await process.write(b"b\nc\n")
    assert await read_until(process, b"got c\n", start=6) == b"got b\ngot c\n"


async def test_nothing_of_the_board_s_environment_leaks(
    sandbox: LocalSandbox, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy")
    process = await sandbox.start(script(places, "env; id -u"))
    lines = (await read(process)).decode().splitlines()
    names = {line.partition("=")[0] for line in lines[:-1]}
    assert names <= {*local.KEPT, "HOME", "FROM_SPEC", "HALFTUI_SANDBOX", "PWD"}
    assert "FROM_SPEC" in names


async def test_its_folder_is_private_and_no_descriptor_is_inherited(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    process = await sandbox.start(script(places, "ls /proc/self/fd | wc -l"))
    assert await read(process) == b"4\n"  # the three streams, and the folder that ls reads
    folder = tmp_path / "state/sandboxes/one"
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_another_board_adopts_it_where_the_first_stopped_reading(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    first = await sandbox.start(script(places, ECHO, board="b1"))
    await first.write(b"one\n")
    seen = await read_until(first, b"got one\n")

    other = LocalSandbox(tmp_path / "state")
    assert await other.find({"board": "b1"}) == [Found("one", {"board": "b1"}, True)]
    assert await other.find({"board": "b2"}) == []
    second = await other.adopt("one")
    await second.write(b"two\n")
    assert await read_until(second, b"two\n", start=len(seen)) == b"got two\n"
    assert await second.stop() == await first.wait() == Exit(143)
    assert await other.find({}) == [Found("one", {"board": "b1"}, False)]


async def test_an_ended_program_can_still_be_read_by_another_board(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    await (await sandbox.start(script(places, "echo last words; exit 3"))).wait()
    again = await LocalSandbox(tmp_path / "state").adopt("one")
    assert (await read(again), await again.wait()) == (b"last words\n", Exit(3))


async def test_it_survives_the_death_of_the_board(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    board = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOARD, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert board.stdout is not None
    assert await board.stdout.readline() == b"started\n"
    board.kill()
    await board.wait()
    process = await sandbox.adopt("one")
    await process.write(b"still there?\n")
    assert await read_until(process, b"there?\n") == b"got still there?\n"


BOARD = f"""
import asyncio, sys
from pathlib import Path
from halftui.sandbox.base import Places, Spec
from halftui.sandbox.local import LocalSandbox

async def main(root):
    places = Places(root / "work", root / "home", root / "sockets")
    await LocalSandbox(root / "state").start(Spec("one", ["/bin/sh", "-c", {ECHO!r}], {{}}, places))
    print("started", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_killed_leader_is_a_killed_program(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    process = await sandbox.start(script(places, "echo up; sleep 60"))
    await read_until(process, b"up\n")
    leader = Identity.parse((tmp_path / "state/sandboxes/one/leader").read_text())
    assert leader is not None
    os.kill(leader.pid, signal.SIGKILL)
    assert await process.wait() == Exit(137)
    assert await read(process) == b"up\n"
    assert leftovers(tmp_path) == []
    with pytest.raises(Unavailable):
        await process.write(b"anyone?\n")


async def test_stop_ends_children_that_ignore_it_or_left_the_session(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    stubborn = "trap '' TERM; setsid sleep 61 & setsid -w sleep 62 & echo up; while :; do sleep 1; done"
    process = await sandbox.start(script(places, stubborn))
    await read_until(process, b"up\n")
    assert await process.stop(grace=0.3) == Exit(137)
    assert leftovers(tmp_path) == []


async def test_stop_lets_a_program_end_by_itself(sandbox: LocalSandbox, places: Places) -> None:
    polite = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"
    process = await sandbox.start(script(places, polite))
    await read_until(process, b"up\n")
    assert await process.stop() == Exit(5)
    assert await read(process) == b"up\nbye\n"
    assert await process.stop() == Exit(5)


async def test_what_a_program_left_in_the_background_is_removed(
    sandbox: LocalSandbox, places: Places, tmp_path: Path
) -> None:
    process = await sandbox.start(script(places, "sleep 63 & exit 0"))
    assert await process.wait() == Exit(0)
    assert len(leftovers(tmp_path)) == 1
    await sandbox.remove("one")
    assert leftovers(tmp_path) == []
    assert await sandbox.find({}) == []
    await sandbox.remove("one")


async def test_a_name_is_taken_once_until_it_is_removed(sandbox: LocalSandbox, places: Places) -> None:
    starts = [sandbox.start(script(places, "sleep 64")) for _ in range(5)]
    ends = await asyncio.gather(*starts, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Conflict"] * 4 + ["LocalProcess"]
    await sandbox.remove("one")
    await sandbox.start(script(places, "true"))
    with pytest.raises(Conflict):
        await sandbox.start(script(places, "true"))


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a\n", "é", "x" * 300])
async def test_a_name_never_leaves_its_folder(sandbox: LocalSandbox, places: Places, name: str) -> None:
    for act in (sandbox.start(script(places, "true", name)), sandbox.remove(name)):
        with pytest.raises(Misconfigured):
            await act


async def test_what_is_not_there_is_not_found(sandbox: LocalSandbox, places: Places) -> None:
    with pytest.raises(NotFound):
        await sandbox.adopt("none")
    process = await sandbox.start(Spec("one", ["/no/such/program"], {}, places))
    assert await process.wait() == Exit(127)
    assert "/no/such/program" in await process.error_tail()
    gone = Places(places.work / "gone", places.home, places.sockets)
    with pytest.raises(Unavailable):
        await sandbox.start(script(gone, "true", "two"))
    assert [found.name for found in await sandbox.find({})] == ["one"]


async def test_a_large_write_arrives_whole(sandbox: LocalSandbox, places: Places) -> None:
    size = 5_000_000
    process = await sandbox.start(script(places, f"sleep 0.2; head -c {size} | md5sum"))
    await process.write(b"x" * size)
    assert await read(process) == hashlib.md5(b"x" * size).hexdigest().encode() + b"  -\n"


async def test_a_cancelled_write_is_not_torn(sandbox: LocalSandbox, places: Places) -> None:
    size = 3_000_000
    wait = "while [ ! -e go ]; do sleep 0.05; done"
    process = await sandbox.start(script(places, f"{wait}; head -c {size} | wc -c; cat"))
    writing = asyncio.ensure_future(process.write(b"x" * size))
    await until(process._turn.locked)
    writing.cancel()
    (places.work / "go").touch()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await process.write(b"next\n")
    assert await read_until(process, b"next\n") == b"3000000\nnext\n"


async def test_a_program_that_does_not_read_never_blocks_the_board(
    sandbox: LocalSandbox, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "WRITE_PATIENCE", 0.5)
    process = await sandbox.start(script(places, "sleep 65"))
    writing = asyncio.ensure_future(process.write(b"x" * 3_000_000))
    turns = 0
    while not writing.done():
        await asyncio.sleep(0.001)
        turns += 1
    with pytest.raises(Unavailable, match="does not read"):
        await writing
    assert turns > 5, "the loop went on meanwhile"
    with pytest.raises(Unavailable, match="no input"):
        await process.write(b"more")


async def test_after_close_input_nothing_is_sent(sandbox: LocalSandbox, places: Places) -> None:
    process = await sandbox.start(script(places, ECHO))
    await process.close_input()
    with pytest.raises(Unavailable):
        await process.write(b"late\n")


async def test_much_output_is_followed_without_loss(sandbox: LocalSandbox, places: Places) -> None:
    process = await sandbox.start(script(places, "seq 300000; sleep 0.1; echo end"))
    expected = b"".join(b"%d\n" % n for n in range(1, 300001)) + b"end\n"
    whole, tail = await asyncio.gather(read(process), read(process, start=1_000_000))
    assert whole == expected
    assert tail == expected[1_000_000:]


async def test_error_tail_is_the_last_8_kib(sandbox: LocalSandbox, places: Places) -> None:
    process = await sandbox.start(script(places, "seq 10000 >&2"))
    await process.wait()
    tail = await process.error_tail()
    assert len(tail) == 8192
    assert tail.endswith("\n10000\n")


def test_a_reused_pid_is_another_process() -> None:
    stat = Path("/proc/self/stat").read_text()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    me = Identity.parse(boot + stat)
    assert me is not None
    assert is_alive(me)
    assert not is_alive(Identity(me.boot, me.pid, me.started - 1))
    assert not is_alive(Identity("another boot", me.pid, me.started))

"""A person's shell in a real container: what it may do, how it ends, and what is left of it."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from halftui.errors import Conflict, NotFound, Refused
from halftui.sandbox.base import Limits, Places, Shell, Spec
from halftui.sandbox.docker import DockerProcess, DockerSandbox
from halftui.sandbox.docker_shell import exec_config
from halftui.sandbox.local import LocalSandbox

PATIENCE = 60.0
VISITOR = """
import asyncio, sys
from halftui.sandbox.docker import DockerSandbox
image, host, name, typed = sys.argv[1:]
async def main():
    async with DockerSandbox(image, host).shell(name, ()) as shell:
        await shell.write(typed.encode())
        said = b""
        while b"begun" not in said:
            said += await shell.read()
        print("in", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
LIMITS = Limits(memory_mb=256, pids=64, open_files=512)
docker = pytest.mark.docker


@pytest.fixture
async def running(
    docker_host: str, agent_image: str, places: Places
) -> AsyncIterator[tuple[DockerSandbox, DockerProcess]]:
    box = DockerSandbox(agent_image, docker_host)
    name = f"halftui-test-shell-{os.getpid()}-{os.urandom(3).hex()}"
    program = ["/bin/sh", "-c", "echo up; while read -r line; do exit 7; done"]
    process = await box.start(Spec(name, program, {"OWN": "yes"}, places, {}, LIMITS))
    yield box, process
    await box.remove(name)


@asynccontextmanager
async def opened(running: tuple[DockerSandbox, DockerProcess], *command: str) -> AsyncIterator[Shell]:
    box, process = running
    async with asyncio.timeout(2 * PATIENCE), box.shell(process.name, command) as shell:
        yield shell


async def until(shell: Shell, word: bytes) -> bytes:
    got = b""
    async with asyncio.timeout(PATIENCE):
        while word not in got:
            piece = await shell.read()
            assert piece, f"it ended before {word!r}: {got!r}"
            got += piece
    return got


async def rest(shell: Shell) -> bytes:
    got = b""
    async with asyncio.timeout(PATIENCE):
        while piece := await shell.read():
            got += piece
    return got


async def press(shell: Shell, key: bytes, seen: Coroutine[None, None, bytes]) -> None:
    """Press a key until it was seen to work: between two programs nobody may take it."""
    seeing = asyncio.ensure_future(seen)
    while not seeing.done():
        await shell.write(key)
        await asyncio.wait([seeing], timeout=0.5)
    await seeing


async def said(running: tuple[DockerSandbox, DockerProcess], *command: str) -> str:
    async with opened(running, *command) as shell:
        return (await rest(shell)).decode()


@docker
async def test_it_is_the_agents_own_user_in_the_worktree_with_the_same_limits(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    uid, gid = running[0].user
    wanted = "id -u; id -G; pwd; echo $HOME $OWN; ulimit -n; ulimit -c; tty"
    assert (await said(running, "sh", "-c", wanted)).split() == [
        str(uid), str(gid), "/work", "/home/agent", "yes", "512", "0", "/dev/pts/0",
    ]  # fmt: skip
    status = await said(running, "cat", "/proc/self/status")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert len(re.findall(r"Cap\w+:\t0{16}\r", status)) == 5, "all kinds of capabilities are empty"
    compared = "for n in net pid mnt ipc uts cgroup; do readlink /proc/1/ns/$n /proc/self/ns/$n; done"
    names = (await said(running, "sh", "-c", compared)).split()
    assert names[::2] == names[1::2]
    assert "Read-only" in await said(running, "touch", "/etc/x")
    own = await said(running, "cat", "/proc/self/cgroup")
    assert own == await said(running, "cat", "/proc/1/cgroup")


@docker
async def test_nothing_is_added_to_what_the_container_has(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    program = (await said(running, "sh", "-c", "tr '\\0' '\\n' </proc/1/environ")).split()
    own = (await said(running, "env")).split()
    assert set(own) - set(program) <= {"TERM=xterm", "PWD=/work"}  # by the engine, by the shell


def test_the_engine_is_asked_for_no_more_than_a_terminal() -> None:
    assert exec_config(["x"], has_terminal=True) == {
        "AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": True, "Privileged": False,
        "Cmd": ["x"],
    }  # fmt: skip


@docker
async def test_what_is_typed_reaches_it_and_its_code_comes_back(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    async with opened(running) as shell:
        await shell.resize(101, 37)
        await shell.write(b"stty size; echo $0; echo a > made\n")
        assert b"37 101" in await until(shell, b"bash")
        await shell.resize(60, 20)
        await shell.write(b"stty size\n")
        await until(shell, b"20 60")
        assert await shell.code() is None
        await shell.write(b"exit 5\n")
        await rest(shell)
        assert await shell.code() == 5


@docker
async def test_keys_that_break_off_and_end_get_through(running: tuple[DockerSandbox, DockerProcess]) -> None:
    async with opened(running) as shell:
        await shell.write(b"PS1=re''ady; trap 'echo be''gun' DEBUG\n")
        await until(shell, b"ready")
        await shell.write(b"sleep 60\n")
        await until(shell, b"begun")
        await press(shell, b"\x03", until(shell, b"ready"))
        await press(shell, b"\x04", rest(shell))
        assert await shell.code() == 130


@docker
async def test_two_at_once(running: tuple[DockerSandbox, DockerProcess]) -> None:
    async with opened(running) as one, opened(running) as other:
        await one.write(b"echo on''e > /tmp/said; echo wri''tten\n")
        await until(one, b"written")
        await other.write(b"cat /tmp/said\n")
        await until(other, b"one\r\n")


async def _processes(running: tuple[DockerSandbox, DockerProcess]) -> str:
    return await said(running, "sh", "-c", "cat /proc/[0-9]*/comm")


@docker
async def test_what_is_left_in_the_middle_leaves_nothing_running(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    async with opened(running) as shell:
        await shell.write(b"sleep 1001 & trap '' HUP; (trap '' HUP TERM; sleep 1002) & sleep 1003\n")
        await until(shell, b"1003")
        async with asyncio.timeout(PATIENCE):
            while (await _processes(running)).count("sleep") < 3:
                pass
        assert (await _processes(running)).count("sleep") == 3
    left = await _processes(running)
    assert "sleep" not in left
    assert "bash" not in left
    assert await running[1]._exit() is None, "the program goes on"


@docker
async def test_one_whose_board_was_killed_is_ended(
    running: tuple[DockerSandbox, DockerProcess], docker_host: str, agent_image: str
) -> None:
    typed = "sleep 1001 & trap '' HUP; (trap '' HUP TERM; sleep 1002) & echo be''gun\n"
    board = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VISITOR, agent_image, docker_host, running[1].name, typed,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert board.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await board.stdout.readline() == b"in\n"
    assert (await _processes(running)).count("sleep") == 2
    board.kill()
    await board.wait()
    async with asyncio.timeout(PATIENCE):
        while "sleep" in (left := await _processes(running)) or "bash" in left:  # noqa: ASYNC110 - another process tells no event
            await asyncio.sleep(0.1)
    assert await running[1]._exit() is None, "the program goes on"


@docker
async def test_what_a_shell_left_at_work_on_purpose_stays(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    await said(running, "sh", "-c", "trap '' HUP; sleep 1001 & exit")
    assert (await _processes(running)).count("sleep") == 1


@docker
async def test_it_ends_with_its_container(running: tuple[DockerSandbox, DockerProcess]) -> None:
    async with opened(running) as shell:
        await shell.write(b"echo he''re; trap '' HUP TERM; sleep 1000\n")
        await until(shell, b"here")
        await running[1].write(b"end\n")
        assert (await running[1].wait()).code == 7
        await rest(shell)
        assert await shell.code() != 0
    with pytest.raises(Conflict):
        async with opened(running):
            pytest.fail("it runs no more")


@docker
async def test_it_does_not_hold_up_who_removes_the_container(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    box, process = running
    async with opened(running) as shell:
        await until(shell, b"$")
        await box.remove(process.name)
        await rest(shell)
        assert await shell.code() is None
    with pytest.raises(NotFound):
        async with opened(running):
            pytest.fail("there is none")


@docker
async def test_a_shell_that_stands_still_is_ended_as_well(
    running: tuple[DockerSandbox, DockerProcess],
) -> None:
    async with opened(running) as shell:
        await shell.write(b"kill -STOP $$\n")
        await until(shell, b"STOP")
    assert "bash" not in await _processes(running)


@pytest.mark.parametrize("command", [(), ("sh",)])
def test_nothing_opens_on_this_machine(tmp_path: Path, command: Sequence[str]) -> None:
    with pytest.raises(Refused), contextlib.ExitStack():
        LocalSandbox(tmp_path).shell("any", command)

"""`halftui --serve` as a program: what it prints, who comes in, how it ends, and what it imports when."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.boards import make_repository
from tests.helpers.people import make_key
from tests.helpers.ssh import GuestTerminal, Ran, execute

ROOT = Path(__file__).parents[2]


@dataclass
class Program:
    """A home with a board, and the program over it."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The program's environment."""
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "HALFTUI_HOME": str(self.folder / "home"),
            "HALFTUI_CONFIG": str(self.folder / "config"), "HALFTUI_SANDBOX": "local",
            "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        }  # fmt: skip

    async def run(self, *argv: str, stdin: bytes = b"") -> Ran:
        """Run a command of it in the repository's folder."""
        words = (sys.executable, "-m", "halftui", *argv)
        return await execute("env", "-C", str(self.folder / "shop"), *words, stdin=stdin, env=self.env)

    @asynccontextmanager
    async def serving(
        self, *argv: str, host: str = "127.0.0.1", name: str = r"127\.0\.0\.1"
    ) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, str]]:
        """Serve; gives the process, the port, and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "halftui", *argv, "--host", host, "--port", "0",
            env=self.env, cwd=self.folder / "shop", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            said = ""
            async with asyncio.timeout(30):
                while "who may come in" not in said:
                    said += (await process.stdout.readline()).decode()
            found = re.search(rf"ssh -p (\d+) NAME@{name}\n", said)
            assert found is not None, said
            yield process, int(found[1]), said
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def ssh(self, port: int, *words: str) -> list[str]:
        """Return the command line of a guest."""
        return [
            "ssh", "-F", "none", "-p", str(port), "-i", str(self.folder / "ann"), "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", f"UserKnownHostsFile={self.folder / 'known'}", "ann@127.0.0.1", *words,
        ]  # fmt: skip


@pytest.fixture
async def program(tmp_path: Path) -> Program:
    """Return a home with a board that works by hand, and ann who may come in."""
    made = Program(tmp_path)
    make_repository(tmp_path / "shop")
    make_key(tmp_path / "ann")
    assert (await made.run("init", "--mode", "manual", "--name", "shop")).code == 0
    public = (tmp_path / "ann.pub").read_bytes()
    assert (await made.run("key", "add", "ann", "--role", "operator", stdin=public)).code == 0
    return made


@pytest.mark.parametrize("argv", [("serve",), ("--serve",)])
async def test_the_whole_way(program: Program, argv: tuple[str, ...]) -> None:
    async with program.serving(*argv) as (process, port, said):
        assert "serving shop" in said
        assert re.search(r"host key: SHA256:\S{43} \(ED25519\)", said)
        assert "ann (operator)" in said
        for _ in range(2):  # two logins after each other
            ran = await execute(*program.ssh(port, "board", "list"))
            assert (ran.code, ran.err) == (0, "")
        env = {**program.env, "TERM": "xterm-256color"}
        async with GuestTerminal(program.ssh(port), (120, 35), env) as ann:
            await ann.until("Ready 0")
            again = await execute(*program.ssh(port, "bead", "create", "x"))
            assert again.code == 0, "and a third beside a screen"
            await ann.until("Ready 1")
            shown = await program.run("status", "-o", "json")
            assert shown.code == 0
            process.send_signal(signal.SIGTERM)
            await ann.until("The board is closing")
            await ann.ended()
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert (await program.run("status")).code == 5


async def test_a_port_that_is_taken(program: Program) -> None:
    async with program.serving("serve") as (_, port, _said):
        ran = await program.run("serve", "--host", "127.0.0.1", "--port", str(port))
        assert ran.code == 2
        assert "nobody can connect to 127.0.0.1" in ran.err
        assert "Traceback" not in ran.err


async def test_without_a_board_it_says_so(tmp_path: Path) -> None:
    bare = Program(tmp_path)
    make_repository(tmp_path / "shop")
    ran = await bare.run("serve", "--host", "127.0.0.1", "--port", "0")
    assert ran.code == 2
    assert "halftui init" in ran.err


async def test_only_serving_imports_the_ssh_library(program: Program) -> None:
    look = "import sys; from halftui.main.doors import enter; enter(['bead', 'list'])"
    look += "; print('asyncssh' in sys.modules)"
    ran = await execute(
        "env", "-C", str(program.folder / "shop"), sys.executable, "-c", look, env=program.env
    )
    assert ran.out.splitlines()[-1] == "False"


async def test_garbage_is_looked_for(program: Program) -> None:
    """A command that is over at once does without; what serves for weeks must not."""
    told = "import atexit, gc; atexit.register(lambda: print('looks for garbage:', gc.isenabled()))"
    call = "from halftui.main import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{told}; {call}", "serve", "--host", "127.0.0.1", "--port", "0",
        env=program.env, cwd=program.folder / "shop", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while b"who may come in" not in await process.stdout.readline():
            pass
        process.terminate()
        assert b"looks for garbage: True" in await process.stdout.read()
        await process.wait()


@pytest.mark.parametrize("host", ["", "localhost"])
async def test_any_free_port_is_one_of_all_addresses(program: Program, host: str) -> None:
    async with program.serving("serve", host=host, name=r"\S+") as (process, port, _):
        assert port
        ran = await execute(*program.ssh(port, "bead", "list"), env=program.env)
        assert ran.code == 0, ran
        process.terminate()
        assert await process.wait() == 0

"""What stands between an agent and its provider, and between it and the board: CPU, latency, absence."""

import asyncio
import os
import resource
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from halftui.demo.model import ScriptedModel
from halftui.domain.happenings import Answer, Said
from halftui.runtime import proxy
from halftui.runtime.base import Brief
from halftui.runtime.claude import ClaudeRuntime
from halftui.runtime.proxy import Credential
from halftui.sandbox.base import Places, Spec
from halftui.sandbox.local import LocalSandbox
from tests.bench.table import Row, Series
from tests.helpers.boards import CANARY, git, script
from tests.runtime.doubles import FixedDesk

REQUESTS = 100
AWAY = 10.0  # seconds
TOOL = {"text": "I look.", "tool": "Bash", "input": {"command": "seq 200", "description": "x"}}
END = {"text": "Done."}
BODY = {
    "model": "m",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": script({"text": "x" * 2000})}],
}


def run(folder: Path, runs: int) -> Iterator[Row]:
    """Each in a loop of its own."""
    own, raw = zip(*(asyncio.run(_turn(folder)) for _ in range(runs)), strict=True)
    yield Row(
        "D",
        "a turn with a tool: CPU of the board",
        "ms",
        Series(own),
        "CPU of the CLI",
        Series(raw),
        times=0.25,
    )
    through, direct = asyncio.run(_latency(folder))
    yield Row("D", "a request through the proxy", "ms", Series(through), "without it", Series(direct))
    back = [asyncio.run(_absence(folder)) for _ in range(2)]
    yield Row("D", f"proxy away {AWAY:g} s, then back → next word", "s", Series(tuple(back)))


async def _credential() -> Credential:
    return Credential("api-key", CANARY)


@asynccontextmanager
async def _places(folder: Path) -> AsyncIterator[tuple[Places, ScriptedModel]]:
    place = Path(tempfile.mkdtemp(dir=folder))
    for name in ("work", "home", "run"):
        (place / name).mkdir()
    await asyncio.to_thread(git, place / "work", "init", "-q")
    async with ScriptedModel(socket=place / "m.sock") as model:
        yield Places(place / "work", place / "home", place / "run", tool=ClaudeRuntime().program()), model


async def _turn(folder: Path) -> tuple[float, float]:
    """Return the CPU of this process for one conversation, and that of the CLI alone for the same, in ms."""
    async with _places(folder) as (places, model), proxy.serve(places.sockets, _credential, model.url):
        began = _cpu(resource.RUSAGE_SELF)
        await _converse(folder, places, script(TOOL, END))
        own = _cpu(resource.RUSAGE_SELF) - began
        began, mine = _cpu(resource.RUSAGE_CHILDREN), _cpu(resource.RUSAGE_SELF)
        await _alone(places, script(TOOL, END))
        # The model and the proxy of this bench run here, too: what they took is taken off.
        served = _cpu(resource.RUSAGE_SELF) - mine
        return max(0.0, own - served), _cpu(resource.RUSAGE_CHILDREN) - began


async def _converse(folder: Path, places: Places, prompt: str) -> list[float]:
    """Run one conversation on this machine, and return when each word was said."""
    runtime, sandbox = ClaudeRuntime("api-key", env={"IS_SANDBOX": "1"}), LocalSandbox(folder)
    brief = Brief("a@1", "a", prompt, "You work.", str(uuid.uuid4()), is_free=True)
    command = runtime.command(brief, sandbox.inside(places))
    process = await sandbox.start(Spec(f"bench-{uuid.uuid4().hex[:8]}", command.argv, command.env, places))
    try:
        told = runtime.converse(brief, process, FixedDesk(Answer()))
        return [time.monotonic() async for happening in told if isinstance(happening, Said)]
    finally:
        await sandbox.remove(process.name)


async def _alone(places: Places, prompt: str) -> None:
    runtime, inside = ClaudeRuntime("api-key"), LocalSandbox(places.work).inside(places)
    brief = Brief("a@1", "a", prompt, "You work.", str(uuid.uuid4()))
    env = {"PATH": os.environ["PATH"], **runtime.command(brief, inside).env, "IS_SANDBOX": "1"}
    argv = [inside.tool, "-p", prompt, "--output-format", "stream-json", "--verbose", "--strict-mcp-config",
            "--permission-mode", "bypassPermissions"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *argv, env=env, cwd=places.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, limit=2**24
    )
    assert process.stdout is not None
    await process.stdout.read()
    if await process.wait():
        raise RuntimeError("the CLI failed")


async def _latency(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the milliseconds of requests through the proxy, and of such without it, taken in turns."""
    through, direct = [], []
    async with (
        _places(folder) as (places, model),
        proxy.serve(places.sockets, _credential, model.url) as path,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as one,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(model.url.removeprefix("unix://"))) as other,
    ):
        for _ in range(REQUESTS):
            through.append(await _ask(one))
            direct.append(await _ask(other))
    return tuple(through), tuple(direct)


async def _ask(session: aiohttp.ClientSession) -> float:
    began = time.perf_counter()
    async with session.post("http://localhost/v1/messages", json=BODY) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the model answered {answer.status}")
    return 1000 * (time.perf_counter() - began)


async def _absence(folder: Path) -> float:
    """Return the seconds from the proxy's return to the agent's next word."""
    async with _places(folder) as (places, model):
        async with proxy.serve(places.sockets, _credential, model.url):
            waits = {**TOOL, "input": {"command": "touch begun; sleep 1", "description": "x"}}
            talk = asyncio.create_task(_converse(folder, places, script(waits, END)))
            while not (places.work / "begun").exists():  # noqa: ASYNC110 - another process tells no event
                await asyncio.sleep(0.02)
        await asyncio.sleep(AWAY)
        async with proxy.serve(places.sockets, _credential, model.url):
            back = time.monotonic()
            return (await talk)[-1] - back


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return 1000 * (used.ru_utime + used.ru_stime)

"""What a program says is kept by the engine within bounds, and nothing of it is lost unnoticed."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from halftui.sandbox import docker, hardening
from halftui.sandbox.base import Exit, Places, Process, Spec
from halftui.sandbox.docker import DockerProcess, DockerSandbox, engine, socket_of
from halftui.sandbox.wire import RECORD, size_in_log

pytestmark = pytest.mark.docker

LINES = b"".join(b"%d\n" % number for number in range(1, 30_001))
FLOOD = "seq 1 30000"
MIXED = "import os; os.write(1, (bytes(range(256)) + '<&>\\u2028\\u2029é✓'.encode() + b'\\n') * 500)"


@pytest.fixture
async def start(docker_host: str, agent_image: str, places: Places) -> AsyncIterator[Any]:
    box = DockerSandbox(agent_image, docker_host)
    name = f"halftui-test-log-{os.getpid()}-{os.urandom(3).hex()}"

    async def begin(*argv: str) -> DockerProcess:
        return await box.start(Spec(name, argv, {}, places))

    yield begin
    await box.remove(name)


async def _read(process: Process, start: int = 0) -> bytes:
    async with asyncio.timeout(60):
        return b"".join([chunk async for chunk in process.output(start)])


@pytest.mark.parametrize("start_at", [0, 5_000])
async def test_one_that_fills_its_log_is_ended_and_what_it_said_is_told(
    start: Any, monkeypatch: pytest.MonkeyPatch, start_at: int
) -> None:
    monkeypatch.setattr(docker, "FULL", 900_000)
    process = await start("sh", "-c", f"{FLOOD}; exec sleep 600")
    said = await _read(process, start_at)
    assert len(said) > 40_000
    assert LINES[start_at:].startswith(said)
    assert "more than a log holds" in process.fault
    assert (await process.wait()).code in (137, 143)


async def test_its_errors_count(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "FULL", 900_000)
    process = await start("sh", "-c", f"{FLOOD} >&2; exec sleep 600")
    assert await _read(process) == b""
    assert process.fault
    assert (await process.wait()).code in (137, 143)


async def test_a_log_that_was_cut_while_nobody_read_is_seen_to_be(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"Type": "json-file", "Config": {"max-size": "200k", "max-file": "2"}}
    monkeypatch.setattr(hardening, "LOG", kept)
    monkeypatch.setattr(docker, "FULL", 190_000)
    process = await start("sh", "-c", FLOOD)
    assert await process.wait() == Exit(0)
    assert not LINES.startswith(await _read(process)), "its beginning is gone"
    assert process.fault


async def test_what_a_log_takes_is_never_more_than_is_reckoned(start: Any, docker_host: str) -> None:
    process = await start("python3", "-c", MIXED)
    assert await process.wait() == Exit(0)
    said = await _read(process)
    with engine(socket_of(docker_host)) as api:
        file = Path(api.inspect_container(process.name)["LogPath"])
    if not os.access(file, os.R_OK):
        pytest.skip("the engine's log is another user's")
    records = file.read_bytes().count(b'"stream"')
    reckoned = size_in_log(said) + records * RECORD
    assert file.stat().st_size <= reckoned < 1.5 * file.stat().st_size
    assert process.fault == ""

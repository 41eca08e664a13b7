"""What operators see: `halftui status`, and figures in OpenMetrics form on this machine's own address."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from halftui.errors import Misconfigured, NotFound, Unavailable
from halftui.ssh import status
from tests.helpers.ssh import Host
from tests.helpers.waiting import PATIENCE, until


async def _get(port: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return answer.decode()


async def test_figures_grow_with_what_happens(host: Host) -> None:
    host.admit("ann", "viewer")
    before = status.figures(host.server)
    assert before["guests"] == before["logins"] == 0
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        await host.run("ann", "board", "list")
        found = status.figures(host.server)
    assert (found["guests"], found["screens"], found["sessions"], found["logins"]) == (1, 1, 1, 2)
    assert found["sent_bytes"] > 2_000
    await host.empty()
    assert status.figures(host.server)["screens"] == 0


async def test_the_text_is_openmetrics(host: Host) -> None:
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        text = status.exposition(host.server)
        found = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # the library's
    assert [(f.name, f.type, f.documentation) for f in found] == [
        (f"halftui_{name}", kind, meaning) for name, kind, meaning in status.FIGURES
    ]
    values = {sample.name: sample.value for family in found for sample in family.samples}
    assert len(values) == len(status.FIGURES)
    assert (values["halftui_guests"], values["halftui_logins_total"]) == (1, 1)
    assert values["halftui_sent_bytes_total"] > 2_000


async def test_the_endpoint_answers_one_question(host: Host) -> None:
    port = await _free_port()
    task = asyncio.ensure_future(status.expose(host.server, port))
    await until(lambda: _is_open(port))
    try:
        good = await _get(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert good.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text")
        assert good.endswith("# EOF\n")
        assert (await _get(port, b"GET /../etc/passwd HTTP/1.1\r\n\r\n")).startswith("HTTP/1.1 404")
        assert await _get(port, b"A" * 20_000) == ""
        with pytest.raises(Misconfigured, match="is taken"):
            await status.expose(host.server, port)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_file_says_who_is_there_and_goes(host: Host) -> None:
    host.admit("ann", "viewer")
    folder = host.server.hosting.folder
    task = asyncio.ensure_future(status.write(host.server, host.port))
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        await until(lambda: (folder / status.NAME).exists() and status.read(folder)["people"] == ["ann"])
        assert status.read(folder)["port"] == host.port
    task.cancel()
    await asyncio.wait([task])
    with pytest.raises(NotFound, match="nobody serves"):
        status.read(folder)


def test_an_old_or_damaged_file(tmp_path: Path) -> None:
    (tmp_path / status.NAME).write_text(json.dumps({"pid": 1, "at": 1000.0}))
    with pytest.raises(Unavailable, match="last heard of long ago"):
        status.read(tmp_path, 2000.0)
    (tmp_path / status.NAME).write_text("{")
    with pytest.raises(Misconfigured, match="can't be read"):
        status.read(tmp_path)


def _is_open(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


async def _free_port() -> int:
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port

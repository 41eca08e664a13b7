"""What the server says of itself: a file for `halftui status`, and figures in OpenMetrics form."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halftui.errors import Misconfigured, NotFound, Unavailable

if TYPE_CHECKING:
    from halftui.ssh.server import Server

NAME = "status.json"
WRITE_SECONDS = 2.0
STALE_SECONDS = 15.0
LOOPBACK = "127.0.0.1"
LONGEST_REQUEST = 8_192
PATIENCE = 5.0
KIND = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# A figure's name, its type, and its meaning.
FIGURES = (
    ("guests", "gauge", "people connected now"),
    ("sessions", "gauge", "terminals, commands and transfers now"),
    ("screens", "gauge", "boards on terminals now"),
    ("half_open", "gauge", "connections that have not shown who they are"),
    ("logins", "counter", "connections that came in"),
    ("logins_refused", "counter", "connections that tried keys in vain"),
    ("turned_away", "counter", "connections that had to go before they showed who they are"),
    ("screens_opened", "counter", "boards opened on terminals"),
    ("screens_failed", "counter", "boards on terminals that ended by a bug"),
    ("sent_bytes", "counter", "bytes sent to guests"),
    ("cpu_seconds", "counter", "processor time of this process"),
)


def figures(server: Server) -> dict[str, float]:
    """Return a server's figures by their names."""
    sessions = [session for visitor in server.visitors for session in visitor.sessions]
    counts = server.counts
    return {
        "guests": len({v.member.name for v in server.visitors if v.member is not None}),
        "sessions": len(sessions),
        "screens": sum(map(len, server.apps.values())),
        "half_open": server.gate.waiting,
        "logins": counts["logins"],
        "logins_refused": counts["logins_refused"],
        "turned_away": server.gate.turned_away,
        "screens_opened": counts["screens"],
        "screens_failed": counts["screens_failed"],
        "sent_bytes": counts["sent_bytes"] + sum(session.line.sent for session in sessions),
        "cpu_seconds": time.process_time(),
    }


def exposition(server: Server) -> str:
    """Return the figures in the OpenMetrics text form, version 1.0."""
    found = figures(server)
    lines: list[str] = []
    for name, kind, meaning in FIGURES:
        full = f"halftui_{name}"
        lines += [f"# TYPE {full} {kind}", f"# HELP {full} {meaning}"]
        lines.append(f"{full}{'_total' if kind == 'counter' else ''} {found[name]:g}")
    return "\n".join([*lines, "# EOF\n"])


async def write(server: Server, port: int) -> None:
    """Keep the file for `halftui status` up to date until cancelled; then remove it."""
    file = server.hosting.folder / NAME
    try:
        while True:
            people = sorted({v.member.name for v in server.visitors if v.member is not None})
            found = {"pid": os.getpid(), "port": port, "people": people, **figures(server)}
            await asyncio.to_thread(_replace, file, json.dumps(found | {"at": time.time()}))
            await asyncio.sleep(WRITE_SECONDS)
    finally:
        file.unlink(missing_ok=True)


def read(folder: Path, clock: float | None = None) -> Mapping[str, object]:
    """Return what the process that serves from `folder` last said. Raises NotFound, Unavailable."""
    file = folder / NAME
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("nobody serves these boards now", "run: halftui serve") from None
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{file} can't be read: {error}", "remove it") from error
    if (time.time() if clock is None else clock) - float(found.get("at", 0)) > STALE_SECONDS:
        raise Unavailable(
            f"the server (process {found.get('pid')}) was last heard of long ago",
            "look at its log, or start it anew",
        )
    return found


async def expose(server: Server, port: int) -> None:
    """Answer `GET /metrics` on this machine's own address until cancelled.

    Raises Misconfigured if the port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                request = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0]
                is_ours = request.startswith(b"GET /metrics ")
                body = exposition(server).encode() if is_ours else b"GET /metrics is all there is\n"
                status = "200 OK" if is_ours else "404 Not Found"
                kind = KIND if is_ours else "text/plain"
                head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # whoever asked so badly gets no answer
        finally:
            writer.close()

    try:
        listening = await asyncio.start_server(answer, LOOPBACK, port, limit=LONGEST_REQUEST)
    except OSError as error:
        raise Misconfigured(f"port {port} is taken: {error.strerror}", "set another metrics_port") from error
    async with listening:
        await listening.serve_forever()


def _replace(file: Path, text: str) -> None:
    beside = file.with_suffix(".new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise Unavailable(f"{file} can't be written: {error.strerror}", "make room on the disk") from error

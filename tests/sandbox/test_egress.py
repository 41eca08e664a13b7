"""With a list of hosts, a program in a container reaches those and nothing else."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from halftui.domain.egress import Hosts, parse
from halftui.runtime import egress
from halftui.runtime.egress import Net, Passage, Streams
from halftui.runtime.proxy import Owner
from halftui.sandbox.base import Limits, Places, Spec
from halftui.sandbox.docker import DockerSandbox
from halftui.sandbox.hardening import INSIDE
from tests.sandbox.test_probes import EGRESS, PASSED

pytestmark = pytest.mark.docker

ALLOWED = "good.example,other.example:8443"
PUBLIC = "93.184.215.14"
# Succeed only if the proxy let something through that is not on the list.
_TUNNEL = (
    'python3 -c \'import socket; s = socket.create_connection(("127.0.0.1", 3128), 5);'
    ' s.sendall(b"CONNECT {} HTTP/1.1\\r\\n\\r\\n"); assert b" 200 " in s.recv(99)\''
)
_RAW = (
    'python3 -c \'import socket; s = socket.create_connection(("127.0.0.1", 3128), 5);'
    ' s.sendall(b"{}"); s.shutdown(1); d = b"".join(iter(lambda: s.recv(9999), b"")); assert b"{}" in d\''
)
THROUGH = {
    "a host that is not listed": _TUNNEL.format("evil.example:443"),
    "a host below a listed one": _TUNNEL.format("x.good.example:443"),
    "a host that ends like a listed one": _TUNNEL.format("evilgood.example:443"),
    "another port of a listed one": _TUNNEL.format("good.example:22"),
    "the usual port of one that is listed with another": _TUNNEL.format("other.example:443"),
    "an address": _TUNNEL.format("93.184.215.14:443"),
    "an address of IPv6": _TUNNEL.format("[2606:2800:21f:cb07::1]:443"),
    "the metadata service": _TUNNEL.format("169.254.169.254:80"),
    "the metadata service by name": _TUNNEL.format("metadata.google.internal:80"),
    "the host's loopback": _TUNNEL.format("127.0.0.1:$PORT"),
    "the host's loopback by name": _TUNNEL.format("localhost:$PORT"),
    "the host's loopback as a number": _TUNNEL.format("2130706433:$PORT"),
    "the engine by name": _TUNNEL.format("host.docker.internal:2375"),
    "a listed name for an own address": _TUNNEL.format("rebound.example:80"),
    "a listed name for two addresses": _TUNNEL.format("mixed.example:80"),
    "a web page that is not listed": "python3 -c 'import urllib.request as u; u.urlopen(\"http://evil.example/\")'",
    "an encrypted page that is not listed": (
        "python3 -c 'import urllib.request as u; u.urlopen(\"https://evil.example/\")'"
    ),
    "another host behind a listed request": _RAW.format(
        "GET http://good.example/ HTTP/1.1\\r\\n\\r\\nGET http://evil.example/ HTTP/1.1\\r\\n\\r\\n", "evil"
    ),
    "another host by its header": _RAW.format(
        "GET http://good.example/ HTTP/1.1\\r\\nHost: evil.example\\r\\n\\r\\n", "evil"
    ),
    "a name server through the proxy": _TUNNEL.format("8.8.8.8:53"),
    "the other sockets of the attempt": "touch /run/halftui/relay.py",
}
# Succeed if the list does what it is for.
WORKS = {
    "a page": 'python3 -c \'import urllib.request as u; assert b"GET /x" in u.urlopen("http://good.example/x").read()\'',
    "a tunnel": _RAW.format("CONNECT good.example:443 HTTP/1.1\\r\\n\\r\\nhello", "hello"),
    "a tunnel to a port": _RAW.format("CONNECT other.example:8443 HTTP/1.1\\r\\n\\r\\nhello", "hello"),
    "the program's input is its own": "read line && test $line = told",
    "the program is the first one's child": "test $PPID = 1",
}
# The proxy is known to programs, and its port is the one thing that listens in the container.
OTHERWISE = {"find a proxy", "see the host's connections"}
PROBES = {name: command for name, command in EGRESS.items() if name not in OTHERWISE} | {
    "see the host's connections": "tail -n +2 /proc/net/tcp | grep -v '0100007F:0C38' | grep .",
}


async def _resolve(host: str, port: int) -> Sequence[str]:
    return {"rebound.example": ["127.0.0.1"], "mixed.example": [PUBLIC, "10.0.0.1"]}.get(host, [PUBLIC])


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + await reader.read(9_999))
    writer.close()


def _script(port: int) -> str:
    lines = []
    for kind, probes in (("out", PROBES), ("through", THROUGH), ("works", WORKS)):
        for name, command in probes.items():
            stdin = "" if "read line" in command else "</dev/null"
            filled = command.replace("$PORT", str(port))
            lines.append(f"if ( {filled} ) >/dev/null 2>&1 {stdin}; then w='{PASSED}'; else w=stopped; fi")
            lines.append(f'printf \'PROBE %s: %s\\t%s\\n\' {kind} "{name}" "$w"')
    return "\n".join(lines)


async def _probe(host: str, image: str, folder: Path) -> tuple[dict[str, str], list[Passage], int]:
    places = Places(*(folder / name for name in ("work", "home", "sockets")))
    box = DockerSandbox(image, host)
    for place in (places.work, places.home):
        place.mkdir()
    told: list[Passage] = []

    async def allowed() -> Hosts:
        return parse(f"{ALLOWED},rebound.example,mixed.example")

    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])

    async def dial(_: str, __: int) -> Streams:
        return await asyncio.open_connection("127.0.0.1", port)

    name = f"halftui-egress-{os.getpid()}"
    net, owner = Net(_resolve, dial), Owner(*box.user)
    async with server, egress.serve(places.sockets, allowed, told.append, owner=owner, net=net):
        argv = [*egress.command(INSIDE.sockets), "/bin/bash", "-c", f"{_script(port)}\nexit 7"]
        env = egress.environment() | {"ABSTRACT": name, "OUTSIDE": str(folder / "outside.sock")}
        process = await box.start(Spec(name, argv, env, places, {"test": "egress"}, Limits()))
        try:
            async with asyncio.timeout(150):
                await process.write(b"told\n")
                said = b"".join([chunk async for chunk in process.output()]).decode(errors="replace")
                code = (await process.wait()).code
        finally:
            await box.remove(name)
    lines = [line.removeprefix("PROBE ") for line in said.splitlines() if line.startswith("PROBE ")]
    return dict(line.split("\t", 1) for line in lines), told, code


@pytest.fixture(scope="module")
def report(
    docker_host: str, agent_image: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], list[Passage], int]:
    """Return what each probe came to, what was told of connections, and how the program ended."""
    return asyncio.run(_probe(docker_host, agent_image, tmp_path_factory.mktemp("egress")))


@pytest.mark.parametrize("name", PROBES)
def test_nothing_else_opens(report: tuple[dict[str, str], list[Passage], int], name: str) -> None:
    assert report[0][f"out: {name}"] == "stopped"


@pytest.mark.parametrize("name", THROUGH)
def test_the_proxy_lets_nothing_else_through(
    report: tuple[dict[str, str], list[Passage], int], name: str
) -> None:
    assert report[0][f"through: {name}"] == "stopped"


@pytest.mark.parametrize("name", WORKS)
def test_what_is_listed_is_reached(report: tuple[dict[str, str], list[Passage], int], name: str) -> None:
    assert report[0][f"works: {name}"] == PASSED


def test_all_of_it_is_told_and_the_program_ends_as_it_would(
    report: tuple[dict[str, str], list[Passage], int],
) -> None:
    _, told, code = report
    assert code == 7
    assert len(PROBES) >= 30
    assert {passage.host for passage in told if not passage.refused} == {"good.example", "other.example"}
    refused = {passage.host for passage in told if passage.refused}
    assert {
        "evil.example",
        "x.good.example",
        "evilgood.example",
        "rebound.example",
        "mixed.example",
    } <= refused

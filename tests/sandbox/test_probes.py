"""What a hostile program tries from inside an agent's container: none of it works."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from halftui.sandbox.base import Limits, Places, Spec
from halftui.sandbox.docker import DockerSandbox

pytestmark = pytest.mark.docker

PASSED = "GOT OUT"

_CALL = "python3 -c 'import ctypes; assert ctypes.CDLL(None).syscall({}) >= 0'"
# Each is a shell command that succeeds only if the program got out, or got at what is not its own.
ESCAPES = {
    "be root": "su -c true || sudo -n true",
    "become root by its number": "python3 -c 'import os; os.setuid(0)'",
    "become another group": "python3 -c 'import os; os.setgroups([0])'",
    "keep a capability": "! grep -q '^CapEff:\\s*0000000000000000$' /proc/self/status",
    "have a capability to gain": "! grep -q '^CapBnd:\\s*0000000000000000$' /proc/self/status",
    "gain privileges by a program": "! grep -q '^NoNewPrivs:\\s*1$' /proc/self/status",
    "run without seccomp": "! grep -q '^Seccomp:\\s*2$' /proc/self/status",
    "mount": "mount -t tmpfs none /mnt",
    "mount in a user namespace": "unshare -Urm mount -t tmpfs none /mnt",
    "make a user namespace": "unshare -U true",
    "make a mount namespace": "unshare -m true",
    "make a pid namespace": "unshare -p true",
    "make a network namespace": "unshare -n true",
    "enter the host's namespaces": "nsenter -t 1 -m true",
    "change the root": "chroot / true",
    "write into the root": "touch /x",
    "write into /etc": "touch /etc/x",
    "change the passwords": "echo x >> /etc/passwd",
    "write into /usr": "touch /usr/bin/x",
    "write into /opt": "touch /opt/halftui/x",
    "write into its socket folder": "touch /run/halftui/x",
    "replace its socket": "rm -f /run/halftui/api.sock && ! ls /run/halftui/api.sock",
    "write beside the board's objects": "touch $OBJECTS/x",
    "delete the board's objects": "rm $OBJECTS/kept",
    "leave its folder upwards": "ls /work/../../srv/* | grep .",
    "find the engine's socket": "find / -xdev -name 'docker*.sock' 2>/dev/null | grep .",
    "find the engine in /run": "test -S /var/run/docker.sock || test -S /run/docker.sock",
    "see a disk": "ls /dev/sd* /dev/vd* /dev/nvme* /dev/mapper/* 2>/dev/null | grep .",
    "make a device": "mknod /tmp/disk b 8 0",
    "open the kernel's memory": "head -c1 /dev/mem || head -c1 /dev/kmem || head -c1 /proc/kcore",
    "load a module": "insmod /x || modprobe dummy",
    "change the kernel": "echo 1 > /proc/sys/kernel/panic",
    "press the magic key": "echo h > /proc/sysrq-trigger",
    "change the core pattern": "echo '|/x' > /proc/sys/kernel/core_pattern",
    "change a control group": "find /sys/fs/cgroup -name cgroup.procs -writable | grep .",
    "release a control group": "echo /x > $(find /sys/fs/cgroup -name release_agent | head -1)",
    "write into /sys": "find /sys -xdev -type f -writable 2>/dev/null | grep .",
    "see the host's processes": "test $(ls -d /proc/[0-9]* | wc -l) -gt 12",
    "kill the first process": "kill -9 1 && sleep 0.2 && ! kill -0 1",
    "trace the first process": "head -c1 /proc/1/mem",
    "read the first process's surroundings": "cat /proc/1/environ | grep -z SECRET",
    "set the clock": "date -s 2001-01-01",
    "rename the machine": "hostname x && test $(hostname) = x",
    "raise its own limits": "ulimit -n 1000000",
    "dump core": "ulimit -c unlimited",
    "use a set-user-id program of its own": "cp /bin/id /tmp/i && chmod 4755 /tmp/i && test $(/tmp/i -u) = 0",
    "read the kernel's log": "dmesg | grep .",
    # system calls by their numbers on x86-64
    "use performance counters": _CALL.format("298, 0, 0, -1, -1, 0"),
    "use the keyring": _CALL.format("250, 0, -3, 1"),
    "load a filter program": _CALL.format("321, 0, 0, 0"),
}
_CONNECT = "python3 -c 'import socket; socket.create_connection((\"{}\", {}), 1)'"
_DATAGRAM = (
    'python3 -c \'import socket; socket.socket(socket.{}, socket.SOCK_DGRAM).sendto(b"x", ("{}", {}))\''
)
EGRESS = {
    "see an interface": "grep -v -e lo: -e face -e Inter /proc/net/dev | grep .",
    "see a route": "tail -n +2 /proc/net/route | grep .",
    "see a route of IPv6": "grep -v ' lo$' /proc/net/ipv6_route | grep .",
    "see the host's connections": "tail -n +2 /proc/net/tcp | grep .",
    "resolve a name": "getent hosts example.org",
    "resolve the host's name": "getent hosts host.docker.internal || getent hosts gateway.docker.internal",
    "reach a name server": _DATAGRAM.format("AF_INET", "8.8.8.8", 53),
    "reach a name server over TCP": _CONNECT.format("1.1.1.1", 53),
    "reach the web": _CONNECT.format("93.184.215.14", 80),
    "reach the web safely": _CONNECT.format("93.184.215.14", 443),
    "reach a provider": _CONNECT.format("api.anthropic.com", 443),
    "reach the metadata service": _CONNECT.format("169.254.169.254", 80),
    "reach the metadata service of containers": _CONNECT.format("169.254.170.2", 80),
    "reach the metadata service over IPv6": _CONNECT.format("fd00:ec2::254", 80),
    "reach the bridge": _CONNECT.format("172.17.0.1", 22),
    "reach the engine over TCP": _CONNECT.format("172.17.0.1", 2375),
    "reach a private network": _CONNECT.format("10.0.0.1", 80),
    "reach another private network": _CONNECT.format("192.168.1.1", 80),
    "reach the link": _CONNECT.format("169.254.0.1", 80),
    "reach the host's loopback": _CONNECT.format("127.0.0.1", "$PORT"),
    "reach the host's loopback by name": _CONNECT.format("localhost", "$PORT"),
    "reach the host's loopback over IPv6": _CONNECT.format("::1", "$PORT"),
    "reach the host by all zeros": _CONNECT.format("0.0.0.0", "$PORT"),
    "reach the host's abstract socket": (
        "python3 -c 'import os,socket; s = socket.socket(socket.AF_UNIX);"
        ' s.connect(chr(0) + os.environ["ABSTRACT"])\''
    ),
    "reach the host's socket file": (
        "python3 -c 'import os,socket; socket.socket(socket.AF_UNIX).connect(os.environ[\"OUTSIDE\"])'"
    ),
    "send a datagram": _DATAGRAM.format("AF_INET", "192.0.2.1", 9),
    "send a datagram over IPv6": _DATAGRAM.format("AF_INET6", "2001:db8::1", 9),
    "send to everybody": _DATAGRAM.format("AF_INET", "224.0.0.251", 5353),
    "open a raw socket": "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'",
    "open a packet socket": "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'",
    "make an interface": "ip link add x type dummy",
    "reach the hypervisor": (
        "python3 -c 'import socket; s = socket.socket(socket.AF_VSOCK); s.settimeout(1); s.connect((2, 22))'"
    ),
    "find a proxy": "env | grep -i proxy",
}


@pytest.fixture(scope="module")
def report(docker_host: str, agent_image: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what each probe came to; one container tries them all, one after the other."""
    return asyncio.run(_probe(docker_host, agent_image, tmp_path_factory.mktemp("probes")))


async def _probe(host: str, image: str, folder: Path) -> dict[str, str]:
    places = Places(*(folder / name for name in ("work", "home", "sockets", "objects")))
    box = DockerSandbox(image, host)
    uid, gid = box.user
    for place in (places.work, places.home, places.sockets, folder / "objects"):
        place.mkdir()
        os.chown(place, uid, gid)  # even what it owns is out of its reach where it is shown read-only
    (folder / "objects" / "kept").write_text("kept")
    name = f"halftui-probes-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as outside,
        socket.socket(socket.AF_UNIX) as gate,
    ):
        abstract.bind(f"\0{name}")
        outside.bind(str(folder / "outside.sock"))
        gate.bind(str(places.sockets / "api.sock"))
        for one in (abstract, outside, gate):
            one.listen()
        env = {
            "OBJECTS": str(folder / "objects"), "PORT": str(listener.getsockname()[1]),
            "ABSTRACT": name, "OUTSIDE": str(folder / "outside.sock"),
        }  # fmt: skip
        spec = Spec(name, ["/bin/bash", "-c", _script(env)], env, places, {"test": "probes"}, Limits())
        process = await box.start(spec)
        try:
            async with asyncio.timeout(150):
                said = b"".join([chunk async for chunk in process.output()]).decode(errors="replace")
        finally:
            await box.remove(name)
    assert (folder / "objects" / "kept").read_text() == "kept"
    return dict(line.removeprefix("PROBE ").split("\t", 1) for line in said.splitlines() if "PROBE " in line)


def _script(env: dict[str, str]) -> str:
    """Return a script that tries each probe and says what came of it."""
    tries = []
    for name, command in (ESCAPES | EGRESS | {"say that it can": "true"}).items():
        filled = command.replace("$PORT", env["PORT"])
        tries.append(
            f"if ( {filled} ) >/dev/null 2>&1 </dev/null; then w='{PASSED}'; else w=stopped; fi\n"
            f'printf \'PROBE %s\\t%s\\n\' "{name}" "$w"'
        )
    return "\n".join(tries)


@pytest.mark.parametrize("probe", ESCAPES)
def test_no_escape(report: dict[str, str], probe: str) -> None:
    assert report[probe] == "stopped"


@pytest.mark.parametrize("probe", EGRESS)
def test_no_egress(report: dict[str, str], probe: str) -> None:
    assert report[probe] == "stopped"


def test_a_probe_that_works_would_be_seen(report: dict[str, str]) -> None:
    assert report["say that it can"] == PASSED
    assert len(ESCAPES) >= 40
    assert len(EGRESS) >= 30

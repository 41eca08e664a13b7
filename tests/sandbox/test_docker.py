"""Programs in real containers: what they can't do, and what a second board can."""

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Conflict, Misconfigured, NotFound, Unavailable
from halftui.sandbox import docker, hardening, image
from halftui.sandbox.base import Exit, Found, Limits, Places, Process, Sandbox, Spec
from halftui.sandbox.choose import choose
from halftui.sandbox.docker import DockerSandbox, engine, socket_of

pytestmark = pytest.mark.docker

ECHO = 'while read -r line; do echo "got $line"; done'


@pytest.fixture
async def sandbox(docker_host: str, agent_image: str) -> AsyncIterator[DockerSandbox]:
    box = DockerSandbox(agent_image, docker_host)
    yield box
    for found in await box.find({"test": "yes"}):
        await box.remove(found.name)


@pytest.fixture
def spec(places: Places, request: pytest.FixtureRequest) -> Any:
    name = f"halftui-test-{os.getpid()}-{abs(hash(request.node.name)) % 10**8}"

    def make(text: str, limits: Limits | None = None, where: Places = places, n: int = 0) -> Spec:
        argv = ["/bin/sh", "-c", text]
        labels = {"test": "yes", "bead": str(n)}
        return Spec(f"{name}-{n}", argv, {"FROM_SPEC": "yes"}, where, labels, limits or Limits())

    return make


async def read(process: Process, start: int = 0) -> bytes:
    return b"".join([chunk async for chunk in process.output(start)])


async def read_until(process: Process, end: bytes, start: int = 0) -> bytes:
    got = b""
    async with asyncio.timeout(20):
        async for chunk in process.output(start):
            got += chunk
            if got.endswith(end):
                break
    return got


async def run(sandbox: DockerSandbox, spec: Spec) -> str:
    """Run a program to its end, and return what it said."""
    process = await sandbox.start(spec)
    said = (await read(process)).decode()
    assert await process.wait() == Exit(0), await process.error_tail()
    return said


def test_it_fits_what_the_engine_needs() -> None:
    box: Sandbox = DockerSandbox("x", "unix:///none")
    assert (box.kind, box.is_confined) == ("docker", True)


async def test_who_it_is(sandbox: DockerSandbox, spec: Any) -> None:
    said = await run(sandbox, spec("id -u; id -g; pwd; echo $HOME $FROM_SPEC; cat /proc/1/comm"))
    uid, gid = sandbox.user
    assert said == f"{uid}\n{gid}\n/work\n/home/agent yes\ndocker-init\n"


async def test_another_user_can_be_chosen_and_owns_the_places(
    sandbox: DockerSandbox, spec: Any, docker_host: str, agent_image: str, places: Places
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give folders away")
    (places.work / "deep").mkdir()
    (places.work / "deep/link").symlink_to("/etc/hostname")
    before = Path("/etc/hostname").stat().st_uid
    other = DockerSandbox(agent_image, docker_host, user=(1234, 1235))
    assert await run(other, spec("id -u; id -g; touch deep/new; cd; touch new")) == "1234\n1235\n"
    assert (places.work / "deep/new").stat().st_uid == 1234
    assert Path("/etc/hostname").stat().st_uid == before


async def test_it_has_no_powers(sandbox: DockerSandbox, spec: Any) -> None:
    status = dict(
        line.split(":\t", 1) for line in (await run(sandbox, spec("cat /proc/self/status"))).splitlines()
    )
    capabilities = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    assert {int(status[kind], 16) for kind in capabilities} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


async def test_it_has_no_network(sandbox: DockerSandbox, spec: Any) -> None:
    said = await run(sandbox, spec("ls /sys/class/net; cat /proc/net/route | wc -l"))
    assert said == "lo\n1\n"


async def test_it_writes_only_where_it_may(
    sandbox: DockerSandbox, spec: Any, places: Places, tmp_path: Path
) -> None:
    (tmp_path / "objects").mkdir(mode=0o777)
    (tmp_path / "tool").write_text("#!/bin/sh\necho a tool\n")
    (tmp_path / "tool").chmod(0o777)
    where = Places(places.work, places.home, places.sockets, tmp_path / "objects", tmp_path / "tool")
    find = "find / -xdev -writable -type d 2>/dev/null"
    places_of = "$(awk '{print $5}' /proc/self/mountinfo)"  # masked files are mounts of /dev/null
    mounts = f"for at in {places_of}; do [ -c $at ] || [ ! -w $at ] || echo $at; done"
    said = await run(sandbox, spec(f"/opt/halftui/agent; {find}; {mounts}; true", where=where))
    tool, *writable = said.splitlines()
    assert tool == "a tool"
    devices = {path for path in writable if path.startswith("/dev/")}
    assert set(writable) - devices == {"/work", "/home/agent", "/tmp"}
    assert devices == {"/dev/shm", "/dev/mqueue"} & devices


async def test_its_writable_places_can_t_hold_a_root_program_or_a_device(
    sandbox: DockerSandbox, spec: Any
) -> None:
    said = await run(sandbox, spec("grep ' /tmp ' /proc/self/mountinfo; df -m /tmp", Limits(tmp_mb=7)))
    assert {"nosuid", "nodev"} <= set(said.split()[5].split(","))
    assert said.splitlines()[-1].split()[1] == "7"


async def test_its_limits_hold(sandbox: DockerSandbox, spec: Any) -> None:
    limits = Limits(memory_mb=128, cpus=0.5, pids=33, open_files=77)
    text = "cd /sys/fs/cgroup; cat pids.max memory.max memory.swap.max cpu.max; ulimit -n"
    v1 = (
        "cd /sys/fs/cgroup; cat pids/pids.max memory/memory.limit_in_bytes;"
        " echo 0; echo $(cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us); ulimit -n"
    )
    said = await run(sandbox, spec(f"if [ -e /sys/fs/cgroup/pids.max ]; then {text}; else {v1}; fi", limits))
    assert said == "33\n134217728\n0\n50000 100000\n77\n"


async def test_memory_that_runs_out_is_told(sandbox: DockerSandbox, spec: Any) -> None:
    eat = "python3 -c 'x = bytearray(200_000_000)'; exit $?"
    process = await sandbox.start(spec(eat, Limits(memory_mb=64)))
    assert await process.wait() == Exit(137, oom=True)


async def test_a_fork_bomb_stays_inside(sandbox: DockerSandbox, spec: Any) -> None:
    bomb = "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; echo all"
    process = await sandbox.start(spec(bomb, Limits(pids=20)))
    assert (await process.wait()).code != 0
    assert "all" not in (await read(process)).decode()


async def test_it_reaches_the_board_s_socket_and_nothing_else(
    sandbox: DockerSandbox, spec: Any, places: Places
) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello from the board\n")
        writer.close()

    path = places.sockets / "api.sock"
    async with await asyncio.start_unix_server(serve, path):
        text = (
            "import socket; s = socket.socket(socket.AF_UNIX);"
            " s.connect('/run/halftui/api.sock'); print(s.recv(99).decode(), end='')"
        )
        said = await run(sandbox, spec(f'python3 -c "{text}"; ls /run/halftui; ls /var/run/*.sock; true'))
    assert said == "hello from the board\napi.sock\n"


async def test_git_works_in_a_clone_that_borrows(
    sandbox: DockerSandbox, spec: Any, places: Places, tmp_path: Path
) -> None:
    def git(*args: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=e@x"]
        subprocess.run(["git", *who, *args], check=True, capture_output=True)

    main = tmp_path / "main"
    git("init", "-b", "main", str(main))
    git("-C", str(main), "commit", "--allow-empty", "-m", "first")
    git("clone", "--shared", str(main), str(places.work))
    where = Places(places.work, places.home, places.sockets, main / ".git/objects")
    commit = "git -c user.name=n -c user.email=e@x commit -q --allow-empty -m second"
    said = await run(sandbox, spec(f"{commit} && git log --format=%s", where=where))
    assert said == "second\nfirst\n"


async def test_it_answers_what_is_written_to_it(sandbox: DockerSandbox, spec: Any) -> None:
    process = await sandbox.start(spec(ECHO))
    for n in range(20):
        await process.write(b"%d\n" % n)
    expected = b"".join(b"got %d\n" % n for n in range(20))
    assert await read_until(process, b"got 19\n") == expected
    await process.close_input()
    with pytest.raises(Unavailable):
        await process.write(b"late\n")


async def test_a_large_write_arrives_whole(sandbox: DockerSandbox, spec: Any) -> None:
    size = 5_000_000
    process = await sandbox.start(spec(f"sleep 0.5; head -c {size} | md5sum"))
    await process.write(b"x" * size)
    assert await read(process) == hashlib.md5(b"x" * size).hexdigest().encode() + b"  -\n"


async def test_a_program_that_does_not_read_never_blocks_the_board(
    sandbox: DockerSandbox, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "WRITE_PATIENCE", 0.5)
    process = await sandbox.start(spec("sleep 60"))
    with pytest.raises(Unavailable, match="does not read"):
        await process.write(b"x" * 3_000_000)
    with pytest.raises(Unavailable, match="no input"):
        await process.write(b"more")


async def test_another_board_adopts_it_with_no_byte_lost_or_doubled(
    sandbox: DockerSandbox, spec: Any, docker_host: str, agent_image: str
) -> None:
    count = "i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo $i; done; cat"
    asked = spec(count)
    first = await sandbox.start(asked)
    seen = b""
    async for chunk in first.output():
        seen += chunk
        if len(seen) > 3000:
            break

    other = DockerSandbox(agent_image, docker_host)
    assert Found(asked.name, dict(asked.labels), True) in await other.find({"test": "yes"})
    assert await other.find({"test": "yes", "bead": "none"}) == []
    second = await other.adopt(asked.name)
    await second.write(b"last\n")
    rest = await read_until(second, b"last\n", start=len(seen))
    assert seen + rest == b"".join(b"%d\n" % n for n in range(1, 4001)) + b"last\n"
    assert await second.stop() == await first.wait() == Exit(143)
    again = await other.adopt(asked.name)
    assert (await read(again, len(seen)), await again.wait()) == (rest, Exit(143))


async def test_long_lines_are_followed_without_loss(sandbox: DockerSandbox, spec: Any) -> None:
    sizes = (1, 16383, 16384, 16385, 32768, 500000)
    text = f"python3 -c \"for n in {sizes}: print('x' * n)\"; printf end"
    process = await sandbox.start(spec(text))
    lines = b"".join(b"x" * n + b"\n" for n in sizes)
    assert await read(process) == lines + b"end"
    assert await read(process, start=16000) == (lines + b"end")[16000:]


async def test_it_can_end_by_itself_or_is_killed(sandbox: DockerSandbox, spec: Any) -> None:
    polite = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"
    process = await sandbox.start(spec(polite))
    await read_until(process, b"up\n")
    assert await process.stop() == Exit(5)
    assert await read(process) == b"up\nbye\n"

    stubborn = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    process = await sandbox.start(spec(stubborn, n=1))
    await read_until(process, b"up\n")
    assert await process.stop(grace=1) == Exit(137)
    with pytest.raises(Unavailable):
        await process.write(b"anyone?\n")


async def test_error_tail_is_the_last_8_kib_of_errors_alone(sandbox: DockerSandbox, spec: Any) -> None:
    process = await sandbox.start(spec("seq 10000 >&2; seq 10000; exit 3"))
    assert await process.wait() == Exit(3)
    tail = await process.error_tail()
    assert len(tail) == 8192
    assert tail.endswith("\n10000\n")


async def test_a_name_is_taken_once_until_it_is_removed(sandbox: DockerSandbox, spec: Any) -> None:
    asked = spec("sleep 60")
    process = await sandbox.start(asked)
    with pytest.raises(Conflict):
        await sandbox.start(asked)
    async with asyncio.TaskGroup() as group:
        end = group.create_task(process.wait())
        said = group.create_task(read(process))
        await asyncio.sleep(0.2)
        await sandbox.remove(asked.name)
    assert (end.result(), said.result()) == (Exit(137), b"")
    await sandbox.remove(asked.name)
    with pytest.raises(NotFound):
        await sandbox.adopt(asked.name)
    await sandbox.start(asked)


async def test_a_cancelled_start_leaves_nothing_unknown(sandbox: DockerSandbox, spec: Any) -> None:
    asked = spec("sleep 60")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await sandbox.start(asked)
    assert [found.name for found in await sandbox.find({"test": "yes"})] == [asked.name]


async def test_a_container_of_others_is_left_alone(
    sandbox: DockerSandbox, spec: Any, docker_host: str, agent_image: str
) -> None:
    name = spec("true").name
    with engine(socket_of(docker_host)) as api:
        api.create_container(agent_image, ["true"], name=name, network_disabled=True)
        try:
            with pytest.raises(NotFound):
                await sandbox.adopt(name)
            await sandbox.remove(name)
            assert api.inspect_container(name)["Name"] == f"/{name}"
        finally:
            api.remove_container(name)


async def test_one_that_would_not_be_confined_is_not_started(
    sandbox: DockerSandbox, spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weaker(*args: Any) -> dict[str, Any]:
        config = hardening.create_config(*args)
        config["HostConfig"]["CapDrop"] = []
        return config

    monkeypatch.setattr(docker, "create_config", weaker)
    with pytest.raises(Misconfigured, match="cap-drop ALL"):
        await sandbox.start(spec("true"))
    assert await sandbox.find({"test": "yes"}) == []


async def test_what_can_t_start_leaves_nothing(sandbox: DockerSandbox, spec: Any, docker_host: str) -> None:
    with pytest.raises(Unavailable, match="halftui image build"):
        await DockerSandbox("halftui/agent:none", docker_host).start(spec("true"))
    here = spec("true").places
    gone = Places(here.work / "gone", here.home, here.sockets)
    with pytest.raises(Misconfigured, match="gone"):
        await sandbox.start(spec("true", where=gone))
    assert await sandbox.find({"test": "yes"}) == []


async def test_a_program_that_is_not_there_ends_like_one(sandbox: DockerSandbox, spec: Any) -> None:
    asked = spec("true")
    argv = ["/no/such/program"]
    process = await sandbox.start(Spec(asked.name, argv, {}, asked.places, asked.labels))
    assert await process.wait() == Exit(127)
    assert "/no/such/program" in await process.error_tail()


async def test_the_environment_holds_what_was_given_and_no_more(
    sandbox: DockerSandbox, spec: Any, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    asked = spec("env")
    said = await run(sandbox, asked)
    names = {line.partition("=")[0] for line in said.splitlines()}
    assert names == {"FROM_SPEC", "HOME", "HOSTNAME", "LANG", "PATH", "PWD"}
    with engine(socket_of(docker_host)) as api:
        assert "sk-secret" not in json.dumps(api.inspect_container(asked.name))


def test_the_image_is_current(docker_host: str, agent_image: str) -> None:
    assert image.tag() == agent_image
    assert image.is_built(docker_host)
    assert not image.is_built(docker_host, "RUN true")


def test_docker_is_chosen_when_it_answers(docker_host: str, agent_image: str, tmp_path: Path) -> None:
    choice = choose("auto", tmp_path, docker_host)
    assert choice.sandbox.kind == "docker"
    assert "containers of Docker" in choice.reason
    assert "not there" not in choice.reason

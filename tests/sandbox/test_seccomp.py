"""Which system calls a container's program may make: the packaged profile, tried call by call."""

import errno
import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Misconfigured
from halftui.sandbox.base import Places, Spec
from halftui.sandbox.choose import choose
from halftui.sandbox.docker import DockerSandbox
from halftui.sandbox.hardening import seccomp

docker = pytest.mark.docker

# What has no use for work but has been a way into the kernel, or to other programs.
CLOSED = """
    acct add_key bpf chroot clock_settime delete_module fanotify_init finit_module fsconfig fsmount
    fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
    kexec_file_load kexec_load keyctl lookup_dcookie mbind memfd_secret migrate_pages modify_ldt mount
    mount_setattr move_mount move_pages name_to_handle_at open_by_handle_at open_tree perf_event_open
    pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl reboot
    remap_file_pages request_key setdomainname setns settimeofday sethostname socketcall swapoff swapon
    syslog umount2 unshare userfaultfd vhangup vmsplice
"""
# Of x86-64, with arguments for which a kernel that is asked says something else than "not permitted".
CALLS = {
    "trace a program": (101, 3, -1, 0, 0),
    "read a program's memory": (310, "self", 0, 0, 0, 0, 0),
    "write a program's memory": (311, "self", 0, 0, 0, 0, 0),
    "compare programs": (312, "self", "self", 0, 0, 0),
    "set up a ring": (425, 1, 0),
    "enter a ring": (426, -1, 0, 0, 0, 0, 0),
    "register with a ring": (427, -1, 0, 0, 0),
    "handle page faults": (323, 0x7FFF),
    "change segments": (154, 0, 0, 0),
    "load a filter program": (321, 99, 0, 0),
    "watch the machine": (298, 0, 0, -1, -1, 0),
    "ask for a key": (250, 0, -3, 0),
    "leave namespaces": (272, 0),
    "enter a namespace": (308, -1, 0),
    "take a program's file": (438, -1, -1, 0),
    "give pages away": (278, -1, 0, 0, 0),
    "hide memory": (447, 0x7FFF),
    "name a file by a handle": (303, -1, 0, 0, 0, 0),
    "open a file system": (430, 0, 0x7FFF),
    "open a tree": (428, -1, 0, 0x7FFF),
    "make a user namespace": (56, 0x10000200, 0, 0, 0, 0),
    "turn off the shuffling of addresses": (135, 0x0040000),
}
SOCKETS = {  # family, type, protocol
    "of a hypervisor": (40, 1, 0),
    "of a hypervisor, in other words": (40 | 1 << 32, 1, 0),
    "of the kernel's ciphers": (38, 5, 0),
    "of packets": (17, 3, 0),
    "of Bluetooth": (31, 3, 1),
    "of a car": (29, 3, 1),
    "of clusters": (30, 1, 0),
    "of eXpress data": (44, 3, 0),
    "of shared memory": (43, 1, 0),
    "of netfilter": (16, 3, 12),
    "of netlink's other families": (16, 3, 16),
    "of SCTP": (2, 1, 132),
    "of SCTP, not by name": (2, 5, 0),
    "of DCCP": (10, 6, 0),
    "of many paths": (2, 1, 262),
    "of UDP-Lite": (2, 2, 136),
    "raw": (2, 3, 1),
}
PROGRAM = """
import ctypes, json, mmap, os, signal, socket, subprocess, sys, threading
calls, sockets = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    ctypes.set_errno(0)
    told = libc.syscall(*(ctypes.c_long(os.getpid() if n == "self" else n) for n in numbers))
    return ctypes.get_errno() if told == -1 else 0
said = {name: call(*numbers) for name, numbers in calls.items()}
said |= {name: call(41, *numbers) for name, numbers in sockets.items()}
said["make a process by a structure"] = call(435, 0, 0)
child = os.fork()
if not child:  # getpid by the calls of 32 bits
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    os._exit(0)
said["32 bits"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        socket.socket(family, kind).close()
socket.socketpair()
said["interfaces"] = [name for _, name in socket.if_nameindex()]
threads = [threading.Thread(target=int) for _ in range(9)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
said["a program"] = subprocess.check_output(["echo", "ran"], text=True)
said["its personality"] = libc.personality(ctypes.c_ulong(0xFFFFFFFF))
print(json.dumps(said))
"""


def _rules(name: str) -> list[dict[str, Any]]:
    return [rule for rule in json.loads(seccomp())["syscalls"] if name in rule["names"]]


@pytest.mark.parametrize("name", CLOSED.split())
def test_what_has_no_use_is_closed(name: str) -> None:
    assert _rules(name) == []


def test_what_is_not_on_the_list_is_refused() -> None:
    profile = json.loads(seccomp())
    assert (profile["defaultAction"], profile["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", errno.EPERM)
    assert not {"architectures", "archMap", "flags"} & profile.keys(), "the machine's own calls alone"
    whole = [name for rule in profile["syscalls"] if "args" not in rule for name in rule["names"]]
    assert len(whole) == len(set(whole))
    assert not {"clone", "personality", "socket", "socketpair"} & set(whole)


async def _run(box: DockerSandbox, places: Places, *program: str) -> str:
    name = f"halftui-test-seccomp-{os.getpid()}-{os.urandom(3).hex()}"
    process = await box.start(Spec(name, ["python3", "-c", *program], {}, places))
    try:
        said = b"".join([chunk async for chunk in process.output()]).decode()
        assert (await process.wait()).code == 0, await process.error_tail()
    finally:
        await box.remove(name)
    return said


@docker
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls' numbers are those of x86-64")
async def test_a_program_is_refused_by_the_filter_and_works_otherwise(
    docker_host: str, agent_image: str, places: Places
) -> None:
    box = DockerSandbox(agent_image, docker_host)
    said = json.loads(await _run(box, places, PROGRAM, json.dumps([CALLS, SOCKETS])))
    assert {name: said[name] for name in CALLS | SOCKETS} == dict.fromkeys(CALLS | SOCKETS, errno.EPERM)
    assert said["make a process by a structure"] == errno.ENOSYS, "then programs take the older call"
    assert said["32 bits"] < 0, "it is killed"
    assert said["interfaces"] == ["lo"]
    assert (said["a program"], said["its personality"]) == ("ran\n", 0)


@docker
async def test_a_profile_of_one_s_own_takes_its_place(
    docker_host: str, agent_image: str, places: Places, tmp_path: Path
) -> None:
    trace = "import ctypes; print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))"
    assert await _run(DockerSandbox(agent_image, docker_host), places, trace) == "-1\n"
    wider = json.loads(seccomp())
    wider["syscalls"].append({"names": ["ptrace"], "action": "SCMP_ACT_ALLOW"})
    (tmp_path / "own.json").write_text(json.dumps(wider))
    choice = choose("docker", tmp_path, docker_host, agent_image, seccomp=str(tmp_path / "own.json"))
    assert "own.json" in choice.reason
    assert isinstance(choice.sandbox, DockerSandbox)
    assert await _run(choice.sandbox, places, trace) == "0\n"


@pytest.mark.parametrize("text", ["", "unconfined", "[]", "{}", None])
def test_what_is_no_profile_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "own.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Misconfigured, match=r"own\.json"):
        seccomp(file)

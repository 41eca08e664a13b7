"""Every flag of the container: asked for, and refused to start without."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Misconfigured
from halftui.sandbox.base import Limits, Places, Spec
from halftui.sandbox.hardening import FILTERED, FLAGS, assert_hardened, create_config, seccomp

Json = dict[str, Any]
PLACES = Places(
    work=Path("/srv/work"),
    home=Path("/srv/home"),
    sockets=Path("/srv/sockets"),
    objects=Path("/srv/repo/.git/objects"),
    tool=Path("/usr/bin/agent"),
)
SPEC = Spec("b1-7-1", ["/opt/halftui/agent", "-p"], {"A": "1"}, PLACES, {"board": "b1"})


def config() -> Json:
    return create_config(SPEC, "halftui/agent:1", "1000:1000")


def inspect() -> Json:
    """Return what an engine tells of a container that it made as it was asked to."""
    asked = config()
    host = asked.pop("HostConfig")
    unset = "Binds CapAdd DeviceCgroupRules DeviceRequests Devices PortBindings VolumesFrom"
    defaults = dict.fromkeys(unset.split()) | {"Privileged": False, "PublishAllPorts": False}
    empty = dict.fromkeys(["PidMode", "UTSMode", "UsernsMode"], "")
    paths = {"MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]}
    mounts = [
        {"Type": "bind", "Source": m["Source"], "Destination": m["Target"], "RW": not m["ReadOnly"]}
        for m in host["Mounts"]
    ]
    told = {"Volumes": None} | asked
    return {"Config": told, "HostConfig": defaults | empty | paths | host, "Mounts": mounts}


def test_what_is_asked_for() -> None:
    asked = config()
    assert asked["Entrypoint"] + asked["Cmd"] == SPEC.argv
    assert asked["Env"] == ["HOME=/home/agent", "A=1"]
    assert asked["Labels"] == {"halftui.board": "b1", "halftui.name": "b1-7-1"}
    assert (asked["WorkingDir"], asked["User"]) == ("/work", "1000:1000")
    assert_hardened(inspect())


def test_nothing_of_the_host_is_shown_but_the_bead_s_places() -> None:
    mounts = config()["HostConfig"]["Mounts"]
    assert [(m["Source"], m["Target"], m["ReadOnly"]) for m in mounts] == [
        ("/srv/work", "/work", False),
        ("/srv/home", "/home/agent", False),
        ("/srv/sockets", "/run/halftui", True),
        ("/srv/repo/.git/objects", "/srv/repo/.git/objects", True),
        ("/usr/bin/agent", "/opt/halftui/agent", True),
    ]


def test_limits_become_the_engine_s_units() -> None:
    limits = Limits(memory_mb=10, cpus=0.5, pids=7, tmp_mb=3, open_files=99)
    spec = Spec("x", ["true"], {}, PLACES, limits=limits)
    host = create_config(spec, "i", "1:1", runtime="runsc")["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 10 * 1024**2
    assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 7)
    assert host["Ulimits"][0] == {"Name": "nofile", "Soft": 99, "Hard": 99}
    assert "size=3m" in host["Tmpfs"]["/tmp"]
    assert host["Runtime"] == "runsc"
    assert "Runtime" not in config()["HostConfig"]


Change = Callable[[Json, Json], object]
WEAKER: list[tuple[str, Change]] = [
    ("network none", lambda c, h: h.update(NetworkMode="host")),
    ("network none", lambda c, h: h.update(NetworkMode="default")),
    ("non-root user", lambda c, h: c.update(User="")),
    ("non-root user", lambda c, h: c.update(User="0:0")),
    ("non-root user", lambda c, h: c.update(User="1000:0")),
    ("non-root user", lambda c, h: c.update(User="root")),
    ("read-only root", lambda c, h: h.update(ReadonlyRootfs=False)),
    ("tmpfs /tmp", lambda c, h: h.update(Tmpfs=None)),
    ("tmpfs /tmp", lambda c, h: h.update(Tmpfs={"/tmp": "nosuid,size=1m"})),
    ("tmpfs /tmp", lambda c, h: h.update(Tmpfs={"/tmp": "nodev,size=1m"})),
    ("tmpfs /tmp", lambda c, h: h.update(Tmpfs={"/tmp": "nosuid,nodev"})),
    ("tmpfs /tmp", lambda c, h: h["Tmpfs"].update({"/etc": "nosuid,nodev,size=1m"})),
    ("cap-drop ALL", lambda c, h: h.update(CapDrop=["NET_RAW"])),
    ("cap-drop ALL", lambda c, h: h.update(CapAdd=["SYS_ADMIN"])),
    ("no-new-privileges", lambda c, h: h.update(SecurityOpt=None)),
    (FILTERED, lambda c, h: h["SecurityOpt"].append("seccomp=unconfined")),
    (FILTERED, lambda c, h: h["SecurityOpt"].append("seccomp:unconfined")),
    (FILTERED, lambda c, h: h["SecurityOpt"].append("apparmor=unconfined")),
    (FILTERED, lambda c, h: h.update(SecurityOpt=["no-new-privileges"])),
    (FILTERED, lambda c, h: h.update(SecurityOpt=["no-new-privileges", "seccomp={}"])),
    (FILTERED, lambda c, h: h["SecurityOpt"].append(f"seccomp={seccomp()} ")),
    ("unprivileged", lambda c, h: h.update(Privileged=True)),
    ("pids limit", lambda c, h: h.update(PidsLimit=None)),
    ("pids limit", lambda c, h: h.update(PidsLimit=-1)),
    ("memory limit", lambda c, h: h.update(Memory=0, MemorySwap=0)),
    ("no swap", lambda c, h: h.update(MemorySwap=-1)),
    ("cpu limit", lambda c, h: h.update(NanoCpus=0)),
    ("open files limit", lambda c, h: h.update(Ulimits=None)),
    ("init", lambda c, h: h.update(Init=None)),
    ("ipc private", lambda c, h: h.update(IpcMode="shareable")),
    ("cgroup namespace private", lambda c, h: h.update(CgroupnsMode="host")),
    ("own pid namespace", lambda c, h: h.update(PidMode="host")),
    ("own uts namespace", lambda c, h: h.update(UTSMode="host")),
    ("user namespace of the engine", lambda c, h: h.update(UsernsMode="host")),
    ("masked kernel paths", lambda c, h: h.update(MaskedPaths=[])),
    ("masked kernel paths", lambda c, h: h.update(ReadonlyPaths=None)),
    ("no devices", lambda c, h: h.update(Devices=[{"PathOnHost": "/dev/kvm"}])),
    ("no devices", lambda c, h: h.update(DeviceRequests=[{"Driver": "nvidia"}])),
    ("no published ports", lambda c, h: h.update(PublishAllPorts=True)),
    ("no volumes", lambda c, h: h.update(Binds=["/etc:/work/etc"])),
    ("no volumes", lambda c, h: c.update(Volumes={"/data": {}})),
    ("no restart", lambda c, h: h.update(RestartPolicy={"Name": "always"})),
    ("stdin kept open", lambda c, h: c.update(OpenStdin=False)),
    ("stdin kept open", lambda c, h: c.update(StdinOnce=True)),
    ("stdin kept open", lambda c, h: c.update(Tty=True)),
    ("log in bounds", lambda c, h: h.update(LogConfig={"Type": "journald", "Config": {}})),
    ("log in bounds", lambda c, h: h.update(LogConfig={"Type": "json-file", "Config": {}})),
]


@pytest.mark.parametrize(("flag", "change"), WEAKER)
def test_a_container_without_it_is_refused(flag: str, change: Change) -> None:
    told = copy.deepcopy(inspect())
    change(told["Config"], told["HostConfig"])
    with pytest.raises(Misconfigured, match=flag):
        assert_hardened(told)


def test_every_flag_is_tried() -> None:
    assert {flag for flag, _ in WEAKER} == {*FLAGS, FILTERED}


@pytest.mark.parametrize("field", sorted(inspect()["HostConfig"]))
def test_a_field_that_the_engine_does_not_tell_counts_as_missing(field: str) -> None:
    told = inspect()
    del told["HostConfig"][field]
    if field == "Mounts":  # what is mounted is told beside it
        assert_hardened(told)
    else:
        with pytest.raises(Misconfigured):
            assert_hardened(told)


@pytest.mark.parametrize(
    "mount",
    [
        {"Type": "bind", "Source": "/srv/sockets", "Destination": "/run/halftui", "RW": True},
        {"Type": "bind", "Source": "/srv/objects", "Destination": "/srv/objects", "RW": True},
        {"Type": "bind", "Source": "/usr/bin/agent", "Destination": "/opt/halftui/agent"},
        {"Type": "bind", "Source": "/etc", "Destination": "/host", "RW": False},
        {"Type": "bind", "Source": "/", "Destination": "/", "RW": False},
        {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/run/docker.sock"},
        {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/work", "RW": False},
        {"Type": "volume", "Source": "/x", "Destination": "/work", "RW": True},
        {},
    ],
)
def test_any_other_mount_is_refused(mount: Json) -> None:
    told = inspect()
    told["Mounts"].append(mount)
    with pytest.raises(Misconfigured, match="mount"):
        assert_hardened(told)

"""What a container must be before a hostile program may run in it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from halftui.errors import Misconfigured
from halftui.sandbox.base import Inside, Places, Spec

INSIDE = Inside("/work", "/home/agent", "/run/halftui", "/opt/halftui/agent")
PAIRED = replace(INSIDE, work="/work/code", collab="/work/collab")  # with two clones side by side
PREFIX = "halftui."
NAME_LABEL = PREFIX + "name"

# Offsets into the log are offsets into the program's output only while nothing is rotated away: who fills the
# first of its files is ended. A second one makes sure that a full one is still there to be noticed.
FULL_MB = 500
LOG = {"Type": "json-file", "Config": {"max-size": "512m", "max-file": "2"}}

PROFILE = Path(__file__).with_name("seccomp.json")
HINT = "correct docker_seccomp in the settings, or leave it out"
FILTERED = "system calls filtered"
WRITABLE = {INSIDE.work, INSIDE.home, PAIRED.work, PAIRED.collab}
NON_ROOT = re.compile(r"[1-9]\d*:[1-9]\d*")
MIB = 1024 * 1024
NANO = 1_000_000_000


@cache
def seccomp(file: Path = PROFILE) -> str:
    """Return a seccomp profile as an engine takes it: JSON in one line. Raises Misconfigured."""
    try:
        profile = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"the seccomp profile {file} can't be read: {error}", HINT) from error
    if not isinstance(profile, dict) or "defaultAction" not in profile:
        raise Misconfigured(f"{file} is no seccomp profile", HINT)
    return json.dumps(profile, separators=(",", ":"))


def inside(places: Places) -> Inside:
    """Return the fixed paths at which a container shows those places."""
    return PAIRED if places.collab else INSIDE


def create_config(
    spec: Spec, image: str, user: str, runtime: str | None = None, profile: str = ""
) -> dict[str, Any]:
    """Return the body of the engine's call that creates a container (Engine API 1.41).

    `profile` is that of seccomp, else the packaged one.
    """
    env = {"HOME": INSIDE.home} | dict(spec.env)
    return {
        "Image": image,
        "Entrypoint": list(spec.argv[:1]),  # both, so that an image's own entry point has no say
        "Cmd": list(spec.argv[1:]),
        "Env": [f"{name}={value}" for name, value in env.items()],
        "User": user,
        "WorkingDir": inside(spec.places).work,
        "Labels": {PREFIX + key: value for key, value in spec.labels.items()} | {NAME_LABEL: spec.name},
        "Healthcheck": {"Test": ["NONE"]},
        "OpenStdin": True,
        "StdinOnce": False,  # else the program's input ends with the first board that lets go
        "Tty": False,
        "HostConfig": _host_config(spec, runtime, profile or seccomp()),
    }


def _host_config(spec: Spec, runtime: str | None, profile: str) -> dict[str, Any]:
    limits = spec.limits
    return {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={limits.tmp_mb}m"},
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile}"],
        "PidsLimit": limits.pids,
        "Memory": limits.memory_mb * MIB,
        "MemorySwap": limits.memory_mb * MIB,
        "NanoCpus": round(limits.cpus * NANO),
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Init": True,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "RestartPolicy": {"Name": "no"},
        "LogConfig": LOG,
        "Mounts": _mounts(spec.places),
    } | ({"Runtime": runtime} if runtime else {})


def _mounts(places: Places) -> list[dict[str, Any]]:
    mounts = [
        _mount(places.work, inside(places).work, is_read_only=False),
        _mount(places.home, INSIDE.home, is_read_only=False),
        _mount(places.sockets, INSIDE.sockets),
    ]
    if places.collab:
        mounts.append(_mount(places.collab, PAIRED.collab, is_read_only=False))
    # At their own paths: that is what the clones' `objects/info/alternates` say.
    borrowed = filter(None, (places.objects, places.collab_objects))
    mounts += [_mount(objects, str(objects)) for objects in borrowed]
    if places.tool:
        mounts.append(_mount(places.tool, INSIDE.tool))
    return mounts


def _mount(source: Path, target: str, *, is_read_only: bool = True) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(source),
        "Target": target,
        "ReadOnly": is_read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }


Json = Mapping[str, Any]
FLAGS: Mapping[str, Callable[[Json, Json], object]] = {
    # name of the flag: whether Config and HostConfig, as the engine tells them, have it
    "network none": lambda c, h: h["NetworkMode"] == "none",
    "non-root user": lambda c, h: NON_ROOT.fullmatch(c["User"]),
    "read-only root": lambda c, h: h["ReadonlyRootfs"],
    "tmpfs /tmp": lambda c, h: _is_safe_tmp(h.get("Tmpfs") or {}),
    "cap-drop ALL": lambda c, h: h["CapDrop"] == ["ALL"] and not h["CapAdd"],
    "no-new-privileges": lambda c, h: "no-new-privileges" in (h["SecurityOpt"] or []),
    "unprivileged": lambda c, h: not h["Privileged"],
    "pids limit": lambda c, h: (h["PidsLimit"] or 0) > 0,
    "memory limit": lambda c, h: h["Memory"] > 0,
    "no swap": lambda c, h: h["MemorySwap"] == h["Memory"],
    "cpu limit": lambda c, h: h["NanoCpus"] > 0,
    "open files limit": lambda c, h: "nofile" in [u["Name"] for u in h["Ulimits"] or []],
    "init": lambda c, h: h["Init"],
    "ipc private": lambda c, h: h["IpcMode"] == "private",
    "cgroup namespace private": lambda c, h: h["CgroupnsMode"] == "private",
    "own pid namespace": lambda c, h: not h["PidMode"],
    "own uts namespace": lambda c, h: not h["UTSMode"],
    "user namespace of the engine": lambda c, h: not h["UsernsMode"],
    "masked kernel paths": lambda c, h: h["MaskedPaths"] and h["ReadonlyPaths"],
    "no devices": lambda c, h: not (h["Devices"] or h["DeviceRequests"] or h["DeviceCgroupRules"]),
    "no published ports": lambda c, h: not (h["PortBindings"] or h["PublishAllPorts"]),
    "no volumes": lambda c, h: not (h["Binds"] or h["VolumesFrom"] or c["Volumes"]),
    "no restart": lambda c, h: h["RestartPolicy"]["Name"] in ("", "no"),
    "stdin kept open": lambda c, h: c["OpenStdin"] and not c["StdinOnce"] and not c["Tty"],
    "log in bounds": lambda c, h: h["LogConfig"] == LOG,
}


def assert_hardened(inspect: Json, profile: str = "") -> None:
    """Check a created container, as the engine tells it, field by field; `profile` as of `create_config`.

    Raises Misconfigured with the names of all flags that are missing; a field that the engine
    does not tell counts as missing.
    """
    config, host = inspect["Config"], inspect["HostConfig"]
    missing = [name for name, holds in FLAGS.items() if not _holds(holds, config, host)]
    missing += [] if _is_filtered(host, profile or seccomp()) else [FILTERED]
    mounts = inspect.get("Mounts") or []
    missing += [f"mount {m.get('Destination')}" for m in mounts if not _is_allowed(m)]
    if missing:
        raise Misconfigured(
            f"the container would not be confined: {', '.join(missing)}",
            "use an engine and an image that keep these",
        )


def _holds(flag: Callable[[Json, Json], object], config: Json, host: Json) -> bool:
    try:
        return bool(flag(config, host))
    except KeyError:
        return False


def _is_filtered(host: Json, profile: str) -> bool:
    """Tell whether the engine took the profile, no other, and nothing that takes a guard away."""
    wanted, told = f"seccomp={profile}", host.get("SecurityOpt") or []
    others = [option for option in told if option != wanted]
    return wanted in told and not any("seccomp" in option or "unconfined" in option for option in others)


def _is_safe_tmp(tmpfs: Mapping[str, str]) -> bool:
    options = tmpfs.get("/tmp", "").split(",")
    has_size = any(option.startswith("size=") for option in options)
    return tmpfs.keys() == {"/tmp"} and {"nosuid", "nodev"} <= set(options) and has_size


def _is_allowed(mount: Json) -> bool:
    """Allow the bead's own places and, read-only, an object store at its own path."""
    source, target = mount.get("Source", ""), mount.get("Destination", "")
    if mount.get("Type") != "bind" or source == "/" or source.endswith("docker.sock"):
        return False
    if target in WRITABLE:
        return True
    return mount.get("RW") is False and target in (INSIDE.sockets, INSIDE.tool, source)

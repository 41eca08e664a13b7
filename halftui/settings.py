"""Typed settings; every value knows where it came from: a flag, the environment, a file, or here."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from halftui.errors import Misconfigured

PREFIX = "HALFTUI_"


@dataclass(frozen=True)
class Settings:
    """What can be set, by `config.toml` (the field's name) or `HALFTUI_<NAME>`."""

    home: str = ""  # folder of the database, repositories and worktrees; default: the user's data folder
    database: str = ""  # SQLAlchemy URL; default: sqlite in home
    theme: str = ""  # default: dark or light after the terminal
    marks: str = "unicode"  # or ascii: frames and marks in letters that every terminal has
    mouse: str = "on"  # off leaves the mouse to the terminal; M on the board does either
    notify: str = "bell"  # what tells of questions: bell, osc9 or osc777 (the terminal's own notices), or off
    notify_command: str = ""  # run for each question and each finished bead, with its words on standard input
    cap: int = 4  # live attempts over all boards
    runtime_caps: str = ""  # live attempts of runtimes, as in claude=4,shell=2
    ageing_days: float = 7.0  # of waiting that count as one priority; 0: waiting counts nothing
    key_store: str = "file"  # what keeps the key that seals credentials: a file, or the system's keyring
    credentials: str = "proxy"  # proxy: agents hold a placeholder; env: the real one, for who wants it
    sandbox: str = ""  # auto, docker or local; default: the board's own
    docker_host: str = ""  # default: DOCKER_HOST, else the usual socket
    docker_runtime: str = ""  # another OCI runtime, for example runsc
    docker_seccomp: str = ""  # a file, by its whole name: a seccomp profile in the packaged one's place
    image: str = ""  # container image for agents; default: the packaged one
    permissions: str = "auto"  # auto: asked in a local sandbox, free in a container; ask; free
    forge: str = ""  # the program that speaks with your forge, for boards with merge=pull-request
    names: str = "kitchen"  # theme of the agents' name pool
    model: str = ""  # default: the runtime's own
    max_turns: int = 200  # of one attempt
    lease_seconds: int = 30
    on_quit: str = "stop"  # agents of a board that is left: stop (their work kept), or leave (at work)
    vigil_warn: float = 15.0  # minutes without a tool until an agent is warned of; 0: never
    vigil_tell: float = 60.0  # minutes without a tool until a person is told; 0: never
    vigil_stop: float = 120.0  # minutes without a tool until it is stopped, its bead held; 0: never
    memory_mb: int = 4096
    cpus: float = 2.0
    pids: int = 256
    disk_floor_mb: int = 1024  # free in home; below it nothing starts, and agents are stopped; 0: no floor
    serve_host: str = ""  # the address that guests connect to over SSH; default: all of this machine's
    serve_port: int = 2222  # the port that guests connect to over SSH
    metrics_port: int = 0  # of the figures for operators on 127.0.0.1 while serving; 0: none
    api_url: str = "https://api.anthropic.com"
    log_level: str = "info"
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def origin(self, name: str) -> str:
        """Return where a value came from."""
        return self.origins.get(name, "default")

    @property
    def home_folder(self) -> Path:
        """The folder of everything that HalfTUI keeps. Raises Misconfigured for `~` of a nobody."""
        try:
            return Path(self.home).expanduser() if self.home else data_folder()
        except RuntimeError as error:
            place = self.origin("home")
            raise Misconfigured(
                f"home in {place} can't be {self.home!r}", "write a folder's whole name"
            ) from error

    @property
    def programs_folder(self) -> Path:
        """Where npm installs what agents run: a folder for each runtime that needs one."""
        return self.home_folder / "programs"

    @property
    def caps_of_runtimes(self) -> Mapping[str, int]:
        """The live attempts that a runtime may have. Raises Misconfigured."""
        return dict(_cap(pair) for pair in self.runtime_caps.split(",") if pair.strip())

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database or f"sqlite:///{self.home_folder / 'halftui.db'}"


CHOICES = {
    "marks": ("unicode", "ascii"),
    "mouse": ("on", "off"),
    "notify": ("bell", "osc9", "osc777", "off"),
    "sandbox": ("", "auto", "docker", "local"),
    "permissions": ("auto", "ask", "free"),
    "key_store": ("file", "keyring"),
    "credentials": ("proxy", "env"),
    "on_quit": ("stop", "leave"),
    "log_level": ("debug", "info", "warning", "error", "critical"),
}
RANGES: Mapping[str, tuple[float, float]] = {
    "cap": (0, 1_000),
    "ageing_days": (0, 10_000),
    "max_turns": (1, 100_000),
    "lease_seconds": (1, 3_600),
    "vigil_warn": (0, 100_000),
    "vigil_tell": (0, 100_000),
    "vigil_stop": (0, 100_000),
    "memory_mb": (64, 4_194_304),
    "cpus": (0.1, 1_024),
    "pids": (16, 1_000_000),
    "disk_floor_mb": (0, 1_000_000_000),
    "serve_port": (0, 65_535),
    "metrics_port": (0, 65_535),
}
NAMES = tuple(f.name for f in fields(Settings) if f.name != "origins")


def load(flags: Mapping[str, Any] | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings: flags over environment over file over defaults.

    Raises Misconfigured naming the place of a bad or unknown value.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    file = config_folder(env) / "config.toml"
    sources: list[tuple[str, Mapping[str, Any]]] = [
        (str(file), _read(file)),
        ("environment", {n: env[PREFIX + n.upper()] for n in NAMES if PREFIX + n.upper() in env}),
        ("flag", {n: v for n, v in (flags or {}).items() if v not in (None, "")}),
    ]
    for place, found in sources:
        for name, value in found.items():
            values[name] = _typed(name, value, place)
            origins[name] = place
    return replace(Settings(), **values, origins=origins)


def config_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of `config.toml`, keys and the user's themes."""
    base = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".config")
    return Path(env.get(PREFIX + "CONFIG") or f"{base}/halftui")


def data_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the database, repositories and worktrees."""
    base = env.get("XDG_DATA_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".local/share")
    return Path(base) / "halftui"


def _cap(pair: str) -> tuple[str, int]:
    name, _, number = pair.partition("=")
    if not name.strip() or not number.strip().isdecimal():
        raise Misconfigured(f"runtime_caps can't hold {pair.strip()!r}", "write claude=4,shell=2")
    return name.strip(), int(number)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin with a mark
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} can't be read: {error}", "mend that line") from error
    except OSError as error:
        raise Misconfigured(f"{file} can't be read: {error.strerror}", "check its permissions") from error


def _typed(name: str, value: Any, place: str) -> Any:
    if name not in NAMES:
        raise Misconfigured(f"{place} sets {name!r}, which is no setting", f"there are {', '.join(NAMES)}")
    default = getattr(Settings(), name)
    try:
        typed: Any = _number(value, type(default)) if isinstance(default, int | float) else _text(value)
    except (ValueError, OverflowError):
        raise Misconfigured(
            f"{name} in {place} can't be {value!r}", f"it is a {_WORDS[type(default)]}"
        ) from None
    if name in CHOICES and typed not in CHOICES[name]:
        allowed = ", ".join(c for c in CHOICES[name] if c)
        raise Misconfigured(f"{name} in {place} can't be {value!r}", f"it is one of {allowed}")
    if name in RANGES and not RANGES[name][0] <= typed <= RANGES[name][1]:
        low, high = RANGES[name]
        raise Misconfigured(f"{name} in {place} can't be {value!r}", f"it is from {low} to {high}")
    return typed


def _number(value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError
    return kind(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


_WORDS = {int: "whole number", float: "number", str: "text in one line"}

"""Typed settings; every value knows where it came from: a flag, the environment, a file, or here."""

import os
import pwd
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from halftui.errors import Misconfigured

PREFIX = "HALFTUI_"
MODEL = r"([A-Za-z0-9][\w.:/@+\[\]-]{0,199})?"  # it becomes a word of a command line
RUNTIMES = ("claude", "codex", "gemini", "acp", "shell", "scripted")  # a test holds both against the domain's
POOLS = ("kitchen", "stars", "rivers")


class Settings(NamedTuple):
    """What can be set, by `config.toml` (the field's name) or `HALFTUI_<NAME>`."""

    home: str = ""  # folder of the database, repositories and worktrees; default: the user's data folder
    database: str = ""  # URL, as in postgresql://user@host/name; default: a SQLite file in home
    theme: str = ""  # dark, light, contrast, mono or your own; default: halflight, mono without colours
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
    names: str = "kitchen"  # what agents are called: kitchen, stars, rivers, or names with commas
    model: str = ""  # that boards get which are made from now on; default: the runtime's own
    max_turns: int = 200  # of the model in one attempt, where its profile does not say
    lease_seconds: int = 30  # without a sign of life until another engine may take an attempt over
    on_quit: str = "stop"  # agents of a board that is left: stop (their work kept), or leave (at work)
    vigil_warn: float = 15.0  # minutes without a tool until an agent is warned of; 0: never
    vigil_tell: float = 60.0  # minutes without a tool until a person is told; 0: never
    vigil_stop: float = 120.0  # minutes without a tool until it is stopped, its bead held; 0: never
    memory_mb: int = 4096  # that one agent's container may use
    cpus: float = 2.0  # that one agent's container may use
    pids: int = 256  # processes that one agent's container may have
    disk_floor_mb: int = 1024  # free in home; below it nothing starts, and agents are stopped; 0: no floor
    serve_host: str = ""  # the address that guests connect to over SSH; default: all of this machine's
    serve_port: int = 2222  # the port that guests connect to over SSH
    metrics_port: int = 0  # of the figures for operators on 127.0.0.1 while serving; 0: none
    api_url: str = "https://api.anthropic.com"  # where requests of Claude's agents go
    log_level: str = "info"  # debug, info, warning, error or critical, for halftui.log in home
    origins: Mapping[str, str] = MappingProxyType({})  # where each value came from, if it is no default

    def origin(self, name: str) -> str:
        """Return where a value came from."""
        return self.origins.get(name, "default")

    @property
    def home_folder(self) -> Path:
        """The folder of everything that HalfTUI keeps. Raises Misconfigured if the user has none."""
        return _expanded(self.home, os.environ) if self.home else data_folder()

    @property
    def programs_folder(self) -> Path:
        """Where npm installs what agents run: a folder for each runtime that needs one."""
        return self.home_folder / "programs"

    @property
    def caps_of_runtimes(self) -> Mapping[str, int]:
        """The live attempts that a runtime may have. Raises ValueError."""
        found = [_cap(pair) for pair in self.runtime_caps.split(",") if pair.strip()]
        if len(dict(found)) < len(found):
            raise ValueError
        return dict(found)

    @property
    def pool(self) -> tuple[str, ...]:
        """The names of a pool of one's own; () if it is a packaged one."""
        return () if self.names in POOLS else tuple(name.strip() for name in self.names.split(","))

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database or f"sqlite:///{self.home_folder / 'halftui.db'}"

    @property
    def database_kind(self) -> str:
        """What the status row calls the database: sqlite or postgresql."""
        return self.database_url.partition(":")[0].partition("+")[0]


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
NAMES = tuple(name for name in Settings._fields if name != "origins")
_IMAGE = re.compile(
    r"[a-z0-9][\w.-]*(:\d{1,5})?(/[a-z0-9][\w.-]*)*(:[\w][\w.-]{0,127})?(@[\w+.-]+:[0-9a-f]{32,})?"
)
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[\w.-]{1,32})?")
_DATABASE = re.compile(r"sqlite:////.+|(postgresql|postgres|postgresql\+psycopg)://.+")
_AGENT = re.compile(r"\w[\w .'-]{0,39}")


def load(flags: Mapping[str, Any] | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings: flags over environment over file over defaults.

    Raises Misconfigured naming the place of a bad or unknown value, and the form of a good one.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    file = config_folder(env) / "config.toml"
    text = _text_of(file)
    sources: list[tuple[str, Mapping[str, Any]]] = [
        (str(file), _parsed(file, text)),
        ("environment", {n: env[PREFIX + n.upper()] for n in NAMES if PREFIX + n.upper() in env}),
        ("flag", {n: v for n, v in (flags or {}).items() if v not in (None, "")}),
    ]
    for place, found in sources:
        for name, value in found.items():
            where = f"{place}:{_line(text, name)}" if place == str(file) else place
            values[name] = _typed(name, value, where)
            if name == "theme":
                _require_theme(values[name], where, env)
            origins[name] = place
    return Settings(**values, origins=origins)


def user_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the user's own folder: HOME, or where that is not set the one that the system knows.

    Raises Misconfigured if that is no whole name: everything would go below the current folder.
    """
    home = env.get("HOME")
    if home is None:
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = ""
    if not home.startswith("/"):
        raise Misconfigured(
            f"HOME is {_shown('home', home)}, no folder's whole name",
            f"set HOME, or both {PREFIX}HOME and {PREFIX}CONFIG",
        )
    return Path(home)


def config_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of `config.toml`, keys and the user's themes. Raises Misconfigured."""
    if not (given := env.get(f"{PREFIX}CONFIG")):
        return _base(env, "XDG_CONFIG_HOME", ".config") / "halftui"
    if not _is_folder(given):
        raise _bad("CONFIG", given, "environment", FORMS["home"][1])
    return _expanded(given, env)


def data_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the database, repositories and worktrees. Raises Misconfigured."""
    return _base(env, "XDG_DATA_HOME", ".local/share") / "halftui"


def theme_folders(env: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return where themes are looked for; a later folder's theme replaces one of the same name."""
    packaged = Path(__file__).with_name("themes")
    ours = packaged if packaged.is_dir() else Path(__file__).parents[1] / "themes"
    return ours, config_folder(env) / "themes"


def is_web_address(value: str) -> bool:
    """Return whether a text is the address of a web server, to which paths may be added."""
    try:
        found = urlsplit(value)
        found.port  # noqa: B018 - it raises ValueError for what is no port
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.hostname) and not (found.query or found.fragment)


def without_password(url: str) -> str:
    """Return a URL whose password is hidden."""
    return re.sub(r"(://[^:/@]*):[^/]*@", r"\1:…@", url)


def _base(env: Mapping[str, str], name: str, below: str) -> Path:
    """Return one of XDG's base folders; an empty or relative one is to be ignored, as that says."""
    given = env.get(name, "")
    return Path(given) if given.startswith("/") else user_folder(env) / below


def _expanded(value: str, env: Mapping[str, str]) -> Path:
    if value == "~" or value.startswith("~/"):
        return user_folder(env) / value[2:]
    return Path(value).expanduser()


def _is_folder(value: str) -> bool:
    if not value.startswith("~") or value == "~" or value.startswith("~/"):
        return value.startswith(("/", "~"))
    try:
        return Path(value).expanduser().is_absolute()
    except RuntimeError:  # nobody of that name
        return False


def _cap(pair: str) -> tuple[str, int]:
    found = re.fullmatch(r"\s*([a-z]+)\s*=\s*(\d{1,4})\s*", pair, re.ASCII)
    if not found or found[1] not in RUNTIMES or int(found[2]) > RANGES["cap"][1]:
        raise ValueError
    return found[1], int(found[2])


def _are_caps(value: str) -> bool:
    try:
        return bool(Settings(runtime_caps=value).caps_of_runtimes) or not value
    except ValueError:
        return False


def _are_words(value: str) -> bool:
    import shlex  # no part of a start: few set such a thing

    try:
        return not value or bool(shlex.split(value))
    except ValueError:
        return False


def _are_names(value: str) -> bool:
    pool = Settings(names=value).pool
    return value in POOLS or (len(set(pool)) > 1 and all(_AGENT.fullmatch(name) for name in pool))


FORMS: Mapping[str, tuple[Callable[[str], bool], str]] = {  # of texts: the test, and the form in words
    "home": (
        lambda v: not v or _is_folder(v),
        "it is a folder's whole name, as in /srv/halftui or ~/halftui",
    ),
    "database": (
        lambda v: not v or bool(_DATABASE.fullmatch(v)),
        "write sqlite:////folder/file.db or postgresql://user@host/name",
    ),
    "notify_command": (_are_words, "it is a command whose quotes are closed"),
    "forge": (_are_words, "it is a command whose quotes are closed"),
    "runtime_caps": (_are_caps, f"write claude=4,shell=2; there are {', '.join(RUNTIMES)}, each 0 to 1000"),
    "docker_host": (
        lambda v: not v or bool(re.fullmatch(r"unix:///.+", v)),
        "it is a socket of this machine, as in unix:///var/run/docker.sock",
    ),
    "docker_runtime": (
        lambda v: bool(re.fullmatch(r"([A-Za-z0-9][\w.-]*)?", v)),
        "it is a name, as in runsc",
    ),
    "docker_seccomp": (
        lambda v: not v or v.startswith("/"),
        "it is a file's whole name, as in /etc/halftui/seccomp.json",
    ),
    "image": (
        lambda v: not v or bool(_IMAGE.fullmatch(v)),
        "it is an image's name, as in example.org/agents:2",
    ),
    "names": (_are_names, f"it is one of {', '.join(POOLS)}, or two names and more with commas"),
    "model": (lambda v: bool(re.fullmatch(MODEL, v)), "it is a model's name without blanks"),
    "serve_host": (
        lambda v: not v or bool(_HOST.fullmatch(v)),
        "it is a name or an address, as in 127.0.0.1",
    ),
    "api_url": (
        lambda v: is_web_address(v) or bool(re.fullmatch(r"unix:///.+", v)),
        "it is a web address, as in https://api.anthropic.com, or a socket, as in unix:///run/model.sock",
    ),
}


def _require_theme(value: str, place: str, env: Mapping[str, str]) -> None:
    found = {file.stem for folder in theme_folders(env) for file in folder.glob("*.toml")}
    if value and value not in found:
        raise _bad("theme", value, place, f"it is one of {', '.join(sorted(found))}")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors begin with a mark
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{file} can't be read: {error}", "mend that line") from error
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise Misconfigured(f"{file} can't be read: {said}", "check its permissions") from error


def _parsed(file: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # besides its own: numbers too long, lists too deep
        raise Misconfigured(f"{file} can't be read: {error}", "mend that line") from error


def _line(text: str, name: str) -> int:
    """Return the number of the first line that sets a key, or begins a table of that name."""
    key = re.escape(name)
    found = re.search(rf"""^[ \t]*\[*[ \t]*(["']?){key}\1[ \t]*[.=\]]""", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _typed(name: str, value: Any, place: str) -> Any:
    if name not in NAMES:
        raise Misconfigured(
            f"{place} sets {_shown(name, name)}, which is no setting", f"there are {', '.join(NAMES)}"
        )
    default = getattr(Settings(), name)
    try:
        typed: Any = _number(value, type(default)) if isinstance(default, int | float) else _text(value)
    except (ValueError, OverflowError):
        raise _bad(name, value, place, f"it is a {_WORDS[type(default)]}") from None
    if name in CHOICES and typed not in CHOICES[name]:
        raise _bad(name, value, place, f"it is one of {', '.join(c for c in CHOICES[name] if c)}")
    if name in RANGES and not RANGES[name][0] <= typed <= RANGES[name][1]:
        low, high = RANGES[name]
        raise _bad(name, value, place, f"it is from {low} to {high}")
    if name in FORMS and not FORMS[name][0](typed):
        raise _bad(name, value, place, FORMS[name][1])
    return typed


def _bad(name: str, value: Any, place: str, hint: str) -> Misconfigured:
    return Misconfigured(f"{name} in {place} can't be {_shown(name, value)}", hint)


def _shown(name: str, value: Any) -> str:
    """Return a value as it was written, without a password and not longer than a line bears."""
    text = repr(value)
    if isinstance(value, str) and name in ("database", "api_url"):
        text = repr(without_password(value))
    return text if len(text) <= 120 else f"{text[:119]}…"


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

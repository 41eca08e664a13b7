"""Runs programs in hardened containers that reach neither this machine nor the network."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.errors import NotFound as DockerNotFound
from requests.exceptions import RequestException

from halftui.errors import Conflict, HalfTUIError, Misconfigured, NotFound, Unavailable
from halftui.failpoints import failpoint
from halftui.sandbox.base import Exit, Found, Inside, Places, Spec
from halftui.sandbox.docker_shell import DockerShell, open_shell
from halftui.sandbox.hardening import FULL_MB, NAME_LABEL, PREFIX, assert_hardened, create_config, inside
from halftui.sandbox.wire import CHUNK, RECORD, REMEDY, STDOUT, Frames, call, refusal, size_in_log
from halftui.settle import settle

DEFAULT_HOST = "unix:///var/run/docker.sock"
AGENT = (1000, 1000)  # who runs in the container when the board is root
KILLED = Exit(137)
TAIL = 8 * 1024
FULL = FULL_MB * 10**6  # bytes
PROBE_PATIENCE = 2  # seconds
CALL_PATIENCE = 60  # seconds for one short call
WRITE_PATIENCE = 10.0  # seconds in which the program must have read what was written
PAUSE = 0.05  # seconds between two questions of the same kind
GONE = (NotFound, Conflict)  # how the engine answers for a container removed, or about to be
RESTART_PATIENCE = 20.0  # seconds that a restarting engine may be away from a running program


@dataclass(frozen=True, slots=True)
class EngineState:
    """An engine that answers."""

    host: str
    version: str


def probe(host: str | None = None) -> EngineState | None:
    """Return the engine at `host` (or DOCKER_HOST, or the usual socket); None if none answers.

    Takes two seconds at most for each of its two calls. Raises Misconfigured if the host is no
    Unix socket.
    """
    path = socket_of(host)
    try:
        with contextlib.closing(_client(path, PROBE_PATIENCE)) as api:
            return EngineState(f"unix://{path}", str(api.version()["Version"]))
    except (DockerException, RequestException, Unavailable):
        return None


def socket_of(host: str | None) -> Path:
    """Return the path of the engine's Unix socket. Raises Misconfigured for any other address."""
    address = host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    scheme, _, path = address.partition("://")
    if scheme != "unix" or not path.startswith("/"):
        raise Misconfigured(
            f"the Docker engine at {address} can't be used",
            "set DOCKER_HOST to a Unix socket of this machine, as in unix:///var/run/docker.sock",
        )
    return Path(path)


@contextlib.contextmanager
def engine(path: Path) -> Iterator[docker.APIClient]:
    """Give a client for a few short, blocking calls, and translate what goes wrong."""
    try:
        with contextlib.closing(_client(path, CALL_PATIENCE)) as api:
            yield api
    except APIError as error:
        raise refusal(error.status_code or 0, str(error.explanation)) from error
    except (DockerException, RequestException) as error:
        raise Unavailable(f"the Docker engine at {path} broke off", REMEDY) from error


def _client(path: Path, patience: int) -> docker.APIClient:
    # Tried first, because the library leaks its socket when nobody listens.
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.settimeout(patience)
            trial.connect(str(path))
    except OSError as error:
        raise Unavailable(f"no Docker engine answers at {path}: {error.strerror}", REMEDY) from error
    return docker.APIClient(base_url=f"unix://{path}", version="auto", timeout=patience)


class DockerSandbox:
    """Programs in containers of one image, on the engine behind a Unix socket of this machine."""

    kind = "docker"
    is_confined = True

    def __init__(
        self,
        image: str,
        host: str | None = None,
        user: tuple[int, int] | None = None,
        runtime: str | None = None,
        profile: str = "",
    ) -> None:
        """`user` is (uid, gid): by default the board's own, or 1000:1000 if the board is root.

        `profile` is that of seccomp, else the packaged one.
        """
        self._image = image
        self._socket = socket_of(host)
        self.user = user or (AGENT if os.getuid() == 0 else (os.getuid(), os.getgid()))
        self._runtime = runtime
        self._profile = profile

    def inside(self, places: Places) -> Inside:
        """Return the fixed paths that every container has."""
        return inside(places)

    async def start(self, spec: Spec) -> "DockerProcess":
        """Create a container, check that it is confined, and start it.

        Raises Conflict if the name is taken, Misconfigured if the engine would not confine it,
        Unavailable if there is no image or no engine.
        """
        user = "{}:{}".format(*self.user)
        config = create_config(spec, self._image, user, self._runtime, self._profile)
        container = await settle(asyncio.to_thread(self._launch, spec, config))
        return DockerProcess(spec.name, self._socket, container)

    async def adopt(self, name: str) -> "DockerProcess":
        """Return the program of that name, running or ended. Raises NotFound."""
        container = await asyncio.to_thread(_adopt, self._socket, name)
        return DockerProcess(name, self._socket, container)

    @contextlib.asynccontextmanager
    async def shell(self, name: str, command: Sequence[str]) -> AsyncIterator[DockerShell]:
        """Give a shell in a running container of HalfTUI, as its own user and within its limits."""
        container = await asyncio.to_thread(_adopt, self._socket, name)
        async with open_shell(self._socket, container, command) as shell:
            yield shell

    async def find(self, labels: Mapping[str, str]) -> list[Found]:
        """Return the containers that carry all of those labels, running or ended."""
        return await asyncio.to_thread(_find, self._socket, labels)

    async def remove(self, name: str) -> None:
        """Kill it and leave nothing of it; nothing happens if there is none of HalfTUI's."""
        await settle(asyncio.to_thread(_remove, self._socket, name))

    def _launch(self, spec: Spec, config: dict[str, Any]) -> str:
        if os.getuid() == 0:
            here = spec.places
            for place in filter(None, (here.work, here.home, here.sockets, here.collab)):
                give(place, *self.user)
        with engine(self._socket) as api:
            failpoint("create.before")
            container = _create(api, spec.name, config)
            failpoint("create.after")
            try:
                assert_hardened(api.inspect_container(container), self._profile)
                failpoint("start.before")
                api.start(container)
                failpoint("start.after")
            except (HalfTUIError, DockerException, RequestException):
                api.remove_container(container, force=True, v=True)
                raise
        return container


class DockerProcess:
    """A container's main program; any number of these may look at one, one may write."""

    def __init__(self, name: str, path: Path, container: str) -> None:
        self._name = name
        self._socket = path
        self._id = container
        self._turn = asyncio.Lock()
        self._is_input_open = True
        self.fault = ""

    @property
    def name(self) -> str:
        return self._name

    async def write(self, data: bytes) -> None:
        """Send bytes in one piece; they have reached the program's pipe when this returns.

        Raises Unavailable if the program ended, or does not read them in ten seconds; then every
        later write is refused, since its input may be torn.
        """
        async with self._turn:
            if not self._is_input_open or await self._exit() is not None:
                raise Unavailable(f"{self.name} takes no input any more")
            await settle(self._send(data))

    async def close_input(self) -> None:
        """Refuse further writes. The program sees no end of file: boards may come and go."""
        self._is_input_open = False

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield standard output from byte `start` on, as it comes, until the program ended.

        It is what the engine's log holds, so text: a character that is not UTF-8, or that falls on
        the engine's cut of a line at each 16 KiB, reads U+FFFD. Goes on by itself when the engine
        restarts and leaves the program alive; raises Unavailable if the engine stays away.
        A program that says more than the log may hold is stopped, and `fault` says so.
        """
        while True:
            has_ended = await self._patient_exit() is not None  # before the read: it misses nothing
            try:
                async for chunk in self._output(start):
                    start += len(chunk)
                    yield chunk
            except GONE:
                return
            except Unavailable:
                has_ended = False
            if self.fault:
                await self.stop(0)
            if self.fault or has_ended:
                return
            await asyncio.sleep(PAUSE)

    async def error_tail(self) -> str:
        """Return the last 8 KiB of standard error."""
        tail, frames = b"", Frames()
        with contextlib.suppress(*GONE):
            async for chunk in self._log("stderr=1"):
                tail = (tail + b"".join(piece for _, piece in frames.feed(chunk)))[-TAIL:]
        return tail.decode(errors="replace")

    async def wait(self) -> Exit:
        """Return how it ended; a container that is gone counts as killed."""
        while (end := await self._patient_exit()) is None:
            with contextlib.suppress(Unavailable, NotFound):
                await self._post("wait")
            await asyncio.sleep(PAUSE)
        return end

    async def stop(self, grace: float = 5.0) -> Exit:
        """Let the engine send SIGTERM, and SIGKILL to all of it after `grace` (whole) seconds."""
        with contextlib.suppress(NotFound):
            async with asyncio.timeout(grace + CALL_PATIENCE):
                await self._post(f"stop?t={max(1, round(grace))}")
        return await self.wait()

    async def _send(self, data: bytes) -> None:
        # One attachment for one write: the engine closes it when the program's pipe took it all.
        target = f"/containers/{self._id}/attach?stream=1&stdin=1"
        try:
            async with (
                asyncio.timeout(WRITE_PATIENCE),
                call(self._socket, "POST", target, upgrade=True) as (reader, writer),
            ):
                writer.write(data)
                writer.write_eof()
                await reader.read()
        except TimeoutError as error:
            self._is_input_open = False
            raise Unavailable(f"{self.name} does not read its input") from error

    async def _output(self, skip: int) -> AsyncIterator[bytes]:
        """Yield standard output from byte `skip` on; end with a fault where the log is full."""
        count = Frames()  # of what the log holds, standard error too
        held = 0
        async for chunk in self._log("stdout=1&stderr=1&follow=1"):
            pieces = list(count.feed(chunk))
            held += sum(size_in_log(piece) for _, piece in pieces)
            payload = b"".join(piece for stream, piece in pieces if stream == STDOUT)
            fresh = payload[skip:]
            skip -= len(payload) - len(fresh)
            if fresh:
                yield fresh
            if held + count.count * RECORD > FULL:
                self.fault = f"its output is more than a log holds: {FULL_MB} MB, with the engine's marks"
                return

    async def _log(self, wanted: str) -> AsyncIterator[bytes]:
        target = f"/containers/{self._id}/logs?{wanted}"
        async with call(self._socket, "GET", target) as (reader, _):
            while chunk := await reader.read(CHUNK):
                yield chunk

    async def _post(self, verb: str) -> None:
        async with call(self._socket, "POST", f"/containers/{self._id}/{verb}") as (reader, _):
            await reader.read()

    async def _patient_exit(self) -> Exit | None:
        deadline = asyncio.get_running_loop().time() + RESTART_PATIENCE
        while True:
            try:
                return await self._exit()
            except Unavailable:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(10 * PAUSE)

    async def _exit(self) -> Exit | None:
        try:
            async with call(self._socket, "GET", f"/containers/{self._id}/json") as (reader, _):
                state = json.loads(await reader.read())["State"]
        except NotFound:
            return KILLED
        return None if state["Running"] else Exit(state["ExitCode"], state["OOMKilled"])


def give(place: Path, uid: int, gid: int) -> None:
    """Make a user the owner of a folder and all in it; symbolic links are not followed.

    Raises Misconfigured if the folder is not there, or not ours to give.
    """
    try:
        os.chown(place, uid, gid, follow_symlinks=False)
        for _, folders, files, at in os.fwalk(place):
            for name in folders + files:
                os.chown(name, uid, gid, dir_fd=at, follow_symlinks=False)
    except OSError as error:
        raise Misconfigured(f"{place} can't be given to the agent: {error}") from error


def _create(api: Any, name: str, config: dict[str, Any]) -> str:
    try:
        return str(api.create_container_from_config(config, name)["Id"])
    except ImageNotFound as error:
        hint = "run: halftui image build"
        raise Unavailable(f"image {config['Image']} is not there", hint) from error


def _inspect(api: docker.APIClient, name: str) -> dict[str, Any] | None:
    """Return what the engine knows of a container of HalfTUI; None if there is none."""
    try:
        known: dict[str, Any] = api.inspect_container(name)
    except DockerNotFound:
        return None
    return known if known["Config"]["Labels"].get(NAME_LABEL) == name else None


def _adopt(path: Path, name: str) -> str:
    with engine(path) as api:
        known = _inspect(api, name)
    if known is None or known["State"]["Status"] == "created":
        raise NotFound(f"there is no sandbox {name}")
    return str(known["Id"])


def _find(path: Path, labels: Mapping[str, str]) -> list[Found]:
    wanted = [NAME_LABEL, *(f"{PREFIX}{key}={value}" for key, value in labels.items())]
    with engine(path) as api:
        containers = api.containers(all=True, filters={"label": wanted})
    return [_found(container) for container in containers]


def _found(container: Mapping[str, Any]) -> Found:
    labels = {
        key.removeprefix(PREFIX): value
        for key, value in container["Labels"].items()
        if key.startswith(PREFIX)
    }
    name = labels.pop("name")
    return Found(name, labels, container["State"] in ("running", "paused", "restarting"))


def _remove(path: Path, name: str) -> None:
    with engine(path) as api:
        known = _inspect(api, name)
        if known is not None:
            with contextlib.suppress(DockerNotFound):
                api.remove_container(known["Id"], force=True, v=True)

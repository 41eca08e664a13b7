"""Keeps the provider's credential in the board: an agent talks to a socket, the board adds the key.

Each attempt has its own socket folder; leaving the context ends what a left-over agent could spend.
"""

import asyncio
import hmac
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Literal

import aiohttp
from aiohttp import web
from yarl import URL

from halftui.errors import HalfTUIError, Misconfigured, Unavailable
from halftui.runtime.lines import is_heavy
from halftui.runtime.meter import TOO_MANY, Limit, Meter, Usage, limit
from halftui.runtime.providers import ANTHROPIC, Provider

SOCKET = "api.sock"
LONGEST_BODY = 32 * 2**20
LONGEST_PATH = 107  # bytes of a Unix socket's path on Linux, without its final NUL
MOST_LINKS = 64  # at once of one attempt: what each holds open, the whole board has one file less of
MOST_HELD = 4 * LONGEST_BODY  # bytes of all requests of one attempt at once

MOST_TRIES = 20  # of one request, each with another credential
CONNECT_SECONDS = 20.0
SILENCE_SECONDS = 600.0  # a model may think that long before its first byte

_CONNECTION = {  # headers that belong to one connection only
    "connection",
    "content-length",
    "keep-alive",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_REPLACED = {  # headers of the agent that the board sets itself, or that no agent may set
    "accept-encoding",
    "anthropic-beta",
    "authorization",
    "cookie",
    "expect",
    "host",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
}


Kind = Literal["api-key", "oauth", "openai-key", "google-key"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A provider's key. The secret shows in no repr; `base_url` is empty for the usual provider.

    `account` is the subscription's id; empty for the platform's own key.
    """

    kind: Kind
    secret: str = field(repr=False)
    base_url: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may connect, where the agent has another user than the board; needs a board as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Loopback:
    """A port of this machine on which the proxy listens, too, for those who say its key."""

    socket: socket
    key: str = field(repr=False)


CredentialSource = Callable[[], Awaitable[Credential]]
OnUsage = Callable[[Usage], None]
Judge = Callable[[Credential, Limit], Awaitable[bool]]


def _unheard(_: object) -> None:
    """Take no notice."""


async def _let_stand(_: Credential, __: Limit) -> bool:
    """Let every answer pass to the agent."""
    return False


@asynccontextmanager
async def serve(
    folder: Path,
    credential: CredentialSource,
    upstream: str = "",
    *,
    on_usage: OnUsage = _unheard,
    judge: Judge = _let_stand,
    owner: Owner | None = None,
    provider: Provider = ANTHROPIC,
    models: Collection[str] = (),
    loopback: Loopback | None = None,
) -> AsyncIterator[Path]:
    """Listen on `folder`/api.sock and yield that path; the folder is made, and only its owner's.

    `credential` is asked at each request, so that another subscription can take over at any time.
    It may raise Unavailable: with `until` the agent is told that the limit is reached.
    `judge` is told of each answer that speaks of limits or refuses the credential, before the agent sees
    it; if it says True, the agent does not, and the request is made again with what `credential` gives.
    `upstream` (else the provider's usual one) and a credential's own `base_url` are `https://…`, `http://…`
    or `unix:///PATH`. `on_usage` must be quick. `models` are those that may be asked for, () being all,
    where the provider's requests are looked at.
    Raises Misconfigured if the path is too long or the folder can't be made.
    """
    path = await asyncio.to_thread(prepare, folder, SOCKET, owner)
    key = loopback.key if loopback else ""
    door = _Door(credential, upstream or provider.upstream, on_usage, judge, provider, models, key)
    app = web.Application(client_max_size=LONGEST_BODY)
    app.router.add_route("*", "/{path:.*}", door.pass_on)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    mine, loop, servers = 0, asyncio.get_running_loop(), []
    try:
        servers.append(await loop.create_unix_server(_usher(runner), path))
        if loopback is not None:
            servers.append(await loop.create_server(_usher(runner), sock=loopback.socket))
        await asyncio.to_thread(give, path, owner, 0o600)
        mine = path.stat().st_ino
        yield path
    finally:
        for server in servers:
            server.close()
        await runner.cleanup()
        await door.close()
        remove_own(path, mine)


def prepare(folder: Path, name: str, owner: Owner | None) -> Path:
    """Make an attempt's socket folder, its owner's alone, and return the free path of a socket in it.

    Raises Misconfigured if the path is too long or the folder can't be made.
    """
    path = folder / name
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise Misconfigured(
            f"The socket's path is longer than {LONGEST_PATH} bytes: {path}",
            "choose a shorter state folder",
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a socket that a killed board left behind
        give(folder, owner, 0o700)
    except OSError as error:
        raise Misconfigured(f"The socket folder {folder} can't be made: {error}") from error
    return path


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def remove_own(path: Path, inode: int) -> None:
    """Remove a socket, unless another board listens there by now."""
    if inode and _inode(path) == inode:
        path.unlink()


def give(path: Path, owner: Owner | None, mode: int) -> None:
    """Set the mode of a path, and its owner if there is another. Raises Misconfigured."""
    try:
        path.chmod(mode)
        if owner is not None:
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    except OSError as error:
        raise Misconfigured(f"{path} can't be given to the agent's user: {error}") from error


class _TooLarge(Exception):
    """A request is longer than any may be."""


class _Shut(asyncio.Protocol):
    """Hangs up on who calls."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Do so."""
        transport.close()


def _usher(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    """Return what makes the protocol of a connection: of one too many, one that hangs up at once."""
    serving = runner.server
    if serving is None:
        raise RuntimeError("the runner is not set up")
    return lambda: serving() if len(serving.connections) < MOST_LINKS else _Shut()


class _Door:
    """Passes requests on; one client session for each upstream."""

    def __init__(
        self, credential: CredentialSource, upstream: str, on_usage: OnUsage, judge: Judge,
        provider: Provider, models: Collection[str], key: str,
    ) -> None:  # fmt: skip
        self._credential = credential
        self._upstream = upstream
        self._on_usage = on_usage
        self._judge = judge
        self._provider = provider
        self._models = models
        self._key = key
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._held = 0  # bytes of requests

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the agent with the provider's answer, as it comes."""
        said = request.headers.get("x-goog-api-key", request.headers.get("authorization", ""))
        if self._key and not hmac.compare_digest(said.removeprefix("Bearer ").encode(), self._key.encode()):
            return self._refuse(403, "permission_error", "This is another agent's door.")
        if request.method != "POST" or not self._provider.paths.fullmatch(request.path):
            return self._refuse(403, "permission_error", "Only the models are open here.")
        body = bytearray()
        try:
            await self._take(request.content, body)
            if fault := await self._fault(request, body):
                return self._refuse(400, "invalid_request_error", fault)
            for _ in range(MOST_TRIES):
                credential = await self._credential()
                with translate():
                    answer = await self._exchange(request, body, credential)
                if answer is not None:
                    return answer
            return self._refuse(429, "rate_limit_error", "No account takes this request now.", is_final=True)
        except _TooLarge:
            return self._refuse(413, "request_too_large", "The request is larger than 32 MiB.")
        except HalfTUIError as error:
            return self._refusal(error)
        finally:
            self._held -= len(body)

    async def _fault(self, request: web.Request, body: bytearray) -> str:
        """Return why a request is not passed on, "" if it is; what can't be looked at is not."""
        if self._provider.fault is None:
            return ""
        if request.headers.get("content-encoding", "identity") != "identity":
            return "A packed request can't be looked at."
        if await asyncio.to_thread(is_heavy, body):
            return "The request holds too many values."
        target = f"{request.path}?{request.rel_url.raw_query_string}"
        return await asyncio.to_thread(self._provider.fault, target, bytes(body), self._models)

    async def _take(self, content: aiohttp.StreamReader, body: bytearray) -> None:
        """Read a request's body, which counts until the request is over."""
        async for piece in content.iter_any():
            body += piece
            self._held += len(piece)
            if len(body) > LONGEST_BODY:
                raise _TooLarge
            if self._held > MOST_HELD:
                raise Unavailable("Too much is asked at once.")

    async def _exchange(
        self, request: web.Request, body: bytearray, credential: Credential
    ) -> web.StreamResponse | None:
        """Return the provider's answer, passed on; None if the request has to be made again."""
        upstream = credential.base_url or self._upstream
        base = "http://localhost" if upstream.startswith("unix://") else upstream.rstrip("/")
        async with self._session(upstream).post(
            # Only the path that was checked, never the agent's own spelling of it.
            URL(f"{base}{request.path}?{request.rel_url.raw_query_string}", encoded=True),
            data=io.BytesIO(body),  # the client sends a file in pieces, raw bytes in one go
            headers=outbound(request.headers, credential, self._provider),
            allow_redirects=False,  # a redirect would carry the key elsewhere
        ) as answer:
            told = limit(answer.status, answer.headers)
            if told is not None and await self._judge(credential, told):
                return None
            if answer.status == TOO_MANY and not self._provider.tells_limits:
                return self._refuse(429, "rate_limit_error", "The account's limit is reached.", is_final=True)
            return await self._relay(request, answer)

    async def _relay(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {*_CONNECTION, "set-cookie"}:
                response.headers.add(name, value)
        meter = Meter(is_stream=answer.content_type == "text/event-stream")
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                meter.feed(chunk)
                await response.write(chunk)
        except (aiohttp.ClientError, TimeoutError):
            # The answer began, so no other status can be sent: the agent sees it break, too.
            _hang_up(request)
        finally:
            usage = meter.usage()
            if usage is not None and self._provider.counted.fullmatch(request.path):
                self._on_usage(usage)
        return response

    def _refusal(self, error: HalfTUIError) -> web.Response:
        """Return what the agent is told where the board could not ask the provider."""
        match error:
            case Unavailable(until=None):
                return self._refuse(502, "api_error", error.message)
            case Unavailable():
                return self._refuse(429, "rate_limit_error", error.message, is_final=True)
            case _:
                return self._refuse(401, "authentication_error", error.message)

    def _refuse(self, status: int, kind: str, message: str, *, is_final: bool = False) -> web.Response:
        """Return an error in the provider's own form; after a final one the agent does not ask again."""
        headers = {"x-should-retry": "false"} if is_final else None
        return web.json_response(self._provider.error(kind, message), status=status, headers=headers)

    def _session(self, upstream: str) -> aiohttp.ClientSession:
        if upstream not in self._sessions:
            is_local = upstream.startswith("unix://")
            self._sessions[upstream] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(upstream.removeprefix("unix://")) if is_local else None,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS
                ),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not is_local,  # a board behind a company's web proxy
            )
        return self._sessions[upstream]


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@contextmanager
def translate() -> Iterator[None]:
    """Turn the HTTP client's errors into Unavailable; their text names no secret."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(f"The provider can't be reached: {type(error).__name__}") from error


def outbound(
    headers: Mapping[str, str], credential: Credential, provider: Provider = ANTHROPIC
) -> dict[str, str]:
    """Return the headers for the provider: the agent's own, with the real credential.

    Whatever the agent sent as a credential is gone, in every form.
    """
    dropped = _CONNECTION | _REPLACED
    passed = {name: value for name, value in headers.items() if name.lower() not in dropped}
    passed |= provider.sign(credential.kind, credential.secret, headers)
    passed["Accept-Encoding"] = "identity"  # the meter reads along
    return passed

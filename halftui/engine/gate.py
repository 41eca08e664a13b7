"""An attempt's way to its provider: a socket in the sandbox, the credential in the board."""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from halftui.domain.actor import ENGINE
from halftui.domain.egress import Hosts
from halftui.domain.happenings import Metered
from halftui.domain.redaction import Redactor
from halftui.engine.rooms import OpenGate
from halftui.errors import HalfTUIError, NotFound, Unavailable
from halftui.ops import accounts, attempts, spending, subscriptions, views
from halftui.ops import egress as hosts
from halftui.ops.attempts import Claim
from halftui.runtime import egress, proxy, relay
from halftui.runtime.meter import TOO_MANY, UNAUTHORIZED, Limit, Usage
from halftui.runtime.preset import API_KEY, API_URL
from halftui.runtime.providers import ANTHROPIC, GOOGLE, OPENAI
from halftui.runtime.proxy import Credential, Kind, Loopback, Owner
from halftui.sandbox.base import Places, Sandbox
from halftui.service.lines import Lines
from halftui.store.store import Rows, Store
from halftui.store.vault import Vault

log = logging.getLogger(__name__)

KINDS: Mapping[str, Kind] = {
    "ANTHROPIC_API_KEY": "api-key", "CLAUDE_CODE_OAUTH_TOKEN": "oauth", "OPENAI_API_KEY": "openai-key",
    "GEMINI_API_KEY": "google-key",
}  # fmt: skip
VARIABLES: Mapping[str, str] = {kind: name for name, kind in KINDS.items()}
PROVIDERS = {"codex": OPENAI, "gemini": GOOGLE}  # of those that reach it by a port
_OPEN_MODELS = ("default", "opusplan")  # Claude Code's own words for more than one
NO_ACCOUNT = "no account is registered for agents"
API_PORT = 3129  # of the sandbox's own loopback, which nobody else is on
UNTOLD_SECONDS = 3_600.0  # of a limit whose end the provider does not tell
UNCONFINED = "the local sandbox confines nobody: the list of hosts holds back nothing here"
NOTE_SECONDS = 10.0  # between two notes of an account's limits


class Unopenable(Unavailable):
    """A stored credential can't be opened with this key."""


@dataclass
class Way:
    """An open way; `until` says when the provider's limit ends (UTC seconds), if it told."""

    kind: str  # of the credential that waits at its other end: oauth or api-key
    until: float | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # for those who want the real one inside
    before: Sequence[str] = ()  # starts the program, put before its command
    out: egress.Way | None = None  # to the hosts that are allowed
    meter: Callable[[Metered], None] | None = None  # hears what the provider answered
    unbooked: Callable[[], int] | None = None  # tells the tokens that no budget counts yet

    async def shut(self) -> None:
        """End the connections to hosts; each is told of by then."""
        if self.out is not None:
            await self.out.cut()

    def count(self, usage: Usage) -> None:
        """Tell of one answer of the provider."""
        if self.meter is not None:
            tokens_in = usage.tokens_in + usage.cache_read + usage.cache_written
            self.meter(Metered(tokens_in, usage.tokens_out, turns=1))


class Credentials:
    """Where the real credentials come from: a sealed subscription, or the environment."""

    def __init__(self, store: Store, vault: Vault, env: Mapping[str, str] = os.environ) -> None:
        self._store = store
        self._vault = vault
        self._env = env
        self._known: set[str] = set()
        self.redact = Redactor()  # takes every credential that was ever found here out of text

    def find(self, subscription: str | None, runtime: str = "claude") -> Credential:
        """Return the credential of a subscription, or the platform's for a runtime.

        Raises Unavailable without one, Unopenable if it is sealed with another key.
        """
        found = self._sealed(subscription) if subscription else self._platform(runtime)
        if found.secret not in self._known:
            self._known.add(found.secret)
            self.redact.learn(self._known)
        return found

    def check(self, runtime: str = "claude") -> None:
        """Raise if agents could have no credential; what can't be opened is parked and told of once."""
        while True:
            try:
                chosen = self._store.read(accounts.choose, runtime)
            except Unavailable:
                return  # there are some, which rest; the scheduler waits for them
            try:
                self.find(chosen, runtime)
            except Unopenable as error:
                self.park(str(chosen), error)
            else:
                return

    def park(self, subscription: str, error: HalfTUIError) -> None:
        """Use an account no more whose credential can't be opened."""
        log.warning("an account is passed over", extra={"subscription": subscription, "why": str(error)})
        self._store.write(ENGINE, subscriptions.park, subscription, accounts.UNOPENABLE)

    def _sealed(self, subscription: str) -> Credential:
        def row(rows: Rows) -> tuple[str, str, str]:
            sql = "SELECT kind, sealed, base_url FROM subscription WHERE id = :i"
            found = rows.rows(sql, i=subscription)
            if not found:
                raise Unavailable("the subscription was removed", "register it again, or another one")
            return str(found[0][0]), str(found[0][1]), str(found[0][2])

        kind, sealed, base_url = self._store.read(row)
        try:
            secret = self._vault.open(subscription, sealed)
        except Unavailable as error:
            raise Unopenable(error.message, error.hint) from error
        return Credential(KINDS[VARIABLES[kind]], secret, base_url, subscription)

    def _platform(self, runtime: str) -> Credential:
        names = [name for name, kind in KINDS.items() if kind in accounts.CREDENTIALS[runtime]]
        for name in names:
            if value := self._env.get(name):
                return Credential(KINDS[name], value)
        kind = "" if runtime == "claude" else f" --kind {KINDS[names[0]]}"
        raise Unavailable(NO_ACCOUNT, f"set {names[0]}, or run: halftui subscription register NAME{kind}")


class Seat:
    """The account that one attempt is on; it changes between two requests where it has to."""

    def __init__(self, claim: Claim, store: Store, credentials: Credentials) -> None:
        self._claim = claim
        self._store = store
        self._credentials = credentials
        self._account = claim.subscription
        self._noted = (0.0, "")
        self.until: float | None = None

    async def credential(self, unbooked: int = 0) -> Credential:
        """Return the credential for the next request, after so many tokens that no budget counts yet.

        Raises Unavailable if a budget is spent, with `until` if all accounts rest.
        """
        return await asyncio.to_thread(self._find, unbooked)

    async def judge(self, credential: Credential, limit: Limit) -> bool:
        """Write down what the provider said of an account; True if another one can take the request."""
        with contextlib.suppress(NotFound):  # the account was removed meanwhile
            return await asyncio.to_thread(self._judge, credential.account, limit)
        return True

    def _find(self, unbooked: int) -> Credential:
        for scope, subject in (("attempt", self._claim.attempt), ("bead", self._claim.bead)):
            for sentence in self._store.read(spending.spent, scope, [subject], unbooked).values():
                raise Unavailable(sentence)
        while True:
            if not self._store.read(accounts.usable, self._claim.runtime, self._account):
                self._account = self._store.write(
                    ENGINE, attempts.switch, self._claim.attempt, self._claim.epoch
                )
            try:
                return self._credentials.find(self._account, self._claim.runtime)
            except Unopenable as error:
                self._credentials.park(str(self._account), error)

    def _judge(self, account: str, limit: Limit) -> bool:
        now = self._store.clock()
        if limit.status == TOO_MANY:
            until = end_of(limit, now) or now + UNTOLD_SECONDS
            self.until = max(until, self.until or 0.0)
            return bool(account) and self._leave(subscriptions.cool, account, until)
        if limit.status == UNAUTHORIZED:
            reason = "the provider refused its token (401)"
            return bool(account) and self._leave(subscriptions.park, account, reason)
        self._note(account, limit, now)
        return False

    def _leave(self, op: Callable[..., None], account: str, what: str | float) -> bool:
        """Write first why an account is left, so that no crash forgets it; True if there is another."""
        self._store.write(ENGINE, op, account, what)
        try:
            return self._store.read(accounts.choose, self._claim.runtime, account) is not None
        except Unavailable:
            return False

    def _note(self, account: str, limit: Limit, now: float) -> None:
        status = limit.values.get("status", "")
        if account and limit.values and (now - self._noted[0] >= NOTE_SECONDS or status != self._noted[1]):
            self._noted = (now, status)
            self._store.write(ENGINE, subscriptions.note, account, json.dumps(dict(limit.values)))


def opener(
    credentials: Credentials,
    upstream: str,
    store: Store,
    lines: Lines,
    *,
    shows_secret: bool = False,
    net: egress.Net = egress.INTERNET,
) -> OpenGate:
    """Return what opens an attempt's gate: sockets in `folder`, for the sandbox's user alone.

    With `shows_secret` the real credential stands in the agent's environment as well.
    """

    @asynccontextmanager
    async def open_gate(
        claim: Claim, folder: Path, sandbox: Sandbox, holds: Callable[[], bool]
    ) -> AsyncIterator[Way]:
        async with AsyncExitStack() as stack:
            way = Way("api-key")
            if claim.runtime in accounts.NEEDS_ACCOUNT:
                owner = Owner(*sandbox.user) if sandbox.user else None
                seat = Seat(claim, store, credentials)
                first = await seat.credential()
                way = Way(first.kind, env={VARIABLES[first.kind]: first.secret} if shows_secret else {})
                paying = _Paying(seat, way, holds)
                models = await asyncio.to_thread(_models, store, claim)
                if claim.runtime in PROVIDERS:
                    door = await _by_port(way, stack, paying, claim, folder, sandbox, owner, models)
                else:
                    # Whoever is not confined reaches everything anyway, by the provider's tools, too.
                    provider = ANTHROPIC if sandbox.is_confined else replace(ANTHROPIC, fault=None)
                    door = proxy.serve(
                        folder, paying.credential, upstream,
                        on_usage=way.count, judge=paying.judge, owner=owner, provider=provider, models=models,
                    )  # fmt: skip
                await stack.enter_async_context(door)
            await _let_out(way, stack, claim, folder, sandbox, holds, store, lines, net)
            yield way

    return open_gate


async def _by_port(
    way: Way, stack: AsyncExitStack, paying: "_Paying", claim: Claim, folder: Path, sandbox: Sandbox,
    owner: Owner | None, models: Collection[str],
) -> AbstractAsyncContextManager[Path]:  # fmt: skip
    """Return a proxy for a program that can't speak by a Unix socket: it reaches it by a port.

    In a container a relay leads there from the container's own loopback. Here others are on the loopback,
    so a proxy takes those alone who say the attempt's key.
    """
    key, loopback, port = "placeholder", None, API_PORT
    if sandbox.is_confined:
        await asyncio.to_thread(egress.put_relay, folder, owner)
        inside = sandbox.inside(Places(folder, folder, folder))
        way.before = egress.command(inside.sockets, port, proxy.SOCKET)
    else:
        listener = stack.enter_context(socket.create_server((relay.HERE, 0)))
        key, port = secrets.token_urlsafe(24), int(listener.getsockname()[1])
        loopback = Loopback(listener, key)
    way.env = {**way.env, API_URL: f"http://{relay.HERE}:{port}", API_KEY: key}
    return proxy.serve(
        folder, paying.credential, judge=paying.judge, owner=owner, on_usage=way.count,
        provider=PROVIDERS[claim.runtime], models=models, loopback=loopback,
    )  # fmt: skip


def _models(store: Store, claim: Claim) -> Collection[str]:
    """Return the models that an attempt's program may ask for, () being all. Blocks."""
    model = claim.profile.model or store.read(views.board, claim.board).model
    return () if model in ("", *_OPEN_MODELS) else (model,)


@dataclass(frozen=True)
class _Paying:
    """What the credential proxy asks of an attempt's seat."""

    seat: Seat
    way: Way
    holds: Callable[[], bool]

    async def credential(self) -> Credential:
        if not self.holds():  # a board that stood still must not pay for what another one runs
            raise Unavailable("this board does not hold the attempt any more")
        return await self.seat.credential(self.way.unbooked() if self.way.unbooked else 0)

    async def judge(self, credential: Credential, limit: Limit) -> bool:
        is_taken_over = await self.seat.judge(credential, limit)
        self.way.until = self.seat.until
        return is_taken_over


async def _let_out(
    way: Way, stack: AsyncExitStack, claim: Claim, folder: Path, sandbox: Sandbox, holds: Callable[[], bool],
    store: Store, lines: Lines, net: egress.Net,
) -> None:  # fmt: skip
    """Open the way to the hosts that a bead's agents may reach, if there are any."""

    async def allowed() -> Hosts:  # asked each time: what is taken off the list is closed at once
        return await asyncio.to_thread(store.read, hosts.of_bead, claim.bead)

    def tell(passage: egress.Passage) -> None:
        log.info(str(passage), extra={"attempt": claim.attempt})
        if lines.is_open(claim.attempt):
            lines.add(claim.attempt, "note", str(passage))

    if not await allowed():
        return
    if not sandbox.is_confined:  # it reaches everything as it is
        lines.add(claim.attempt, "note", UNCONFINED)
        return
    owner = Owner(*sandbox.user) if sandbox.user else None
    way.out = await stack.enter_async_context(
        egress.serve(folder, allowed, tell, holds=holds, owner=owner, net=net)
    )
    way.env = {**way.env, **egress.environment()}
    way.before = (*egress.command(sandbox.inside(Places(folder, folder, folder)).sockets), *way.before)


def end_of(limit: Limit, now: float) -> float | None:
    """Return when a limit ends (UTC seconds): the latest of the ends that were told for what is used up.

    A window that is not used up has an end, too, which says nothing; without a word on which one is,
    all of them count.
    """
    values = limit.values
    windows = {key.removesuffix("-reset") for key in values if key.endswith("-reset")}
    used_up = {w for w in windows if values.get(f"{w}-status") == "rejected"}
    told = [values.get(f"{w}-reset", "") for w in used_up or windows]
    told.append(values.get("reset", ""))
    resets = [float(value) for value in told if value.replace(".", "", 1).isdecimal()]
    waits = [now + limit.retry_after] if limit.retry_after is not None else []
    return max([*resets, *waits], default=None)

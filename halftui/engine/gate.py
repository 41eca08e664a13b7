"""An attempt's way to its provider: a socket in the sandbox, the credential in the board."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from halftui.domain.redaction import Redactor
from halftui.engine.rooms import OpenGate
from halftui.errors import Unavailable
from halftui.ops.attempts import Claim
from halftui.runtime import proxy
from halftui.runtime.meter import Limit
from halftui.runtime.proxy import Credential, Owner
from halftui.sandbox.base import Sandbox
from halftui.store.store import Rows, Store
from halftui.store.vault import Vault

PLATFORM = (("ANTHROPIC_API_KEY", "api-key"), ("CLAUDE_CODE_OAUTH_TOKEN", "oauth"))
TOO_MANY = 429
NO_ACCOUNT = "no account is registered for agents"
NO_ACCOUNT_HINT = "set ANTHROPIC_API_KEY, or run: halftui subscription register NAME"


@dataclass
class Way:
    """An open way; `until` says when the provider's limit ends (UTC seconds), if it told."""

    kind: str  # of the credential that waits at its other end: oauth or api-key
    until: float | None = None


class Credentials:
    """Where the real credentials come from: a sealed subscription, or the environment."""

    def __init__(self, store: Store, vault: Vault, env: Mapping[str, str] = os.environ) -> None:
        self._store = store
        self._vault = vault
        self._env = env
        self._known: set[str] = set()
        self.redact = Redactor()  # takes every credential that was ever found here out of text

    def find(self, subscription: str | None) -> Credential:
        """Return the credential of a subscription, or the platform's. Raises Unavailable without one."""
        found = self._sealed(subscription) if subscription else self._platform()
        if found.secret not in self._known:
            self._known.add(found.secret)
            self.redact = Redactor(self._known)
        return found

    def _sealed(self, subscription: str) -> Credential:
        def row(rows: Rows) -> tuple[str, str, str]:
            sql = "SELECT kind, sealed, base_url FROM subscription WHERE id = :i"
            found = rows.rows(sql, i=subscription)
            if not found:
                raise Unavailable("the subscription was removed", NO_ACCOUNT_HINT)
            return str(found[0][0]), str(found[0][1]), str(found[0][2])

        kind, sealed, base_url = self._store.read(row)
        return Credential(
            "oauth" if kind == "oauth" else "api-key", self._vault.open(subscription, sealed), base_url
        )

    def _platform(self) -> Credential:
        for name, kind in PLATFORM:
            if value := self._env.get(name):
                return Credential("oauth" if kind == "oauth" else "api-key", value)
        raise Unavailable(NO_ACCOUNT, NO_ACCOUNT_HINT)


def opener(credentials: Credentials, upstream: str, clock: Callable[[], float]) -> OpenGate:
    """Return what opens an attempt's gate: a socket in `folder`, for the sandbox's user alone."""

    @asynccontextmanager
    async def open_gate(
        claim: Claim, folder: Path, sandbox: Sandbox, holds: Callable[[], bool]
    ) -> AsyncIterator[Way]:
        if claim.runtime != "claude":
            yield Way("api-key")
            return

        async def credential() -> Credential:
            if not holds():  # a board that stood still must not pay for what another one runs
                raise Unavailable("this board does not hold the attempt any more")
            return await asyncio.to_thread(credentials.find, claim.subscription)

        way = Way((await credential()).kind)

        def note(limit: Limit) -> None:
            if limit.status == TOO_MANY and (ends := _end_of(limit, clock())) is not None:
                way.until = max(ends, way.until or 0.0)

        owner = Owner(*sandbox.user) if sandbox.user else None
        async with proxy.serve(folder, credential, upstream, on_limit=note, owner=owner):
            yield way

    return open_gate


def _end_of(limit: Limit, now: float) -> float | None:
    """Return the latest end (UTC seconds) that the provider's headers name."""
    resets = [float(v) for k, v in limit.values.items() if k.endswith("reset") and v.isdecimal()]
    waits = [now + limit.retry_after] if limit.retry_after is not None else []
    return max([*resets, *waits], default=None)

"""The keys of agents and of the database: made when first needed, opened only to sign."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from halftui.domain import history, identity, tokens
from halftui.domain.actor import ENGINE, Actor
from halftui.domain.history import Place
from halftui.domain.text import counted
from halftui.domain.tokens import Claims
from halftui.errors import Conflict, Misconfigured, Refused, Unavailable
from halftui.failpoints import failpoint
from halftui.ops import chain, signers
from halftui.workspace.signing import Signer
from halftui.workspace.tree import Person

if TYPE_CHECKING:
    from halftui.ops.signers import IdentityRow, SealedKey
    from halftui.store.memory import Memory
    from halftui.store.store import Rows, Store
    from halftui.store.vault import Vault

HOUSE = "house"  # the subject of the key that signs the history
SIGN_EVENTS, SIGN_SECONDS = 100, 60.0  # after which a new head is due
ACCEPT = "restore a backup; or if this was meant: halftui audit verify --accept"


class _Standing(NamedTuple):
    newest: Place
    head: int  # the event that the newest signature names
    signed_at: float


class Keyring:
    """The keys of one database, sealed by one vault, and what a home remembers of its history.

    Every method blocks.
    """

    def __init__(self, store: Store, vault: Vault, memory: Memory) -> None:
        self._store = store
        self._vault = vault
        self._memory = memory

    def private(self, subject: str) -> str:
        """Return the private key of `agent:<id>` or `house`, made now if there is none.

        Raises Unavailable if it was sealed by another vault.
        """
        key = self._store.read(signers.key_of, subject) or self._make(subject)
        return self._vault.open(key.fingerprint, key.sealed)

    def signer(self, agent_id: str) -> Signer:
        """Return what signs an agent's commits in its name."""
        private = self.private(f"agent:{agent_id}")
        who = self._store.read(signers.by_id, agent_id)
        person = Person(who.name, identity.email_of(who.username))
        return Signer(person, lambda payload: identity.git_signature(private, payload))

    def token(self, attempt: str, now: float, life: int = tokens.LONGEST_LIFE) -> str:
        """Return a token for a live attempt, good for `life` seconds. Raises TokenRefused if it is over."""
        from halftui.ops import tokens as ops

        agent, board, epoch = self._store.read(ops.live, attempt)
        private = self.private(f"agent:{agent}")
        mark = identity.fingerprint(identity.public_of(private))
        issued = int(now)
        claims = Claims(attempt, agent, board, epoch, secrets.token_urlsafe(24), issued, issued + life)
        return tokens.mint(private, mark, claims)

    def public_of_house(self) -> str:
        """Return the public line of the key that signs the history, "" if there is none.

        It comes out of the vault, so a key that somebody else put in its place raises Unavailable.
        """
        key = self._store.read(signers.key_of, HOUSE)
        return identity.public_of(self._vault.open(key.fingerprint, key.sealed)) if key else ""

    def renew_house(self, actor: Actor, *, is_wanted: bool) -> chain.Renewal:
        """Give the database a new key for its history, in place of one that no vault opens any more.

        Return what is lost with that. Raises Refused if it opens, if there is none, or unless it is wanted.
        """
        from halftui.ops import audit
        from halftui.ops.access import authorize

        authorize(actor, history.RENEW)
        self._store.read(_look, self._memory.recall())
        if (stake := self._store.read(chain.at_stake)) is None:
            raise Refused("no key signs the history yet", "halftui audit sign makes one")
        with suppress(Unavailable):
            self.public_of_house()
            raise Refused(
                "the key that signs the history opens; nothing is lost",
                "halftui secrets rotate seals it anew",
            )
        if not is_wanted:
            raise Refused(
                f"{counted(stake.heads, 'signature')}, up to event {stake.until}, would stay unverified",
                "bring the vault's key back; or if it is lost: halftui audit renew-key --yes",
            )
        with self._new() as (public, sealed):
            self._store.write(actor, audit.renew, stake.fingerprint, public, sealed)
        self.sign_history(actor, is_wanted=True)
        return stake

    def sign_history(self, actor: Actor = ENGINE, *, is_wanted: bool = False) -> int:
        """Sign the head of the history if that is due, or wanted; return the event it names, or 0.

        What is signed is remembered outside of the database first. Raises Refused if the history is
        another one than this home remembers.
        """
        from halftui.ops import audit
        from halftui.ops.access import authorize

        authorize(actor, "audit.sign")  # before a key is made for it
        known = self._memory.recall()
        found, now = self._store.read(_look, known), self._store.clock()
        fresh = found.newest.seq - found.head
        if not fresh or not (is_wanted or fresh >= SIGN_EVENTS or now - found.signed_at >= SIGN_SECONDS):
            if len(known) != 1 or found.head > known[0].seq:  # a first look, or another home signed
                self.remember()
            return 0
        private = self.private(HOUSE)
        with self._memory.held() as known:
            newest, previous, _ = self._store.read(_look, known)  # making the key is an event, too
            failpoint("remember.before")
            self._memory.keep(newest)
            seq, digest = newest
            failpoint("remember.after")
            mark = identity.fingerprint(identity.public_of(private))
            proof = identity.sign(private, history.head_text(seq, digest, now, previous)).hex()
            with suppress(Conflict):  # another process was quicker
                self._store.write(actor, audit.sign, seq, digest, now, previous, mark, proof)
        return seq

    def remember(self) -> None:
        """Remember the newest event. Raises Refused if the history is another one than is remembered."""
        with self._memory.held() as known:
            self._memory.keep(self._store.read(_look, known).newest)

    def accept_history(self, actor: Actor) -> None:
        """Remember the history as it is, whatever was remembered; the history tells who did so, and when."""
        from halftui.ops import audit

        with self._memory.held() as known:
            self._store.write(actor, audit.accept, *(known[0] if known else Place(0, "")))
            failpoint("accept.after")
            self._memory.keep(self._store.read(chain.place))

    def rotate(self, actor: Actor, agent_id: str) -> str:
        """Give an agent a new key, and return its fingerprint."""
        from halftui.ops import identities

        with self._new() as (public, sealed):
            self._store.write(actor, identities.rotate, agent_id, public, sealed)
        return identity.fingerprint(public)

    def keep(self, agent_id: str, folder: Path) -> Path:
        """Return the file with an agent's private key, written anew if it is missing or another one.

        It is for git in the agent's own terminal; only its owner may read it.
        """
        private = self.private(f"agent:{agent_id}")
        who = self._store.read(signers.by_id, agent_id)
        file = folder / who.username
        if _public_beside(file) != who.public or not _is_private(file):
            _write(folder, file, private, who)
        return file

    def _make(self, subject: str) -> SealedKey:
        from halftui.ops import identities

        # If another process makes it meanwhile, that one counts.
        with self._new() as (public, sealed), suppress(Conflict):
            self._store.write(ENGINE, identities.enroll, subject, public, sealed)
        key = self._store.read(signers.key_of, subject)
        assert key is not None
        return key

    @contextmanager
    def _new(self) -> Iterator[tuple[str, str]]:
        """Yield a new key's public line and its sealed half, to be stored within."""
        private = identity.generate()
        public = identity.public_of(private)
        with self._vault.sealed(identity.fingerprint(public), private) as sealed:
            yield public, sealed


def _look(rows: Rows, known: Sequence[Place]) -> _Standing:
    """Return how far the history and its signatures are. Raises Refused if it is not the one that is known.

    All from one point in time: what is signed is what was looked at.
    """
    if fault := chain.another(rows, known):
        raise Refused(f"the history is not the one that was signed: event {fault.seq}, {fault.what}", ACCEPT)
    return _Standing(chain.place(rows), *chain.last_head(rows))


def _public_beside(file: Path) -> str:
    try:
        return " ".join(file.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])
    except (OSError, UnicodeDecodeError):
        return ""


def _is_private(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and not file.stat().st_mode & 0o077


def _write(folder: Path, file: Path, private: str, who: IdentityRow) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for place, text, mode in (
            (file, identity.private_file(private), 0o600),
            (file.with_suffix(".pub"), f"{who.public} {identity.email_of(who.username)}\n", 0o644),
        ):
            fresh = place.with_name(f".{place.name}.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as opened:
                opened.write(text)
            fresh.replace(place)
    except OSError as error:
        raise Misconfigured(
            f"the key can't be kept in {folder}: {error.strerror}", "check the folder's permissions"
        ) from error

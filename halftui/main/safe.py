"""What only a process that holds the database's secrets can do for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from halftui.domain.history import Place
from halftui.errors import Misconfigured, Refused, Unavailable
from halftui.failpoints import failpoint
from halftui.ops.access import authorize

if TYPE_CHECKING:
    from halftui.main.house import House
    from halftui.ops.chain import Renewal, Verdict


class HouseSafe:
    """The secrets of one house; implements `cli.door.Safe`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def keep_key(self, agent_id: str) -> Path:
        """Return the file of an agent's private key in the config folder, restored if it is missing."""
        return self._house.keyring.keep(agent_id, self._house.config / "identity")

    def sign_history(self) -> int:
        """Sign the head of the history; return the event it names, 0 if it is signed already."""
        return self._house.keyring.sign_history(self._house.actor, is_wanted=True)

    def house_key(self) -> str:
        """Return the public line of the key that signs the history, "" if there is none."""
        return self._house.keyring.public_of_house()

    def verify_history(self, *, is_accepted: bool = False) -> tuple[Verdict, int, str]:
        """Return what is found, up to where it was remembered before, and why it can't be now.

        `is_accepted`: the history as it is is taken over first. A whole one is remembered.
        """
        from halftui.ops import chain

        house, service = self._house, self._house.service
        if is_accepted:
            house.keyring.accept_history(house.actor)
        known = house.memory.recall()
        found = service.read(chain.verify, self.house_key(), known)
        why = ""
        if not found.faults:
            try:
                house.keyring.remember()
            except Unavailable as error:  # a home that can only be read: what was found is true without it
                why = error.message
        return found, max((place.seq for place in known), default=0), why

    def renew_house_key(self, *, is_wanted: bool) -> Renewal:
        """Let a new key sign the history, since the vault's is lost; return what is lost with that."""
        return self._house.keyring.renew_house(self._house.actor, is_wanted=is_wanted)

    def rotate_secrets(self, *, leaves_keyring: bool = False) -> int:
        """Seal everything anew with a new key and forget the old one; return how many values there are.

        The new key is on the disk before the first value needs it, and the old one is forgotten after
        the last: a process that is killed in between leaves everything readable.
        """
        from halftui.ops import secrets

        house = self._house
        authorize(house.actor, "secret.rotate")  # before the key file is touched
        vault = house.vault
        if leaves_keyring and house.settings.key_store == "keyring":
            raise Misconfigured("the keyring is what is set", "set key_store=file first")
        with vault.rotating(house.ring if leaves_keyring else None):
            return house.store.write(house.actor, secrets.rotate, vault.reseal)

    def backup(self, target: Path) -> int:
        """Copy the database into a new file, and return its bytes."""
        from halftui.ops import house as ops
        from halftui.store import copies

        house = self._house
        copies.require_place(house.store, target)
        house.service.write(ops.backup, str(target))
        return copies.backup(house.store, target)

    def restore(self, source: Path) -> Path | None:
        """Put a copy in the database's place; return where the present one was kept, if there was one.

        Raises Refused while another process runs agents.
        """
        from halftui.engine.lock import sole_engine
        from halftui.ops import chain
        from halftui.ops import house as ops
        from halftui.store import copies

        house = self._house

        def announce(place: Place) -> None:
            if known:  # until it is done, either may stand: this one, or the copy's
                house.memory.keep(*known, place)
            failpoint("restore.before")

        with sole_engine(house.home) as is_mine, house.memory.held() as known:
            if not is_mine:
                raise Refused("another HalfTUI runs agents on this database", "leave it first")
            authorize(house.actor, "house.restore")
            kept = copies.restore(house.store, source, announce)
            failpoint("restore.after")
            house.store.write(house.actor, ops.restore, str(source), str(kept or ""))
            house.memory.keep(house.store.read(chain.place))
        return kept

    def rotate_key(self, agent_id: str) -> str:
        """Give an agent a new key, and return its fingerprint."""
        return self._house.keyring.rotate(self._house.actor, agent_id)

"""What only a process that holds the database's secrets can do for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halftui.main.house import House


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

    def rotate_key(self, agent_id: str) -> str:
        """Give an agent a new key, and return its fingerprint."""
        return self._house.keyring.rotate(self._house.actor, agent_id)

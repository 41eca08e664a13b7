"""The operating system's keyring, for who wants the vault's keys there instead of in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from halftui.errors import Misconfigured, Unavailable

SERVICE = "halftui"
INSTEAD = "or keep the keys in a file: key_store=file"


class Ring:
    """The keys of one account in the keyring. The library is imported when it is first asked."""

    def __init__(self, account: str) -> None:
        self._account = account

    @property
    def name(self) -> str:
        """What kind of keyring there is. Raises Misconfigured without one."""
        with _translated():
            import keyring
            from keyring.backends import fail

            if isinstance(found := keyring.get_keyring(), fail.Keyring):
                raise Misconfigured("this machine has no keyring that answers", f"start one, {INSTEAD}")
            return str(found.name)

    def read(self) -> list[str]:
        """Return the keys, none if there are none yet. Raises Misconfigured or Unavailable."""
        with _translated():
            import keyring

            return (keyring.get_password(SERVICE, self._account) or "").split()

    def write(self, lines: list[str]) -> None:
        """Put keys in the place of those there are, and see that they are kept."""
        with _translated():
            import keyring

            keyring.set_password(SERVICE, self._account, " ".join(lines))
        if self.read() != lines:
            raise Misconfigured(f"the keyring ({self.name}) does not keep what it is given", INSTEAD[3:])

    def forget(self) -> None:
        """Remove the keys."""
        with _translated():
            import keyring

            if keyring.get_password(SERVICE, self._account) is not None:
                keyring.delete_password(SERVICE, self._account)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError as error:
        raise Misconfigured(
            "the keyring library is not installed", f"pip install 'halftui[keyring]', {INSTEAD}"
        ) from error
    try:
        yield
    except NoKeyringError as error:
        raise Misconfigured("this machine has no keyring that answers", f"start one, {INSTEAD}") from error
    except (KeyringError, OSError) as error:
        raise Unavailable(
            f"the keyring does not open: {type(error).__name__}", f"unlock it, {INSTEAD}"
        ) from error

"""Seals credentials: Fernet with the row's id inside the sealed value, keys in a 0600 file or a keyring."""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from halftui.errors import Misconfigured, Unavailable
from halftui.store.ring import Ring


class Vault:
    """The keys of one key file or keyring; the first one seals, all of them open.

    With a keyring, keys that are still in the file open as well, until a rotation.
    """

    def __init__(self, file: Path, ring: Ring | None = None) -> None:
        self._file = file
        self._ring = ring

    @property
    def place(self) -> str:
        """Where the keys are. Raises Misconfigured or Unavailable if they can't be there."""
        is_there = self._file.exists()
        if is_there:
            self._file_lines(makes=False)
        if self._ring is None:
            return f"{self._file}, {'for its owner alone' if is_there else 'when needed'}"
        left = f"; older ones are in {self._file} until: halftui secrets rotate" if is_there else ""
        return f"the system's keyring ({self._ring.name}){left}"

    def seal(self, row: str, secret: str) -> str:
        """Return `secret` sealed for the row of that id; makes the key file if there is none."""
        return self._keys(makes=True).encrypt(json.dumps([row, secret]).encode()).decode()

    @contextmanager
    def sealed(self, row: str, secret: str) -> Iterator[str]:
        """Yield `secret` sealed for a row; no rotation runs until it is stored, within the context."""
        if self._ring is not None and not self._ring.read():
            with self._held(fcntl.LOCK_EX):
                self._lines(makes=True)  # by one process alone: a second key would replace the first
        with self._held(fcntl.LOCK_SH):
            yield self.seal(row, secret)

    def open(self, row: str, sealed: str) -> str:
        """Return the secret that was sealed for that row.

        Raises Unavailable if the key is another one or the value belongs to another row.
        """
        try:
            owner, secret = json.loads(self._keys(makes=False).decrypt(sealed.encode()))
        except InvalidToken as error:
            raise Unavailable(
                "a stored credential can't be opened with this key", "register it again"
            ) from error
        if owner != row:
            raise Unavailable("a stored credential belongs to another row", "register it again")
        return str(secret)

    @contextmanager
    def rotating(self, leaves: Ring | None = None) -> Iterator[None]:
        """Seal by a new key from now on, and forget all others when the context ends well.

        Within it all keys open, those of a keyring that is left as well. It waits for what others are
        about to store, and for other rotations.
        """
        with self._held(fcntl.LOCK_EX):
            self.begin_rotation(leaves.read() if leaves else [])
            yield
            self.end_rotation()
            if leaves:
                leaves.forget()

    def begin_rotation(self, more: Sequence[str] = ()) -> None:
        """Put a new key before those there are, and `more` behind; it seals, and all of them open."""
        lines = self._lines(makes=True)
        self._keep([Fernet.generate_key().decode(), *lines, *more])

    def end_rotation(self) -> None:
        """Forget all keys but the first."""
        self._keep(self._lines(makes=False)[:1])
        if self._ring is not None:
            self._file.unlink(missing_ok=True)

    def reseal(self, row: str, sealed: str) -> str:
        """Return a sealed value sealed anew. Raises Unavailable as `open` does."""
        return self.seal(row, self.open(row, sealed))

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Hold a lock on the keys' folder, since the file itself is replaced."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Misconfigured(
                f"the key file {self._file} can't be made: {error.strerror}", "check the folder's permissions"
            ) from error
        try:
            fcntl.flock(folder, how)
            yield
        finally:
            os.close(folder)

    def _keep(self, lines: list[str]) -> None:
        if self._ring is None:
            self._replace(lines)
        else:
            self._ring.write(lines)

    def _replace(self, lines: list[str]) -> None:
        """Write the key file whole, or leave it as it was."""
        fresh = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
                opened.write("".join(f"{line}\n" for line in lines))
                opened.flush()
                os.fsync(opened.fileno())
            fresh.replace(self._file)
            folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Misconfigured(
                f"the key file {self._file} can't be written: {error.strerror}",
                "check the folder's permissions",
            ) from error

    def _keys(self, *, makes: bool) -> MultiFernet:
        return MultiFernet([Fernet(line) for line in self._lines(makes=makes)])

    def _lines(self, *, makes: bool) -> list[str]:
        if self._ring is None:
            return self._file_lines(makes=makes)
        lines = self._ring.read()
        if makes and not lines:
            self._ring.write(lines := [Fernet.generate_key().decode()])
        older = self._file_lines(makes=False) if self._file.exists() else []
        if not (found := [*lines, *older]):
            raise Unavailable("the system's keyring holds no key of this board", "unlock the one that does")
        return _checked(found, f"the system's keyring ({self._ring.name})")

    def _file_lines(self, *, makes: bool) -> list[str]:
        if makes and not self._file.exists():
            self._make()
        try:
            mode, around = self._file.stat().st_mode, self._file.parent.stat().st_mode
            lines = self._file.read_text(encoding="utf-8", errors="replace").split()  # _checked refuses them
        except OSError as error:
            raise Unavailable(
                f"the key file {self._file} can't be read: {error.strerror}", "register the account again"
            ) from error
        if mode & 0o077:
            raise Misconfigured(f"others may read the key file {self._file}", f"chmod 600 {self._file}")
        if around & 0o022 and not around & stat.S_ISVTX:
            raise Misconfigured(
                f"others may replace the key file {self._file}", f"chmod go-w {self._file.parent}"
            )
        return _checked(lines, f"the key file {self._file}")

    def _make(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError as error:
            raise Misconfigured(
                f"the key file {self._file} can't be made: {error.strerror}", "check the folder's permissions"
            ) from error
        with os.fdopen(handle, "wb") as opened:
            opened.write(Fernet.generate_key() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())


def _checked(lines: list[str], place: str) -> list[str]:
    try:
        MultiFernet([Fernet(line) for line in lines])
    except ValueError as error:
        raise Misconfigured(f"{place} holds no key", "restore it, or remove it and register again") from error
    return lines

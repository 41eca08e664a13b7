"""The server's own key: made once, readable by its owner alone."""

import os
import stat
import tempfile
from pathlib import Path

import asyncssh

from halftui.errors import Misconfigured

NAME = "host_ed25519"


def load(folder: Path) -> asyncssh.SSHKey:
    """Return the host key of a folder; it is made if there is none.

    Raises Misconfigured if others may read it, or if it is no key.
    """
    file = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            _make(file)
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise Misconfigured(f"the host key {file} may be read by others", f"run: chmod 600 {file}")
        return asyncssh.read_private_key(file)
    except OSError as error:
        raise Misconfigured(
            f"the host key {file} can't be used: {error.strerror}", "mend the file"
        ) from error
    except asyncssh.KeyImportError as error:
        raise Misconfigured(
            f"the host key {file} is damaged", "remove it; guests will be warned of the new one"
        ) from error


def _make(file: Path) -> None:
    """Write a whole key or none; of two processes that do so at once one wins, and both use its key."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="halftui")
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(key.export_private_key())
            made.flush()
            os.fsync(made.fileno())
        os.link(name, file)
    except FileExistsError:
        pass  # another process was faster
    finally:
        Path(name).unlink()

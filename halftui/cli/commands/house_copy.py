"""`halftui backup`, `restore` and `secrets`: keeping what the database holds."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, group, pass_call
from halftui.domain.text import counted


@command("backup", example="halftui backup ~/halftui-2026-12-24.db")
@click.argument("file")
@pass_call
def backup(call: Call, file: str) -> None:
    """Copy the database into a new file while it is in use; credentials in it stay sealed.

    The key that opens them is not in it: keep ~/.config/halftui/key as well, at another place, or with
    key_store=keyring a copy of the system's keyring.
    """
    size = call.door.safe(call.settings).backup(call.file(file))
    call.say(f"{file} holds {size / 1e6:.1f} MB", {"file": file, "bytes": size})


@command("restore", example="halftui restore ~/halftui-2026-12-24.db")
@click.argument("file")
@pass_call
def restore(call: Call, file: str) -> None:
    """Put a copy in the database's place; the present one is kept beside it."""
    kept = call.door.safe(call.settings).restore(call.file(file))
    said = f"; what was there is in {kept}" if kept else ""
    call.say(f"{file} is restored{said}", {"file": file, "kept": str(kept or "")})


@group("secrets")
def secrets() -> None:
    """See to sealed credentials; none is ever shown."""


@secrets.command("rotate", example="halftui secrets rotate")
@click.option("--from-keyring", is_flag=True, help="Take the old key from the keyring, to leave it.")
@pass_call
def rotate(call: Call, *, from_keyring: bool) -> None:
    """Seal all credentials and keys anew with a new key, and forget the old one.

    The new key goes where key_store says; from the key file into the keyring it moves so by itself.
    """
    count = call.door.safe(call.settings).rotate_secrets(leaves_keyring=from_keyring)
    call.say(f"{counted(count, 'value')} sealed with a new key", {"count": count})

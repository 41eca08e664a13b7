"""`halftui backup` and `restore`: keeping what the database holds."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call


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

"""`halftui identity` and `halftui whoami`: agents by their keys."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, group, pass_call
from halftui.domain.identity import email_of, identicon
from halftui.domain.text import clean_line
from halftui.ops import signers
from halftui.ops.signers import IdentityRow

COLUMNS = ("username", "name", "kind", "runtime", "owner", "fingerprint")
MORE = ("id", "board", "created_at", "retired_at")


@group("identity")
def identity() -> None:
    """Make and show the identities of agents: a username, a key, a picture."""


@identity.command("create", example="halftui identity create --username cedar --name Cedar")
@click.option("--username", required=True, metavar="NAME", help="Small letters, digits and dashes.")
@click.option("--name", default="", metavar="TEXT", help="What people read; by default the username.")
@click.option("--kind", type=click.Choice(["leader", "worker"]), default="leader", show_default=True,
              help="A leader plans and reviews; there is one for each person and runtime.")  # fmt: skip
@click.option("--runtime", default="claude", show_default=True, metavar="NAME", help="The program it is.")
@pass_call
def create(call: Call, username: str, name: str, kind: str, runtime: str) -> None:
    """Make an agent of your own with a key; the same call again finds the same agent."""
    from halftui.ops import identities

    made = call.service.write(identities.create, call.board.id, username, name, kind, runtime)
    file = call.door.safe(call.settings).keep_key(made)
    found = call.service.read(signers.by_id, made)
    call.say(f"{found.username} is a {found.kind} with the key {found.fingerprint}", _shown(found, file))


@identity.command("list", example="halftui identity list -o wide")
@click.option("--all", "with_retired", is_flag=True, help="Those who were sent home, too.")
@pass_call
def list_identities(call: Call, *, with_retired: bool) -> None:
    """List agents by their keys, leaders first."""
    call.list(call.service.read(signers.identities, with_retired=with_retired), COLUMNS, MORE)


@identity.command("show", example="halftui identity show cedar")
@click.argument("name")
@pass_call
def show(call: Call, name: str) -> None:
    """Show an agent's key and its picture."""
    _show(call, call.service.read(signers.identity, name))


@identity.command("rotate", example="halftui identity rotate cedar")
@click.argument("name")
@pass_call
def rotate(call: Call, name: str) -> None:
    """Give an agent a new key; what it signed before stays valid."""
    ident = call.service.read(signers.identity, name).id
    safe = call.door.safe(call.settings)
    mark = safe.rotate_key(ident)
    found = call.service.read(signers.by_id, ident)
    call.say(f"{found.username} has the key {mark}", _shown(found, safe.keep_key(ident)))


@identity.command("retire", example="halftui identity retire cedar")
@click.argument("name")
@pass_call
def retire(call: Call, name: str) -> None:
    """Send an agent home; its names are free again, and what it signed stays valid."""
    from halftui.ops import agents

    found = call.service.read(signers.identity, name)
    call.service.write(agents.retire, found.id)
    call.say(f"{found.name} is retired", call.service.read(signers.by_id, found.id))


@identity.command("signers", example="halftui identity signers > allowed_signers")
@pass_call
def allowed_signers(call: Call) -> None:
    """Print the file that git's `gpg.ssh.allowedSignersFile` names, to verify agents' commits with."""
    text = call.service.read(signers.allowed_signers)
    call.say(text.rstrip("\n"), [clean_line(line) for line in text.splitlines()])


@command("whoami", example="halftui whoami")
@pass_call
def whoami(call: Call) -> None:
    """Say as whom commands are run here: a person, or an agent and its key."""
    actor = call.service.actor
    if actor.kind != "agent":
        call.show({"actor": str(actor), "name": actor.name, "role": actor.role.value})
        return
    file = (
        call.door.safe(call.settings).keep_key(actor.name) if call.door.has_files else None
    )  # which makes the key if there is none
    found = call.service.read(signers.by_id, actor.name)
    who = {"actor": str(actor), "role": actor.role.value}
    _show(call, found, who, file)


def _show(
    call: Call, found: IdentityRow, who: Mapping[str, str] = MappingProxyType({}), file: Path | None = None
) -> None:
    shown = {**who, **_shown(found, file)}
    if call.is_for_machines:
        call.show(shown)
        return
    if found.public:
        call.write(_drawn(call, found.public) + "\n")
    call.show({k: v for k, v in shown.items() if k not in ("public", "identicon")})


def _shown(found: IdentityRow, file: Path | None) -> dict[str, Any]:
    email = email_of(found.username) if found.username else ""
    shown = {**found._asdict(), "email": email, "key_file": str(file) if file else ""}
    if found.public:
        picture = identicon(found.public)
        cells = ["".join("#" if cell else "." for cell in row) for row in picture.rows]
        shown["identicon"] = {"colour": "#{:02x}{:02x}{:02x}".format(*picture.colour), "rows": cells}
    return shown


def _drawn(call: Call, public: str) -> str:
    picture = identicon(public)
    if not call.has_colours:
        return "\n".join(picture.lines())
    on = "\x1b[38;2;{};{};{}m".format(*picture.colour)
    return "\n".join(f"{on}{line}\x1b[0m" for line in picture.lines())

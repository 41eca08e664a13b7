"""Who runs this process: a person, or an agent that a person owns."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from halftui import ops
from halftui.domain.actor import ENGINE, Actor, Role, person
from halftui.domain.actor import agent as agent_actor
from halftui.errors import Denied, NotFound

if TYPE_CHECKING:
    from halftui.ops.signers import IdentityRow
    from halftui.store.store import Store

AGENT = "HALFTUI_AGENT"  # the username as which a command is run; set and empty: the person
TOKEN, BOARD = "HALFTUI_TOKEN", "HALFTUI_BOARD"  # an attempt's proof, and the board it is for
PROGRAMS = {"CLAUDECODE": "claude", "CODEX_SANDBOX": "codex", "GEMINI_CLI": "gemini"}  # their marks


def login(env: Mapping[str, str]) -> str:
    """Return the name of the person at this machine."""
    if named := env.get("HALFTUI_USER"):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name
        return f"uid{os.getuid()}"


def actor_of(store: Store, env: Mapping[str, str]) -> Actor:
    """Return who runs this process.

    That is the agent whose token HALFTUI_TOKEN is, else the one named by HALFTUI_AGENT, else the
    person's leader for the program that runs the command, else the person. Raises Denied if the token
    is not accepted, or if the named agent is somebody else's.
    """
    if token := env.get(TOKEN):
        return _proven(store, token, env.get(BOARD, ""))
    owner = login(env)
    found = _agent(store, owner, env)
    if found is None:
        return person(owner)
    return agent_actor(found.id, Role.LEADER if found.kind == "leader" else Role.WORKER)


def _proven(store: Store, token: str, board: str) -> Actor:
    return store.write(ENGINE, ops.tokens.accept, token, board)


def _agent(store: Store, owner: str, env: Mapping[str, str]) -> IdentityRow | None:
    if AGENT in env:
        return _named(store, owner, env[AGENT]) if env[AGENT] else None
    runtime = next((name for mark, name in PROGRAMS.items() if env.get(mark)), "")
    return store.read(ops.signers.leader, owner, runtime) if runtime and store.revision() else None


def _named(store: Store, owner: str, username: str) -> IdentityRow:
    try:
        found = store.read(ops.signers.identity, username)
    except NotFound as error:
        raise Denied(f"{AGENT} names {username}, who is no agent here", "halftui identity list") from error
    if found.owner != owner:
        raise Denied(f"the agent {username} is not {owner}'s", f"unset {AGENT}, or name your own agent")
    return found

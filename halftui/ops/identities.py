"""What may be done to an identity: an agent's name for commits and calls, and its key."""

import uuid

from halftui.domain import identity
from halftui.domain.actor import Role
from halftui.domain.names import slug
from halftui.domain.text import clean_line
from halftui.errors import Denied, Misconfigured, Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Agent, Board
from halftui.store.rows.trust import SigningKey
from halftui.store.store import Rows
from halftui.store.tx import Tx

KINDS = ("leader", "worker")
_HOUSE = "house"  # the subject of the key that signs the history
LONGEST_NAME = 40


@verb("identity.create")
def create(
    tx: Tx, board_id: str, username: str, name: str = "", kind: str = "leader", runtime: str = "claude"
) -> str:
    """Make an agent of the actor's own with that username and return its id.

    The same call again returns the same agent. Raises Refused if somebody has the name, or if the
    person has another leader for that runtime.
    """
    if kind not in KINDS:
        raise Misconfigured(f"an identity can't be of kind {kind}", f"it is one of {', '.join(KINDS)}")
    board, owner = tx.get(Board, board_id), tx.actor.name
    username, runtime = identity.checked_username(username), _checked_runtime(runtime)
    shown = _checked_name(name or username.capitalize())
    if same := _same(tx, username, owner, kind, runtime):
        return same
    if tx.rows("SELECT 1 FROM person WHERE name = :n", n=username):
        raise Refused(f"{username} is a person", "choose another username")
    _refuse_second_leader(tx, owner, kind, runtime)
    if tx.rows(
        "SELECT 1 FROM agent WHERE board_id = :b AND name = :n AND retired_at IS NULL", b=board.id, n=shown
    ):
        raise Refused(f"{board.name} has an agent named {shown} already", "choose another with --name")
    agent = tx.add(
        Agent(
            id=str(uuid.uuid4()), board_id=board.id, name=shown, kind=kind, runtime=runtime,
            username=username, owner=owner, created_at=tx.now,
        )
    )  # fmt: skip
    tx.record(
        "identity.create", agent.id, board.id, username=username, name=shown, kind=kind, runtime=runtime
    )
    return agent.id


@verb("identity.enroll")
def enroll(tx: Tx, subject: str, public: str, sealed: str) -> None:
    """Give a key to an agent (`agent:<id>`) or to the database (`house`) that has none yet."""
    if tx.rows("SELECT 1 FROM signing_key WHERE subject = :s AND retired_at IS NULL", s=subject):
        return
    board = _name_worker(tx, subject.removeprefix("agent:")) if subject != _HOUSE else ""
    _add_key(tx, "identity.enroll", subject, public, sealed, board)


@verb("identity.rotate")
def rotate(tx: Tx, agent_id: str, public: str, sealed: str) -> None:
    """Replace an agent's key; the old one stays known, so that old commits can be verified.

    Raises Denied unless it is the actor's own agent or the actor is a maintainer.
    """
    agent = tx.get(Agent, agent_id)
    if tx.actor.role is Role.OPERATOR and agent.owner != tx.actor.name:
        raise Denied(f"{agent.name} is not {tx.actor}'s", "its owner or a maintainer may do that")
    if agent.retired_at is not None:
        raise Refused(f"{agent.name} is retired", "make a new identity: halftui identity create")
    _name_worker(tx, agent_id)
    tx.change(
        "UPDATE signing_key SET retired_at = :n, sealed = '' WHERE subject = :s AND retired_at IS NULL",
        n=tx.now,
        s=f"agent:{agent_id}",
    )
    _add_key(tx, "identity.rotate", f"agent:{agent_id}", public, sealed, agent.board_id)


def _add_key(tx: Tx, done: str, subject: str, public: str, sealed: str, board: str) -> None:
    mark = identity.fingerprint(public)
    tx.add(SigningKey(fingerprint=mark, subject=subject, public=public, sealed=sealed, created_at=tx.now))
    tx.record(done, subject.removeprefix("agent:"), board, fingerprint=mark)


def _name_worker(tx: Tx, agent_id: str) -> str:
    """Give an agent of the board its username, made from its name; return its board."""
    agent = tx.get(Agent, agent_id)
    if not agent.username:
        stem = slug(agent.name, "agent").lstrip("0123456789-")[:30] or "agent"
        taken = {
            str(r[0]) for r in tx.rows("SELECT username FROM agent WHERE username LIKE :s", s=stem + "%")
        }
        numbers = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
        agent.username = next(name for name in numbers if name not in taken)
        tx.add(agent)
    return agent.board_id


def _same(rows: Rows, username: str, owner: str, kind: str, runtime: str) -> str:
    found = rows.rows(
        "SELECT id, owner, kind, runtime FROM agent WHERE username = :u AND retired_at IS NULL", u=username
    )
    if not found:
        return ""
    if tuple(found[0][1:]) != (owner, kind, runtime):
        raise Refused(f"there is another agent with the username {username}", "choose another username")
    return str(found[0][0])


def _refuse_second_leader(rows: Rows, owner: str, kind: str, runtime: str) -> None:
    found = rows.rows(
        "SELECT username FROM agent WHERE owner = :o AND runtime = :r AND kind = 'leader'"
        " AND retired_at IS NULL",
        o=owner,
        r=runtime,
    )
    if kind == "leader" and found:
        raise Refused(
            f"{owner} has the leader {found[0][0]} for {runtime} already",
            f"use it, or retire it: halftui identity retire {found[0][0]}",
        )


def _checked_name(text: str) -> str:
    name = clean_line(text)
    if not name or len(name) > LONGEST_NAME or set(name) & set('<>"\\'):
        raise Misconfigured(f"an agent can't be named {name[:60]!r}", "it is 1 to 40 characters, without <>")
    return name


def _checked_runtime(text: str) -> str:
    if not (text.isascii() and text.replace("-", "").isalnum() and len(text) <= LONGEST_NAME):
        raise Misconfigured(f"{text[:60]!r} is no runtime", "it is a program's name, as in claude or codex")
    return text.lower()

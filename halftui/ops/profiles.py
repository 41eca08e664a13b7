"""What may be done to agents' profiles, and which one a bead's agent has."""

from typing import NamedTuple

from halftui.domain import profile as rules
from halftui.domain.profile import NOBODY, Profile
from halftui.errors import NotFound
from halftui.ops.access import verb
from halftui.store.rows.crew import ProfileVersion
from halftui.store.rows.tables import Agent, Attempt, Bead, Board, Budget
from halftui.store.store import Rows
from halftui.store.tx import Tx


class ProfileRow(NamedTuple):
    """A profile in its newest version."""

    name: str
    version: int
    role: str
    runtime: str
    model: str
    tools: tuple[str, ...]
    agents: int  # living ones that have it
    made_by: str
    made_at: float


class Worn(NamedTuple):
    """A profile in one version, as an agent has it; without a name it is none."""

    name: str = ""
    version: int = 0
    profile: Profile = NOBODY

    @property
    def label(self) -> str:
        """Return name and version in a word, "" for none."""
        return f"{self.name}@{self.version}" if self.name else ""


@verb("profile.apply")
def apply(tx: Tx, board_id: str, name: str, profile: Profile) -> int:
    """Make a profile, or a new version of it if it differs; return the version in use."""
    board, name = tx.get(Board, board_id), rules.check_name(name)
    spec = rules.dumped(profile)
    newest = _rows(tx, board_id, name)
    if newest and newest[-1][1] == spec:
        return newest[-1][0]
    version = newest[-1][0] + 1 if newest else 1
    tx.add(
        ProfileVersion(
            board_id=board.id, name=name, version=version, spec=spec, made_by=str(tx.actor), made_at=tx.now
        )
    )  # fmt: skip
    tx.record("profile.apply", name, board_id, version=version, role=profile.role)
    return version


def wear(tx: Tx, row: Bead | Board) -> None:
    """Give a bead or a board what its profile brings along. Raises NotFound if there is no such profile."""
    if row.profile:
        board = row.board_id if isinstance(row, Bead) else row.id
        row.runtime = version(tx, board, row.profile).profile.runtime or row.runtime


def of_bead(rows: Rows, bead_id: str) -> Worn:
    """Return the profile that a bead's next agent has: its own, else the board's."""
    found = rows.rows(
        "SELECT b.board_id, CASE b.profile WHEN '' THEN o.profile ELSE b.profile END FROM bead b"
        " JOIN board o ON o.id = b.board_id WHERE b.id = :i",
        i=bead_id,
    )
    board, name = found[0]
    return version(rows, str(board), str(name)) if name else Worn()


def of_attempt(rows: Rows, board_id: str, label: str) -> Worn:
    """Return the profile that an attempt was started with, from its label."""
    name, _, number = label.partition("@")
    return version(rows, board_id, name, int(number)) if name else Worn()


def version(rows: Rows, board_id: str, name: str, number: int = 0) -> Worn:
    """Return a profile in a version, the newest if none is named. Raises NotFound."""
    found = [(n, spec) for n, spec in _rows(rows, board_id, name) if not number or n == number]
    if not found:
        which = f"{name} version {number}" if number else name
        raise NotFound(f"there is no profile {which[:60]}", "halftui profile list shows them")
    return Worn(name, found[-1][0], rules.loaded(found[-1][1]))


def listed(rows: Rows, board_id: str) -> tuple[ProfileRow, ...]:
    """Return the profiles of a board in their newest version, by name."""
    found = rows.rows(
        "SELECT p.name, p.version, p.spec, p.made_by, p.made_at, (SELECT count(*) FROM agent a"
        " WHERE a.board_id = p.board_id AND a.profile = p.name AND a.retired_at IS NULL)"
        " FROM profileversion p WHERE p.board_id = :b AND p.version = (SELECT max(q.version)"
        " FROM profileversion q WHERE q.board_id = p.board_id AND q.name = p.name) ORDER BY p.name",
        b=board_id,
    )
    shown = [(r, rules.loaded(r[2])) for r in found]
    return tuple(
        ProfileRow(r[0], r[1], p.role, p.runtime, p.model, p.tools, r[5], r[3], r[4]) for r, p in shown
    )


def of_agent(rows: Rows, agent_id: str) -> tuple[Worn, Worn]:
    """Return the profile that an agent had when it worked last, and the newest of that name."""
    board, name, number = rows.rows(
        "SELECT board_id, profile, profile_version FROM agent WHERE id = :i", i=agent_id
    )[0]
    if not name:
        return Worn(), Worn()
    return version(rows, board, name, number), version(rows, board, name)


def dress(tx: Tx, agent: Agent, attempt: Attempt, worn: Worn) -> None:
    """Write down with which profile an agent starts, and what it may use by it."""
    agent.profile, agent.profile_version, attempt.profile = worn.name, worn.version, worn.label
    tx.add(agent)
    for measure, most in worn.profile.limits.items():
        tx.add(Budget(scope="attempt", subject=attempt.id, measure=measure, most=most))


def undress(tx: Tx, attempt: str) -> None:
    """Forget the limits of an attempt that ended."""
    tx.run("DELETE FROM budget WHERE scope = 'attempt' AND subject = :a", a=attempt)


def _rows(rows: Rows, board_id: str, name: str) -> list[tuple[int, str]]:
    found = rows.rows(
        "SELECT version, spec FROM profileversion WHERE board_id = :b AND name = :n ORDER BY version",
        b=board_id,
        n=name,
    )
    return [(int(number), str(spec)) for number, spec in found]

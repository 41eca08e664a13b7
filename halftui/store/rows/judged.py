"""The rows of `store.judged`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row


class Trial(Row, table="trial"):
    """A run of a board's checks on one tree."""

    id: str
    board_id: str
    target: str
    tree: str
    checks: str
    beads: str = "[]"
    state: str = "running"
    step: int = 0
    code: int | None = None
    output: str = ""
    started_at: float
    ended_at: float | None = None


class Merge(Row, table="merge", key=("seq",)):
    """Accepted work on its way to the target, in the order of `seq`."""

    seq: int | None = None
    board_id: str
    bead_id: str
    target: str
    tip: str
    state: str = "waiting"
    asked_by: str
    asked_at: float
    ended_at: float | None = None
    reason: str = ""


class Outbox(Row, table="outbox", key=("seq",)):
    """Something to be done outside of the database: repeated until it is acknowledged."""

    seq: int | None = None
    board_id: str
    bead_id: str
    act: str
    tip: str
    state: str = "waiting"
    tries: int = 0
    due_at: float
    answer: str = ""
    made_at: float


class Turn(Row, table="turn", key=("name",)):
    """What one engine alone does, of all that work on this database."""

    name: str
    holder: str
    until: float

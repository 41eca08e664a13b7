"""Who may not judge a piece of work: whoever made it."""

from halftui.domain.actor import Role
from halftui.errors import Denied
from halftui.store.rows.tables import Bead
from halftui.store.store import Rows
from halftui.store.tx import Tx

_JUDGES = "SELECT count(*) FROM person WHERE role IN ('maintainer', 'admin') AND name <> :n"


def refuse_own_work(tx: Tx, row: Bead, *, own: bool) -> bool:
    """Return True if the actor made the work and may accept it nevertheless, False if others made it.

    That takes `own`, said by a person who is an admin or has no colleague to ask, and work made by
    hand. Raises Denied otherwise; agents never may.
    """
    if tx.actor.kind == "agent":
        if _has_tried(tx, row.id, tx.actor.name):
            raise Denied("nobody accepts their own work", "somebody else has to look at it")
        return False
    if tx.actor.kind != "person" or str(tx.actor) not in (row.assignee, _handed_in_by(tx, row.id)):
        return False
    if tx.actor.role is not Role.ADMIN and tx.rows(_JUDGES, n=tx.actor.name)[0][0]:
        raise Denied("nobody accepts their own work", "somebody else has to look at it")
    if not own:
        raise Denied(
            "nobody accepts their own work unasked", f"if you have looked at it: bead approve {row.id} --own"
        )
    return True


def _handed_in_by(rows: Rows, bead: str) -> str:
    """Return who handed work in last, by the history: whose a bead is can be changed by an import."""
    sql = "SELECT actor FROM event WHERE subject = :b AND verb = 'bead.submit' ORDER BY seq DESC LIMIT 1"
    found = rows.rows(sql, b=bead)
    return str(found[0][0]) if found else ""


def _has_tried(rows: Rows, bead: str, agent: str) -> bool:
    return bool(rows.rows("SELECT 1 FROM attempt WHERE bead_id = :b AND agent_id = :a", b=bead, a=agent))

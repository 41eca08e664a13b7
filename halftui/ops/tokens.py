"""What may be done with an attempt's token: it is accepted once, while its attempt lives."""

from halftui.domain import tokens
from halftui.domain.actor import Actor, Role, agent
from halftui.domain.tokens import Claims, TokenRefused
from halftui.ops import signers
from halftui.ops.access import verb
from halftui.ops.scope import LIVE
from halftui.store.rows.trust import SpentToken
from halftui.store.store import Rows
from halftui.store.tx import Tx

_PROVED = f"""
SELECT g.kind FROM attempt t JOIN agent g ON g.id = t.agent_id JOIN bead b ON b.id = t.bead_id
WHERE t.id = :sub AND t.agent_id = :aid AND t.board_id = :board AND t.epoch = :epoch AND {LIVE}
"""


@verb("token.accept")
def accept(tx: Tx, token: str, board: str) -> Actor:
    """Return the agent that a token proves, and spend the token. Raises TokenRefused."""
    named, kid = tokens.peek(token)
    key = signers.key_of(tx, f"agent:{named}")
    if key is None or key.fingerprint != kid:
        raise TokenRefused("not the agent's current key")
    claims = tokens.verify(token, key.public, board, tx.now)
    kind = _kind_of_live(tx, claims)
    tx.change("DELETE FROM spent_token WHERE expires_at <= :n", n=tx.now)
    if tx.find(SpentToken, claims.jti) is not None:
        raise TokenRefused("it was used before")
    tx.add(SpentToken(jti=claims.jti, expires_at=claims.expires_at))
    return agent(claims.agent, Role.LEADER if kind == "leader" else Role.WORKER)


def live(rows: Rows, attempt: str) -> tuple[str, str, int]:
    """Return agent, board and epoch of a live attempt. Raises TokenRefused if it is over."""
    found = rows.rows(
        "SELECT agent_id, board_id, epoch FROM attempt WHERE id = :i AND state <> 'ended'", i=attempt
    )
    if not found:
        raise TokenRefused("the attempt is over")
    return str(found[0][0]), str(found[0][1]), int(found[0][2])


def _kind_of_live(rows: Rows, claims: Claims) -> str:
    found = rows.rows(
        _PROVED, sub=claims.attempt, aid=claims.agent, board=claims.board, epoch=claims.epoch
    )  # fmt: skip
    if not found:
        raise TokenRefused("its attempt is over, or another one")
    return str(found[0][0])

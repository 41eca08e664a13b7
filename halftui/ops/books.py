"""The books of a board: accounts, what was used of them, and budgets, in one reading; plain SQL."""

from __future__ import annotations

from typing import NamedTuple

from halftui.domain.shown import BudgetRow, SubscriptionRow, UsageRow
from halftui.errors import Unavailable
from halftui.ops import accounts, listings, spending
from halftui.store.store import Rows

PLATFORM = "platform"  # the credential of the surroundings, where no account is registered


class Books(NamedTuple):
    """What was used and what is left."""

    accounts: tuple[SubscriptionRow, ...] = ()
    day: tuple[UsageRow, ...] = ()  # by account, today
    week: tuple[UsageRow, ...] = ()  # by account, in seven days
    budgets: tuple[BudgetRow, ...] = ()
    next: str = ""  # the account of the next agent, "" if there is none
    why: str = ""  # why there is none


def books(rows: Rows, board_id: str) -> Books:
    """Return the books of a board, today as UTC has it."""
    try:
        runtime = str(rows.rows("SELECT runtime FROM board WHERE id = :b", b=board_id)[0][0])
        asking = runtime if runtime in accounts.NEEDS_ACCOUNT else "claude"
        ident, why = accounts.choose(rows, asking), ""
        found = rows.rows("SELECT name FROM subscription WHERE id = :i", i=ident) if ident else []
        following = str(found[0][0]) if found else PLATFORM
    except Unavailable as error:
        following, why = "", error.message
    return Books(
        listings.subscriptions(rows),
        spending.usage(rows, "subscription", board_id, 1),
        spending.usage(rows, "subscription", board_id, 7),
        spending.budgets(rows),
        following,
        why,
    )

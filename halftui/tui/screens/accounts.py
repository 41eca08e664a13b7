"""The accounts: who pays, what was used, what is left, and which one the next agent uses."""

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from halftui.domain.shown import BudgetRow, SubscriptionRow
from halftui.ops import books
from halftui.ops.books import PLATFORM, Books
from halftui.tui import plots, tables
from halftui.tui.draw import age, amount, money
from halftui.tui.keys import AGENTS, Action, bindings
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.page import Told, prose
from halftui.tui.screens.place import Place
from halftui.tui.tables import Column, Line

BAR = 10
SCOPES = {"subscription": "account"}  # as they are called here
COLUMNS = (
    Column("", 1, rank=0), Column("account", 18, "strong", 0), Column("kind", 10, "muted", 6),
    Column("agents", 7, "text", 2, is_right=True), Column("today", 8, "money", 1, is_right=True),
    Column("7 days", 8, "money", 4, is_right=True), Column("tokens today", 12, "muted", 5, is_right=True),
    Column("state", 0, "text", 0),
)  # fmt: skip
BUDGETS = (
    Column("budget of", 26, "text", 0), Column("most", 12, "text", 1, is_right=True),
    Column("used", 12, "text", 1, is_right=True), Column("", BAR, "fill", 2), Column("", 0, "muted", 9),
)  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    Action("account.more", "plus", "more agents", "Let one more agent use it", "accounts", 2, AGENTS),
    Action("account.less", "minus", "less", "Let one agent less use it; 0 is any", "accounts", 2, AGENTS),
    Action("account.add", "n", "add", "How an account is added", "accounts", 1, AGENTS),
    Action("account.remove", "x", "remove", "Forget it and its token (asks first)", "accounts", 4, AGENTS),
    Action("account.leave", "escape", "back", "Back to the board", "accounts", 1, AGENTS),
)  # fmt: skip


class AccountsScreen(Place):
    """Who pays, how much is left, what happens at the limit."""

    PLACE, NAME, ACTIONS = "accounts", "Accounts", ACTIONS
    ALONE = frozenset({"account.add", "account.leave"})
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("accounts", ACTIONS))

    def __init__(self) -> None:
        super().__init__()
        self._books = Books()

    @property
    def is_empty(self) -> bool:
        """Whether there is no account."""
        return not self._books.accounts

    async def _fetch(self) -> None:
        self._books = await self.half.ask(self.half.service.read, books.books, self.half.board)

    def _present(self) -> None:
        is_known = self._books.next and not (self.is_empty and self.half.hindrance)
        following = f"next agent → {self._books.next}" if is_known else ""
        self.tell(self._told, "Accounts: the next agent goes to the least used", following)

    def _told(self, width: int) -> list[Told]:
        found, now = self._books, self.half.clock()
        day, week = {u.what: u for u in found.day}, {u.what: u for u in found.week}
        lines = []
        for row in found.accounts:
            sign, state = _state(row, now)
            used, before = day.get(row.name), week.get(row.name)
            lines.append(Line([
                sign, row.name, row.kind, f"{row.live}/{row.cap or '∞'}",
                money(used.cost_usd) if used else "", money(before.cost_usd) if before else "",
                amount(used.tokens_in + used.tokens_out) if used else "", state,
            ], row.name))  # fmt: skip
        if (used := day.get("")) or not lines:
            before = week.get("")
            lines.append(Line([
                ("·", "muted"), PLATFORM, "env", "", money(used.cost_usd) if used else "",
                money(before.cost_usd) if before else "",
                amount(used.tokens_in + used.tokens_out) if used else "",
                ("environment", "muted"),
            ]))  # fmt: skip
        rows = tables.told(COLUMNS, lines, width)
        for row in (one for one in found.accounts if one.parked):
            renews = f"halftui subscription register {row.name} renews it"
            rows += [Told(), *prose(f"{row.name}: {row.parked} · {renews}", width, "failed")]
        hindrance = self.half.hindrance if self.is_empty else None
        if why := found.why or (f"{hindrance.message}: {hindrance.hint}" if hindrance else ""):
            rows += [Told(), *prose(why, width, "failed")]
        return [*rows, Told(), *self._budgets(width)]

    def _budgets(self, width: int) -> list[Told]:
        if not self._books.budgets:
            said = "no budget; :budget set day usd=10 starts no more at 10 USD a day"
            return prose(said, width, "muted")
        return tables.told(BUDGETS, [_budget(row) for row in self._books.budgets], width)

    # Keys

    @property
    def _account(self) -> SubscriptionRow | None:
        return next((a for a in self._books.accounts if a.name == self.page.opens), None)

    def copies(self) -> list[tuple[str, str]]:
        """Return what can be copied of the account."""
        return [("name", self._account.name)] if self._account else []

    def action_account_more(self) -> None:
        """One more at once."""
        self._cap(1)

    def action_account_less(self) -> None:
        """One less at once."""
        self._cap(-1)

    @work(group="verbs")
    async def _cap(self, by: int) -> None:
        from halftui.ops import subscriptions

        if (found := self._account) is not None and await self.half.did(
            subscriptions.edit, found.name, max(found.cap + by, 0)
        ):
            self.read()

    def action_account_add(self) -> None:
        """Say how one is added: a secret is typed into no screen that others may watch."""
        self.half.say("in a shell: halftui subscription register NAME, it asks for the token", "an account")

    @work(group="verbs")
    async def action_account_remove(self) -> None:
        """Forget it after asking."""
        from halftui.ops import subscriptions

        if (found := self._account) is None:
            return
        loss = "Its token is erased; agents that use it go on with another."
        if await self.app.push_screen_wait(Confirm(f"Remove the account {found.name}?", loss, "Remove")):
            await self.half.tell(subscriptions.remove, found.name)
            self.read()

    def action_account_leave(self) -> None:
        """Go back."""
        self.dismiss()


def _state(row: SubscriptionRow, now: float) -> tuple[tuple[str, str], tuple[str, str]]:
    if row.parked:
        return ("✗", "failed"), ("parked", "failed")
    if not row.has_token:
        return ("✗", "failed"), ("no token: halftui subscription register", "failed")
    if row.cooling_until is not None and row.cooling_until > now:
        return ("‖", "asking"), (f"rests for {age(row.cooling_until - now)}", "asking")
    sign = ("▶", "working") if row.live else ("○", "ready")
    return sign, (row.headroom or "ready", "text")


def _budget(row: BudgetRow) -> Line:
    scope = SCOPES.get(row.scope, row.scope)
    whose = f"{scope} {row.name}" if row.subject else f"each {scope}"
    if row.used is None:
        return Line([whose, _amount(row.measure, row.most), "", "", ""])
    share = row.used / row.most if row.most else 1.0
    ink = "failed" if share >= 1 else "asking" if share >= 0.8 else "fill"
    used = (_amount(row.measure, row.used), ink)
    return Line([whose, _amount(row.measure, row.most), used, (plots.bar(share, BAR), ink), f"{share:.0%}"])


def _amount(measure: str, value: float) -> str:
    return money(value) if measure == "usd" else f"{amount(round(value))} {measure}"

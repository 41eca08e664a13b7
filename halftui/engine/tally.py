"""What an attempt runs up: as its program tells it, and what went through the proxy beside that."""

from dataclasses import replace

from halftui.domain.happenings import Metered
from halftui.ops.transcripts import Standing

MOST = 2**31 - 1  # tokens and turns of one attempt: what every database has room for
MOST_USD = 1e9
UNTOLD_USD = (15e-6, 75e-6)  # a token in and out that nobody priced: no model's list price was higher in 2025


class Tally:
    """Sums up an attempt's use, at least what its provider answered.

    An agent may ask the provider past its own program, which then does not tell of it; and it may have its
    program tell any number at all.
    """

    def __init__(self, before: Standing) -> None:
        self.standing = before  # as told, everything of it
        self._before = self._booked = before
        self._passed = Metered()
        self._late = Metered()  # of what passed, that which the program had the time to tell

    def tell(self, used: Metered) -> None:
        """Add what the program tells of; with a price it has told everything up to now."""
        self.standing = self._more(used.tokens_in, used.tokens_out, used.cost_usd, used.turns)
        if used.cost_usd:
            self.close()

    def hear(self, end: int) -> None:
        """Note that the program's output is told up to that byte."""
        self.standing = replace(self.standing, heard=end)

    def see(self, used: Metered) -> Metered:
        """Add what the provider answered; return what passed in all."""
        tokens = (self._passed.tokens_in + used.tokens_in, self._passed.tokens_out + used.tokens_out)
        self._passed = Metered(*tokens)
        return self._passed

    def expect(self, passed: Metered) -> None:
        """Count what had passed some time ago, whether the program tells of it or not."""
        self._late = passed

    def close(self) -> bool:
        """Add what passed and was not told, at the price of what was, else at the dearest; True if any."""
        more_in, more_out = self._beyond(self._passed)
        told, told_usd = sum(self._since()), self.standing.cost_usd - self._before.cost_usd
        if told and told_usd:
            usd = told_usd / told * (more_in + more_out)
        else:
            usd = more_in * UNTOLD_USD[0] + more_out * UNTOLD_USD[1]
        self.standing = self._more(more_in, more_out, usd)
        return bool(more_in or more_out)

    def owed(self) -> Standing:
        """Return how the attempt stands, with what its program should have told by now."""
        return self._more(*self._beyond(self._late), 0.0)

    def book(self) -> Standing:
        """Return the same, to be written down."""
        self._booked = self.owed()
        return self._booked

    def unbooked(self) -> int:
        """Return the tokens that were used since the last time that it was written down."""
        now = self._more(*self._beyond(self._passed), 0.0)
        return now.tokens_in + now.tokens_out - self._booked.tokens_in - self._booked.tokens_out

    def _since(self) -> tuple[int, int]:
        now, before = self.standing, self._before
        return now.tokens_in - before.tokens_in, now.tokens_out - before.tokens_out

    def _beyond(self, passed: Metered) -> tuple[int, int]:
        told_in, told_out = self._since()
        return max(0, passed.tokens_in - told_in), max(0, passed.tokens_out - told_out)

    def _more(self, tokens_in: int, tokens_out: int, usd: float, turns: int = 0) -> Standing:
        now = self.standing
        return replace(
            now,
            tokens_in=min(MOST, now.tokens_in + max(0, tokens_in)),
            tokens_out=min(MOST, now.tokens_out + max(0, tokens_out)),
            cost_usd=min(MOST_USD, now.cost_usd + max(0.0, usd)),  # in this order, so that NaN is nothing
            turns=min(MOST, now.turns + max(0, turns)),
        )

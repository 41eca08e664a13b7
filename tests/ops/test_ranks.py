"""The order of beads holds through any number of moves to one place."""

import pytest

from halftui.domain import rank
from halftui.ops import beads, ranks
from halftui.store.store import Store
from halftui.store.tx import Tx
from tests.helpers.stores import ANN

ALL = "SELECT id, rank FROM bead WHERE board_id = :b ORDER BY rank, id"


@pytest.mark.parametrize("near", [6, 1_000])
def test_keys_that_grew_long_are_made_anew_around_their_place(
    store: Store, board: str, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    """All others keep theirs: a board of thousands is not written anew under everybody's lock."""
    monkeypatch.setattr(ranks, "NEAR", near)
    made = [store.write(ANN, beads.create, board, f"Bead {n}") for n in range(20)]
    first = dict(store.read(lambda rows: rows.rows(ALL, b=board)))
    before, order = made[9], [*made[:10], *made[12:]]

    def shuffle(tx: Tx) -> int:
        longest = 0
        for number in range(400):
            ranks.between(
                tx, made[10 + number % 2], before, made[12] if number < 1 else made[11 - number % 2]
            )
            longest = max(longest, *(len(key) for _, key in tx.rows(ALL, b=board)))
        return longest

    assert store.write(ANN, shuffle) <= rank.LONGEST
    now = store.read(lambda rows: rows.rows(ALL, b=board))
    assert [one for one, _ in now if one not in made[10:12]] == order
    kept = [one for one, key in now if first[one] == key]
    assert len(kept) >= 10

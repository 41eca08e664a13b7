"""The rows of `store.crew`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row


class ProfileVersion(Row, table="profileversion", key=("board_id", "name", "version")):
    """One version of a profile of a board; the highest number is the one in use."""

    board_id: str
    name: str
    version: int
    spec: str
    made_by: str
    made_at: float

"""Databases of earlier versions are brought forward with what they hold."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from halftui.domain import graph
from halftui.domain.actor import person
from halftui.domain.states import BeadState
from halftui.ops import beads, edges
from halftui.store.schema import config
from halftui.store.store import HEAD, Store

FIRST = """
INSERT INTO board VALUES
  ('b', 'b', '/srv/b', 'main', 'b', 'auto', 'person', 'claude', 'auto', '', '', 4, 0, 0, 1);
INSERT INTO edge VALUES
  ('parent', 'open', 'blocks', 'release', 'all-children', '', 0),
  ('child', 'parent', 'parent-child', 'release', 'all-children', '', 0),
  ('grandchild', 'child', 'parent-child', 'release', 'all-children', '', 0),
  ('grandchild', 'open', 'blocks', 'release', 'all-children', '', 0);
"""
BEAD = (
    "INSERT INTO bead (id, board_id, title, description, acceptance, notes, type, priority, rank, labels,"
    " state, blockers, is_inert, assignee, mode, runtime, hold, epoch, failures, branch, base, tip, plus,"
    " minus, files, summary, remark, merged, created_by, created_at, updated_at, free, version) VALUES"
    " (?, 'b', 't', '', '', '', 'task', 2, 'a0', '[]', ?, ?, 0, '', '', '', '', 0, 0, '', '', '', 0, 0, 0,"
    " '', '', '', '', 0, 0, '{}', 1)"
)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Store]:
    """Yield a database of the first schema, in which a finished parent still counts as blocked."""
    with closing(Store(f"sqlite:///{tmp_path}/a.db")) as store:
        settings = config()
        with store.engine().begin() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "0001")
        with closing(sqlite3.connect(tmp_path / "a.db")) as raw:
            raw.executescript(FIRST)
            counted = [
                ("open", "open", 0),
                ("parent", "done", 1),
                ("child", "open", 1),
                ("grandchild", "open", 2),
            ]
            raw.executemany(BEAD, counted)
            raw.commit()
        yield store


def test_counts_are_made_anew(old: Store, tmp_path: Path) -> None:
    old.prepare()
    assert old.revision() == HEAD
    found = old.read(lambda r: r.rows("SELECT id, state, blockers FROM bead"))
    states = {str(ident): BeadState(state) for ident, state, _ in found}
    counts = {str(ident): int(count) for ident, _, count in found if count}
    assert counts == graph.blockers(states, old.read(edges.blocking_edges)) == {"grandchild": 1}
    assert (tmp_path / "a.db.before-upgrade").exists()
    old.write(person("ann"), beads.reopen, "parent")
    assert dict(old.read(lambda r: r.rows("SELECT id, blockers FROM bead"))) == {
        "open": 0, "parent": 1, "child": 1, "grandchild": 2,
    }  # fmt: skip

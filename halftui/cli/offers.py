"""What the Tab key offers for a word that names a thing of the board: its id, and what that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from halftui.domain.text import clean_line
from halftui.errors import HalfTUIError

if TYPE_CHECKING:
    from halftui.cli.call import Call

MOST = 200
LONGEST = 60  # cells of what stands beside an id
_BEADS = ("bead", "beads", "parent", "after", "before", "behind", "bead_or_attempt", "source", "target")
_BY_NAME = {  # of a parameter; what is named `name` is a thing of its command's noun
    **dict.fromkeys(_BEADS, "bead"), "convoy": "convoy", "agent": "agent", "agents": "agent",
    "leader": "leader", "board": "board",
}  # fmt: skip
_BY_NOUN = {"board": "board", "agent": "agent", "identity": "identity", "wait board": "board"}
_OTHERS = frozenset({"board lanes", "backup"})  # whose words are called alike, and name something else
# A thing's word and what it is, in the order of use; :b is the board, "" all of them, :s how the word begins.
_QUERIES: Mapping[str, str] = {
    "bead": "SELECT id, title FROM bead WHERE (:b = '' OR board_id = :b) AND (id LIKE :s OR id LIKE :d)"
    " ORDER BY CASE WHEN state IN ('done', 'failed', 'cancelled') THEN 1 ELSE 0 END, updated_at DESC, id"
    " LIMIT :m",
    "convoy": "SELECT id, name FROM convoy WHERE (:b = '' OR board_id = :b) AND id LIKE :s"
    " ORDER BY CASE WHEN state IN ('landed', 'cancelled') THEN 1 ELSE 0 END, created_at DESC, id LIMIT :m",
    "agent": "SELECT name, runtime FROM agent WHERE (:b = '' OR board_id = :b) AND retired_at IS NULL"
    " AND name LIKE :s ORDER BY name LIMIT :m",
    "identity": "SELECT username, name FROM agent WHERE retired_at IS NULL AND username <> ''"
    " AND username LIKE :s ORDER BY username LIMIT :m",
    "leader": "SELECT username, name FROM agent WHERE retired_at IS NULL AND kind = 'leader'"
    " AND username LIKE :s ORDER BY username LIMIT :m",
    "board": "SELECT id, name FROM board WHERE id LIKE :s ORDER BY id LIMIT :m",
}


class Named(click.types.StringParamType):
    """A text that may name a thing of the board, which the Tab key then offers."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the things that the word may name; none where there is no database to ask."""
        from halftui.cli.call import Call

        kind = _kind(ctx, str(param.name))
        call = ctx.find_object(Call)
        if kind not in _QUERIES or call is None:
            return []
        try:
            return [CompletionItem(word, help=what) for word, what in found(call, kind, incomplete)]
        except HalfTUIError:  # told by the command itself, once it runs
            return []


def offer(params: list[click.Parameter]) -> None:
    """Let those of a command's parameters that take any text be completed."""
    for param in params:
        if param.type is click.STRING:
            param.type = Named()


def found(call: Call, kind: str, start: str) -> list[tuple[str, str]]:
    """Return the things of a kind whose words begin so, each with what it is. Raises HalfTUI's errors."""
    board = "" if kind in ("identity", "leader", "board") else _board(call)
    plain = start.replace("\\", "").replace("%", "").replace("_", "")
    values = {"s": f"{plain}%", "m": MOST}
    if ":b" in _QUERIES[kind]:
        values["b"] = board
    if ":d" in _QUERIES[kind]:
        values["d"] = f"%-{plain}%"
    read: Callable[..., Any] = call.service.read
    rows = read(lambda reader: reader.rows(_QUERIES[kind], **values))
    return [(clean_line(str(word)), clean_line(str(what), longest=LONGEST)) for word, what in rows]


def _board(call: Call) -> str:
    try:
        return call.board.id
    except HalfTUIError:
        return ""  # then of all


def _kind(ctx: click.Context, name: str) -> str:
    path = ctx.command_path.partition(" ")[2]
    noun = path.partition(" ")[0]
    if path in _OTHERS:
        return ""
    if noun in ("get", "describe", "delete") and name in ("name", "names"):
        return str(ctx.params.get("kind") or "")
    if name in ("name", "names"):
        return _BY_NOUN.get(path) or _BY_NOUN.get(noun, "")
    return _BY_NAME.get(name, "")

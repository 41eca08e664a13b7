"""Writes the generated part of the documentation: `python -m tests.helpers.reference`.

A test holds the files in `docs/` against what this makes, so they can't grow stale.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import click

from halftui import errors, settings
from halftui.cli.parser import NOUNS
from halftui.domain import states
from halftui.domain.actor import Role
from halftui.errors import HalfTUIError
from halftui.ops.access import ALLOWED, LED
from halftui.tui import keys
from halftui.tui.screens import detail, question, review
from halftui.tui.widgets import diff, pane, told
from tests.helpers.commands import EXAMPLES

DOCS = Path(__file__).parents[2] / "docs"
NOTE = "\n<!-- Made by `python -m tests.helpers.reference`; change the source, not this page. -->\n"


def pages() -> dict[str, str]:
    """Return every generated page by its file's name."""
    makers: dict[str, Callable[[], str]] = {
        "settings.md": _settings,
        "errors.md": _errors,
        "states.md": _states,
        "keys.md": _keys,
        "cli.md": _cli,
        "access.md": _access,
    }
    return {name: f"{make().rstrip()}\n" for name, make in makers.items()}


def _settings() -> str:
    source = inspect.getsource(settings.Settings)
    lines = source.splitlines()
    fields = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.AnnAssign)]
    rows = []
    for field in fields:
        name = ast.unparse(field.target)
        if name == "origins":
            continue
        comment = lines[field.lineno - 1].partition("  # ")[2]
        default = ast.unparse(field.value) if field.value else ""
        rows.append((f"`{name}`", f"`{default}`", comment))
    head = (
        f"# Settings\n{NOTE}\nIn `config.toml` in `~/.config/halftui` (or the folder\n"
        "that `HALFTUI_CONFIG` names), or in the environment as `HALFTUI_` and the name in\n"
        "capitals. A flag wins over the environment, the\n"
        "environment over the file. `halftui config show` tells where each value came from.\n\n"
    )
    return head + _table(("setting", "default", "meaning"), rows)


def _errors() -> str:
    kinds = sorted(HalfTUIError.__subclasses__(), key=lambda kind: kind.exit_code)
    kinds += [sub for kind in kinds for sub in kind.__subclasses__()]
    rows = [("success", "0", ""), ("usage", "2", "A command line that is not understood.")]
    rows += [(f"`{k.__name__}`", str(k.exit_code), _first(k)) for k in sorted(set(kinds), key=_by_code)
             if k.__module__ == errors.__name__]  # fmt: skip
    rows += [("a bug", str(errors.BUG_EXIT), "One sentence on the terminal, the rest in the log."),
             ("interrupted", "130", "Ctrl-C.")]  # fmt: skip
    return f"# Errors and exit codes\n{NOTE}\n" + _table(("error", "exit code", "meaning"), rows)


def _states() -> str:
    parts = [f"# States and verbs\n{NOTE}"]
    for noun, moves in (
        ("bead", states.BEAD_MOVES),
        ("attempt", states.ATTEMPT_MOVES),
        ("convoy", states.CONVOY_MOVES),
    ):
        rows = [(f"{old}", f"{verb}", f"{new}") for (old, verb), new in moves.items()]
        parts.append(f"## A {noun}\n\n" + _table(("from", "verb", "to"), rows))
    return "\n\n".join(parts)


def _keys() -> str:
    places = {
        "On the board": keys.ACTIONS,
        "In a review": review.ACTIONS,
        "In a diff": diff.ACTIONS,
        "At a question": question.ACTIONS,
        "On a bead's page": detail.ACTIONS,
        "On a page of rows": told.ACTIONS,
        "In a pane of output": pane.ACTIONS,
    }
    parts = [f"# Keys\n{NOTE}"]
    for place, actions in places.items():
        rows = [
            (" ".join(f"`{keys.shown(k)}`" for k in a.keys.split(",")), a.does, f"`{a.id}`") for a in actions
        ]
        parts.append(f"## {place}\n\n" + _table(("keys", "what it does", "id"), rows))
    return "\n\n".join(parts)


def _access() -> str:
    commands: dict[str, list[str]] = {}
    for name, example in EXAMPLES.items():
        for verb in example.verbs:
            commands.setdefault(verb, []).append(f"`{name}`")
    rows = [
        (f"`{verb}`", *(_may(verb, role) for role in Role), ", ".join(commands.get(verb, [])))
        for verb in sorted(ALLOWED)
    ]
    head = (
        f"# Who may do what\n{NOTE}\n"
        "What stands nowhere here is denied to all. Reading is open to everybody who may open the\n"
        "database. The roles are of people (viewer to admin), of agents (leader, worker), and of the\n"
        "engine. Nobody accepts their own work, but for `bead approve --own` of a person who is an admin\n"
        "or has no maintainer beside them; agents never do.\n\n"
        "A leader does `own` to what it leads: the convoys that it made, or that a leader of the same owner\n"
        "made who is retired since, their beads, and what agents made below those.\n\n"
    )
    return head + _table(("verb", *(role.value for role in Role), "commands"), rows)


def _may(verb: str, role: Role) -> str:
    if role is Role.LEADER and LED.get(verb):
        return "own"
    return "●" if role in ALLOWED[verb] else ""


def _cli() -> str:
    parts = [f"# Commands\n{NOTE}"]
    for name, place in sorted(NOUNS.items()):
        room, _, attribute = place.partition(":")
        found = getattr(import_module(f"halftui.cli.commands.{room}"), attribute)
        parts += [f"## {title}\n\n```text\n{words}\n```" for title, words in _helps(found, f"halftui {name}")]
    return "\n\n".join(parts)


def _helps(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100)
    yield path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (child := command.get_command(context, name)) is not None:
                yield from _helps(child, f"{path} {name}")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _first(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _by_code(kind: type[HalfTUIError]) -> tuple[int, str]:
    return kind.exit_code, kind.__name__


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")

"""`halftui skills`: teaches programs that know skill files how to use `halftui`."""

from importlib.resources import files
from pathlib import Path

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.errors import Misconfigured, Refused

FOLDERS = {"claude": ".claude/skills", "codex": ".codex/skills", "others": ".agents/skills"}
FILE = "SKILL.md"


@group("skills")
def skills() -> None:
    """Install and show the skill files by which agents learn to lead a board."""


@skills.command("install", example="halftui skills install --for claude")
@click.option("--for", "program", type=click.Choice([*FOLDERS, "all"]), default="all", show_default=True)
@click.option(
    "--folder", metavar="FOLDER", help="A project's folder; by default your home, for all projects."
)
@click.option("--force", is_flag=True, help="Replace a skill file that was changed.")
@pass_call
def install(call: Call, program: str, folder: str | None, *, force: bool) -> None:
    """Put the skill files where Claude Code, Codex and others look for them."""
    base = Path(folder) if folder else Path.home()
    if not base.is_dir():
        raise Misconfigured(f"{base} is no folder", "name one: --folder FOLDER")
    programs = list(FOLDERS) if program == "all" else [program]
    places = [base / FOLDERS[name] / skill / FILE for name in programs for skill in _names()]
    changed = [p for p in places if p.exists() and p.read_bytes() != _text(p.parent.name).encode()]
    if changed and not force:
        raise Refused(f"{changed[0]} was changed", "look at it, or replace it with --force")
    for place in places:
        _write(place, _text(place.parent.name))
    rows = [{"skill": place.parent.name, "file": str(place)} for place in places]
    call.say("\n".join(f"{row['skill']} is in {row['file']}" for row in rows), rows)


@skills.command("show", example="halftui skills show")
@click.argument("name", default="halftui")
@pass_call
def show(call: Call, name: str) -> None:
    """Print a skill file."""
    if name not in _names():
        raise Misconfigured(f"there is no skill {name}", f"there are {', '.join(_names())}")
    call.say(_text(name).rstrip("\n"), {"name": name, "text": _text(name)})


def _names() -> list[str]:
    return sorted(entry.name for entry in files("halftui").joinpath("skills").iterdir() if entry.is_dir())


def _text(name: str) -> str:
    return files("halftui").joinpath("skills", name, FILE).read_text(encoding="utf-8")


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{place} can't be written: {error.strerror}", "name another --folder") from error

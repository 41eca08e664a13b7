"""A bead's words in the person's own editor, while the board waits behind it."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.domain.text import clean
from halftui.errors import Misconfigured, Refused
from halftui.tui import lending, terminal

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp
    from halftui.tui.screens.bead_page import Written

USUAL = "vi"
RULES = {
    "description": "--- description: what and why, as the agent will read it ---",
    "acceptance": "--- acceptance: how everybody sees that it is done ---",
}
LONGEST = 1 << 20  # bytes


def words(env: Mapping[str, str] = os.environ) -> list[str]:
    """Return what starts the person's editor. Raises Misconfigured if the variable can't be understood."""
    named = env.get("VISUAL") or env.get("EDITOR") or USUAL
    try:
        return shlex.split(named) or [USUAL]
    except ValueError as error:
        raise Misconfigured("VISUAL or EDITOR is no command", "as in: export EDITOR='code --wait'") from error


def page(written: Written) -> str:
    """Return a bead's words as a file: the title first, then each text below its rule."""
    texts = {"description": written.description, "acceptance": written.acceptance}
    parts = [f"{RULES[name]}\n{text.rstrip()}\n" for name, text in texts.items()]
    return "\n".join([f"{written.title}\n", *parts])


def read(text: str) -> dict[str, str]:
    """Return title, description and acceptance of such a file. Raises Refused if a rule or title is gone."""
    lines = clean(text).splitlines()
    places = [lines.index(rule) if rule in lines else -1 for rule in RULES.values()]
    if -1 in places or places != sorted(places):
        raise Refused(
            "a line between --- is missing", "only what stands around those lines is yours to change"
        )
    first, second = places
    title = " ".join(" ".join(lines[:first]).split())
    if not title:
        raise Refused("a bead needs a title", "it is the first line")
    description, acceptance = (
        "\n".join(part).strip() for part in (lines[first + 1 : second], lines[second + 1 :])
    )
    return {"title": title, "description": description, "acceptance": acceptance}


async def edit(app: HalfApp, written: Written, name: str) -> tuple[dict[str, str], Path] | None:
    """Let a person edit a bead's words; return them, and the file to `forget` once they are stored.

    None if nothing was changed. Raises Refused where there is no editor, or naming the file that keeps what
    could not be read.
    """
    if not terminal.is_here(app):
        raise Refused("an editor would open on the machine that serves", "e edits it here")
    started, before = words(), page(written)
    folder = Path(tempfile.mkdtemp(prefix="halftui-"))
    file = folder / f"{name}.md"
    file.write_text(before, encoding="utf-8")
    with lending.suspended(app):
        problem = await asyncio.to_thread(_run, [*started, str(file)])
    if problem:
        forget(file)
        raise Refused(problem, "set VISUAL or EDITOR to your editor")
    after = file.read_bytes()[:LONGEST].decode("utf-8", errors="replace")
    if after == before:
        forget(file)
        return None
    try:
        return read(after), file
    except Refused as error:
        raise Refused(error.message, f"what you wrote is kept in {file}") from error


def forget(file: Path) -> None:
    """Remove what `edit` left, and what the editor left beside it."""
    for left in file.parent.iterdir():
        left.unlink()
    file.parent.rmdir()


def _run(command: list[str]) -> str:
    """Return why it did not run, or ""."""
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        return f"{command[0]} can't be started: {error.strerror}"
    return f"{command[0]} ended with {code}: nothing was changed" if code else ""

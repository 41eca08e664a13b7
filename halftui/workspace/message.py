"""What a merge commit says: who made it, who took it in, and what for."""

import re

from halftui.workspace.tree import Person


def people(author: Person, committer: Person) -> dict[str, str]:
    """Return the environment in which git commits as these two."""
    pairs = (("AUTHOR", author), ("COMMITTER", committer))
    named = {f"GIT_{role}_NAME": person.name or "HalfTUI" for role, person in pairs}
    return {**named, **{f"GIT_{role}_EMAIL": person.email for role, person in pairs}}


def with_trailer(message: str, trailer: str) -> str:
    """Return the message with a trailer, joined to trailers that it ends with."""
    text = message.replace("\0", "").strip() or f"Merge {trailer.partition(' ')[2]}"
    *before, last = text.split("\n\n")
    has_trailers = before and all(re.match(r"[\w-]+: ", line) for line in last.splitlines())
    gap = "\n" if has_trailers else "\n\n"
    return f"{text}{gap}{trailer}\n"

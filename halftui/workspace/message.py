"""A merge commit's bytes: who made it, who took it in, and what for."""

import re
import time
from collections.abc import Sequence

from halftui.workspace.tree import Person


def written(
    tree: str, parents: Sequence[str], author: Person, committer: Person, message: str, trailer: str
) -> bytes:
    """Return a commit of now, as git writes it."""
    now = f"{int(time.time())} {time.strftime('%z')}".encode()
    by = b"author %s %s\ncommitter %s %s" % (person(author), now, person(committer), now)
    head = "".join(f"{key} {sha}\n" for key, sha in (("tree", tree), *(("parent", sha) for sha in parents)))
    return head.encode() + by + b"\n\n" + with_trailer(message, trailer).encode("utf-8", "replace")


def person(who: Person) -> bytes:
    """Return a name and address that can't break a commit."""
    name, email = (re.sub(r"[<>\n\0]", "", text).strip(" .,:;\"'") for text in (who.name, who.email))
    return f"{name or 'agent'} <{email}>".encode("utf-8", "replace")


def with_trailer(message: str, trailer: str) -> str:
    """Return the message with a trailer, joined to trailers that it ends with."""
    text = message.replace("\0", "").strip() or f"Merge {trailer.partition(' ')[2]}"
    *before, last = text.split("\n\n")
    has_trailers = before and all(re.match(r"[\w-]+: ", line) for line in last.splitlines())
    gap = "\n" if has_trailers else "\n\n"
    return f"{text}{gap}{trailer}\n"

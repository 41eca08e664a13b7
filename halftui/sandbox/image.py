"""The image of the agents' containers: its recipe, what a board adds to it, and whether an engine has it.

An image's name is made of its recipe's content. A board's own recipe is text that a maintainer gave to the
board, lines of a Dockerfile that go on from the packaged image; no repository is looked at for one.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from halftui.errors import Unavailable
from halftui.sandbox.docker import engine, socket_of

RECIPE = Path(__file__).with_name("Dockerfile")
REPOSITORY = "halftui/agent"
LABEL = "halftui-recipe"  # not `halftui.…`: containers inherit it, and those are a bead's labels


def tag(recipe: str = "") -> str:
    """Return the name of the image with a board's recipe; it changes whenever one of both recipes does."""
    return f"{REPOSITORY}:{_hash(recipe)[:12]}"


def is_built(host: str | None = None, recipe: str = "") -> bool:
    """Return True if the engine has the image of this version. Raises Unavailable if no engine answers."""
    return tag(recipe) in (found.name for found in listed(host))


@dataclass(frozen=True, slots=True)
class Listed:
    """An image for agents that an engine has."""

    name: str
    digest: str
    size_mb: int
    created_at: float  # UTC seconds


def listed(host: str | None = None) -> list[Listed]:
    """Return the engine's images for agents. Raises Unavailable if no engine answers."""
    with engine(socket_of(host)) as api:
        return [
            Listed(name, found["Id"], found["Size"] // 1_000_000, float(found["Created"]))
            for found in api.images(REPOSITORY)
            for name in found["RepoTags"] or []
        ]


def remove(name: str, host: str | None = None) -> None:
    """Remove an image for agents. Raises Conflict if a container is made of it."""
    with engine(socket_of(host)) as api:
        api.remove_image(name)


def build(host: str | None = None, network: str | None = None, recipe: str = "") -> Iterator[str]:
    """Build the image, yielding the engine's lines as they come.

    `network` is the network that its `apt-get` uses: `host` helps where the engine has no bridge.
    Raises Unavailable with the engine's last word if it fails.
    """
    with engine(socket_of(host)) as api:
        lines = api.build(
            fileobj=_context(recipe),
            custom_context=True,
            tag=tag(recipe),
            labels={LABEL: _hash(recipe)},
            network_mode=network,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            if "error" in line:
                raise Unavailable(f"the image was not built: {line['error'].strip()}")
            yield from filter(None, line.get("stream", "").splitlines())


def _whole(recipe: str) -> bytes:
    """Return the Dockerfile: the packaged one, or what goes on from its image and ends as it does."""
    if not recipe:
        return RECIPE.read_bytes()
    return f"FROM {tag()}\nUSER root\n{recipe}\nUSER 1000:1000\nWORKDIR /work\n".encode()


def _context(recipe: str) -> io.BytesIO:
    """Return a build context that holds the Dockerfile alone: no file of this machine can be copied from."""
    context, whole = io.BytesIO(), _whole(recipe)
    with tarfile.open(fileobj=context, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(whole)
        archive.addfile(entry, io.BytesIO(whole))
    context.seek(0)
    return context


def _hash(recipe: str) -> str:
    return hashlib.sha256(_whole(recipe)).hexdigest()

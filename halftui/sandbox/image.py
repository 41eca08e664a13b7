"""The image of the agents' containers: its recipe, and whether an engine has it."""

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


@dataclass(frozen=True, slots=True)
class ImageState:
    """The image that this version wants, and what the engine has of it."""

    tag: str
    is_there: bool  # some version of it
    is_current: bool  # this very version


def tag() -> str:
    """Return the image's name; it changes whenever the recipe does."""
    return f"{REPOSITORY}:{_hash()[:12]}"


def find(host: str | None = None) -> ImageState:
    """Look for the image. Raises Unavailable if no engine answers."""
    with engine(socket_of(host)) as api:
        tags = [name for image in api.images(REPOSITORY) for name in image["RepoTags"] or []]
    return ImageState(tag(), bool(tags), tag() in tags)


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


def build(host: str | None = None, network: str | None = None) -> Iterator[str]:
    """Build the image, yielding the engine's lines as they come.

    `network` is the network that its `apt-get` uses: `host` helps where the engine has no bridge.
    Raises Unavailable with the engine's last word if it fails.
    """
    with engine(socket_of(host)) as api:
        lines = api.build(
            fileobj=_context(),
            custom_context=True,
            tag=tag(),
            labels={LABEL: _hash()},
            network_mode=network,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            if "error" in line:
                raise Unavailable(f"the image was not built: {line['error'].strip()}")
            yield from filter(None, line.get("stream", "").splitlines())


def _context() -> io.BytesIO:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        archive.add(RECIPE, "Dockerfile")
    context.seek(0)
    return context


def _hash() -> str:
    return hashlib.sha256(RECIPE.read_bytes()).hexdigest()

"""Chooses where agents run, and says why in one sentence."""

from dataclasses import dataclass
from pathlib import Path

from halftui.errors import Misconfigured, Unavailable
from halftui.sandbox.base import Sandbox
from halftui.sandbox.local import LocalSandbox

WANTED = ("auto", "docker", "local")


@dataclass(frozen=True, slots=True)
class Choice:
    """A sandbox, and the sentence that tells a person which and why."""

    sandbox: Sandbox
    reason: str


def choose(
    wanted: str,
    state: Path,
    host: str | None = None,
    image: str | None = None,
    runtime: str | None = None,
    recipe: str = "",
    seccomp: str = "",
) -> Choice:
    """Take Docker if an engine answers, else this machine; `wanted` may demand either.

    Containers are of `image`, or else of the packaged one, to which a board's `recipe` may add. `seccomp`
    is a file with a profile in the place of the packaged one.

    Blocks for a few seconds at most. Raises Unavailable if Docker is demanded and does not answer,
    Misconfigured if `wanted` is no sandbox, `host` can't be used or `seccomp` is no profile.
    """
    if wanted not in WANTED:
        raise Misconfigured(f"There is no sandbox {wanted!r}.", f"choose one of {', '.join(WANTED)}")
    if wanted == "local":
        return Choice(LocalSandbox(state), "Agents run unconfined on this machine, as configured.")
    return _docker(host, image, runtime, recipe, seccomp) or _without_docker(wanted, state)


def _docker(
    host: str | None, image: str | None, runtime: str | None, recipe: str, seccomp: str
) -> Choice | None:
    # Imported here: the library costs 0.2 s, which a local board does not need to pay.
    from halftui.sandbox import hardening
    from halftui.sandbox import image as images
    from halftui.sandbox.docker import DockerSandbox, probe

    found = probe(host)
    if found is None:
        return None
    reason = f"Agents run in containers of Docker {found.version} at {found.host}."
    if image is None and not images.is_built(host, recipe):
        reason += f" Their image {images.tag(recipe)} is not there yet: run halftui image build."
    if seccomp:
        reason += f" Their system calls are filtered by {seccomp}."
    profile = hardening.seccomp(Path(seccomp)) if seccomp else ""
    return Choice(DockerSandbox(image or images.tag(recipe), host, runtime=runtime, profile=profile), reason)


def _without_docker(wanted: str, state: Path) -> Choice:
    if wanted == "docker":
        raise Unavailable("no Docker engine answers", "start it, or choose the local sandbox")
    reason = "Agents run unconfined on this machine, because no Docker engine answers."
    return Choice(LocalSandbox(state), reason)

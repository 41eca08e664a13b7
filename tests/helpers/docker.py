"""A real Docker engine with the agents' image, for the tests that need one.

The engine is the one at HALFTUI_TEST_DOCKER_HOST or DOCKER_HOST, else one of our own if we are root
and `dockerd` is installed. Without any, the tests fail when CI=true and else are skipped, loudly.
`python -m tests.helpers.docker HOST` prepares the images ahead of the tests.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.sandbox import image
from halftui.sandbox.docker import engine, probe, socket_of

BASE = ("debian", "bookworm-slim")
CODENAME = "bookworm"
ALONE = ["--iptables=false", "--bridge=none", "--ip-forward=false"]  # leaves the network as it is
COPIED = re.compile(r"Acquire::(https?::|Check-|Retries)")
BUNDLE = Path("etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """Give the address of an engine that answers."""
    named = os.environ.get("HALFTUI_TEST_DOCKER_HOST") or os.environ.get("DOCKER_HOST")
    if named:
        if probe(named) is None:
            _give_up(f"no Docker engine answers at {named}")
        yield named
    elif os.getuid() == 0 and shutil.which("dockerd"):
        with own_engine() as host:
            yield host
    else:
        _give_up("no Docker engine: set HALFTUI_TEST_DOCKER_HOST, or run as root with dockerd")


@pytest.fixture(scope="session")
def agent_image(docker_host: str) -> str:
    """Give the tag of the agents' image, built if the engine has it not."""
    prepare(docker_host)
    return image.tag()


@contextlib.contextmanager
def own_engine() -> Iterator[str]:
    """Run an engine of our own in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="halftui-docker-"))
    host = f"unix://{folder}/docker.sock"
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(["dockerd", f"--host={host}", *places, *ALONE], stdout=log, stderr=log)
    try:
        _await_answer(host, daemon, folder / "log")
        yield host
    finally:
        daemon.terminate()
        daemon.wait(60)
        _unmount(folder)
        shutil.rmtree(folder)


def prepare(host: str) -> None:
    """See that the engine has the agents' image, and the base it is made from."""
    if image.is_built(host):
        return
    with engine(socket_of(host)) as api:
        if not api.images(":".join(BASE)):
            api.import_image_from_file(str(_base_archive()), *BASE)
    for line in image.build(host, network="host"):
        sys.stderr.write(line + "\n")


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _await_answer(host: str, daemon: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while probe(host) is None:
        if daemon.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"dockerd did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def _unmount(folder: Path) -> None:
    """Let go of what an engine leaves mounted in its folders."""
    lines = Path("/proc/mounts").read_text().splitlines()
    points = [line.split()[1] for line in lines if line.split()[1].startswith(f"{folder}/")]
    for point in sorted(points, reverse=True):
        subprocess.run(["umount", point], check=True)


def _base_archive() -> Path:
    """Return a Debian root file system as a tar file, made once and kept in the cache folder."""
    default = Path.home() / ".cache/halftui-test"
    cache = Path(os.environ.get("HALFTUI_TEST_CACHE") or default)
    archive = cache / f"{CODENAME}.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _debootstrap(Path(folder) / "root")
            draft = Path(folder) / "base.tar"
            subprocess.run(["tar", "-C", f"{folder}/root", "-cf", draft, "."], check=True)
            draft.rename(archive)
    return archive


def _debootstrap(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", CODENAME]
    subprocess.run([*command, str(root), _mirror()], check=True, stdout=sys.stderr)
    dump = _run("apt-config", "dump").splitlines()
    lines = [line for line in dump if COPIED.match(line)]
    (root / "etc/apt/apt.conf.d/99host").write_text("\n".join(lines) + "\n")
    if ("/" / BUNDLE).exists():
        shutil.copy("/" / BUNDLE, root / BUNDLE)


def _mirror() -> str:
    """Return where this machine's own apt finds Debian."""
    targets = _run("apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(SITE)")
    for line in targets.splitlines():
        if line.startswith("Debian main "):
            return line.split()[2]
    pytest.fail("apt knows no Debian mirror: run apt-get update")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    prepare(sys.argv[1])

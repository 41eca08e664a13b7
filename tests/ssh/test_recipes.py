"""What the guide says about running the server for good, tried as far as a machine without it allows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.boards import make_repository
from tests.helpers.ssh import Ran, execute

ROOT = Path(__file__).parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
APART = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--cgroup")
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "serve.md"


async def _verify(unit: Path, folder: Path) -> Ran:
    env = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PATH": os.environ["PATH"]}
    words = ("systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=no", str(unit))
    return await execute(*words, env=env)


def _can_boot() -> bool:
    """Return whether a systemd of one's own can run here, apart from the machine's."""
    if not SYSTEMD.exists() or shutil.which("unshare") is None or shutil.which("systemctl") is None:
        return False
    ran = subprocess.run([*APART, "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False)
    return ran.returncode == 0


def _unit() -> str:
    found = re.search(r"```ini\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
async def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / "halftui.service"
    text = _unit().replace("%h/.local/bin/halftui", sys.executable)
    unit.write_text(text, encoding="utf-8")
    ran = await _verify(unit, tmp_path)
    assert (ran.code, ran.err) == (0, "")
    unit.write_text(text.replace("ExecStart=", "ExecStrat="), encoding="utf-8")
    assert (await _verify(unit, tmp_path)).code != 0, "a wrong one is not taken"


# A person's systemd, alone in a namespace: enable and start, kill the server, stop it.
_WALK = """
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user/0
chmod 700 /run/user/0
export XDG_RUNTIME_DIR=/run/user/0
SYSTEMD --user --log-target=null &
manager=$!
trap 'kill $manager; wait $manager; rmdir /sys/fs/cgroup/systemd/init.scope 2>/dev/null' EXIT
until_it() {
  for try in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  echo "never: $*"
  exit 1
}
pid() { systemctl --user show -P MainPID halftui; }
is_another() { new=$(pid); test "$new" != 0 && test "$new" != "$1"; }
serves() { halftui status -o json | tr -d ' ,' | grep -qx '"pid":'$(pid); }
until_it systemctl --user is-system-running
systemctl --user enable --now halftui 2>/dev/null
until_it serves
echo "runs: $(systemctl --user is-active halftui) $(systemctl --user is-enabled halftui)"
first=$(pid)
kill -9 "$first"
until_it is_another "$first"
until_it serves
echo "again: $(systemctl --user is-active halftui) after $(systemctl --user show -P NRestarts halftui)"
systemctl --user stop halftui
echo "ended: $(systemctl --user show -P Result halftui) $(systemctl --user show -P ExecMainStatus halftui)"
halftui status >/dev/null 2>&1 || echo "silent"
exit 0
"""


@pytest.mark.skipif(not _can_boot(), reason="no systemd of one's own can run here")
def test_the_unit_runs_comes_again_and_stops(tmp_path: Path) -> None:
    program, unit = tmp_path / ".local/bin/halftui", tmp_path / ".config/systemd/user/halftui.service"
    for file in (program, unit):
        file.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m halftui "$@"\n')
    program.chmod(0o755)
    unit.write_text(_unit().replace("--port 2222", "--host 127.0.0.1 --port 0"), encoding="utf-8")
    make_repository(tmp_path / "shop")
    env = {"HOME": str(tmp_path), "PATH": f"{program.parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}

    def run(*words: str) -> str:
        ran = subprocess.run(words, env=env, cwd=tmp_path / "shop", capture_output=True, text=True,
                             timeout=150, check=False)  # fmt: skip
        assert ran.returncode == 0, ran
        return ran.stdout

    run(str(program), "init", "--mode", "manual", "--sandbox", "local")
    assert run(*APART, "bash", "-c", _WALK.replace("SYSTEMD", str(SYSTEMD))).splitlines() == [
        "runs: active enabled", "again: active after 1", "ended: success 0", "silent",
    ]  # fmt: skip

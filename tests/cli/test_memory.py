"""What a home remembers of its history: `audit verify`, `restore`, a lost file, a killed process."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from halftui.errors import Refused
from halftui.main.doctor import _history
from halftui.main.house import House
from halftui.main.show import VIEWER, Backstage
from halftui.settings import load
from halftui.store.memory import FILE
from tests.cli.conftest import Line
from tests.cli.test_process import env
from tests.helpers.forging import forge
from tests.helpers.world import World

if TYPE_CHECKING:
    from halftui.main.show import MakeEngine
    from halftui.tui.app import HalfApp

__all__ = ["env"]

_RUN = "import sys; from tests.helpers.command_line import main; raise SystemExit(main(sys.argv[1:]))"


def test_a_forged_history_is_found_and_can_be_accepted(line: Line, world: World) -> None:
    line.ok("audit", "sign")
    assert "up to event" in _history(House(load()))
    world.do(forge)
    ran = line("audit", "verify")
    assert (ran.code, "is not what it was: this home remembers another event there" in ran.err) == (3, True)
    assert "halftui audit verify --accept" in ran.err
    assert line("audit", "sign").code == 3
    with pytest.raises(Refused, match="remembers another event"):
        _history(House(load()))
    assert "from now on" in line.ok("audit", "verify", "--accept").out
    assert world.events()[-1].verb == "audit.accept"
    line.ok("audit", "sign")
    line.ok("audit", "verify")


def test_a_file_that_is_lost_is_a_first_look(line: Line) -> None:
    line.ok("audit", "sign")
    file = line.home / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    assert "nothing is remembered here yet" in _history(House(load()))
    told = line.ok("audit", "verify", "-o", "json").json
    assert (told["is_whole"], told["remembered"]) == (True, 0)
    assert line.ok("audit", "verify", "-o", "json").json["remembered"] == told["events"]
    file.unlink()
    (line.home / f".{FILE}.{os.getpid()}").mkdir()  # in the way, as in a home that can only be read
    said = line.ok("audit", "verify").out
    assert "nothing was remembered here yet; it can't remember more" in said
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"x": 7}', '{"x": [[1]]}', '{"x": [["1", "y"]]}'])
def test_a_file_that_is_none(line: Line, text: str) -> None:
    line.ok("audit", "sign")
    file = line.home / FILE
    whole = file.read_text()
    file.write_text(text)
    for words in (("audit", "verify"), ("audit", "sign"), ("audit", "verify", "--accept")):
        assert line(*words).code == 2
    file.write_text(whole)
    file.chmod(0o644)
    assert "others may read or write" in line("audit", "verify").err


def test_a_copy_that_goes_back_is_what_is_remembered(line: Line, tmp_path: Path) -> None:
    line.ok("audit", "sign")
    line.ok("backup", str(tmp_path / "copy.db"))
    line.bead()
    line.ok("audit", "sign")
    line.ok("restore", str(tmp_path / "copy.db"))
    told = line.ok("audit", "verify", "-o", "json").json
    assert (told["is_whole"], told["remembered"]) == (True, told["events"])


def test_a_database_that_is_made_anew_is_another(line: Line, world: World) -> None:
    line.ok("audit", "sign")
    world.store.close()
    for file in line.home.glob("halftui.db*"):
        file.unlink()
    house = House(load())
    house.init(line.repository)
    told = line.ok("audit", "verify", "-o", "json").json
    assert (told["is_whole"], told["remembered"]) == (True, told["events"])
    house.store.close()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("remember.before", ("audit", "sign")),
        ("remember.after", ("audit", "sign")),
        ("accept.after", ("audit", "verify", "--accept")),
        ("restore.before", ("restore", "copy.db")),
        ("restore.after", ("restore", "copy.db")),
    ],
)
def test_killed_between_the_file_and_the_database(
    line: Line, env: dict[str, str], place: str, words: tuple[str, ...]
) -> None:
    line.ok("audit", "sign")
    line.ok("backup", "copy.db")
    line.bead("lost")
    line.ok("audit", "sign")
    line.bead("after")
    plan = {**env, "HALFTUI_FAILPOINTS": f"{place}=kill"}
    ran = subprocess.run([sys.executable, "-c", _RUN, *words], env=plan, check=False, timeout=60)
    assert ran.returncode == -9
    line.ok("audit", "verify")
    line.bead("more")
    line.ok("audit", "sign")
    assert line.ok("audit", "verify", "-o", "json").json["unsigned"] == 0


def test_the_board_says_it_for_as_long_as_it_is_so() -> None:
    drawn: list[str] = []
    app = SimpleNamespace(notice="")
    app.redraw = lambda: drawn.append(app.notice)
    backstage = Backstage(cast("HalfApp", app), cast("MakeEngine", None))
    backstage.usual = app.notice = VIEWER
    backstage.warn("the history is another one: restore a backup")
    assert app.notice.startswith("the history is another one")
    backstage.warn("")
    assert app.notice == drawn[-1] == VIEWER

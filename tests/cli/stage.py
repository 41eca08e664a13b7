"""A board on which every command has something to do, made once and copied for each test."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from halftui.domain.actor import Role
from halftui.domain.happenings import Outcome, Question
from halftui.ops import attempts, permits, questions
from halftui.ops.access import ALLOWED
from halftui.store.store import Store
from tests.cli.conftest import Line, Ran
from tests.helpers.command_line import actor_of
from tests.helpers.commands import KEYS, PLAN, Example
from tests.helpers.desk import git
from tests.helpers.elm import cast_elm
from tests.helpers.world import World

ROOT = Path(__file__).parents[2]
VARIABLES = ("NO_COLOR", "HALFTUI_DATABASE", "HALFTUI_TEST_ROLE", "HALFTUI_TEST_BUG", "CLAUDECODE")


@dataclass(frozen=True)
class Template:
    """The made stage: its folder, and what the words in braces stand for."""

    folder: Path
    names: dict[str, str]


@dataclass(frozen=True)
class Stage:
    """A copy of it, with a command line."""

    line: Line
    folder: Path
    names: dict[str, str]

    def words(self, example: Example) -> list[str]:
        """Return the words of an example's line."""
        return [word.format(**self.names) for word in example.line.split()]

    def run(self, example: Example) -> Ran:
        """Run an example in this process."""
        return self.line(*self.words(example), stdin=example.stdin)

    def spawn(self, example: Example) -> subprocess.CompletedProcess[str]:
        """Run an example as a process."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        words = [sys.executable, "-m", "tests.helpers.command_line", *self.words(example)]
        return subprocess.run(
            words, env=env, input=example.stdin, capture_output=True, text=True, timeout=60, check=False
        )


# Each role, and whether the board's convoys and beads are this leader's own, which nobody else is asked.
CASES = [*((role, True) for role in Role if role is not Role.ENGINE), (Role.LEADER, False)]
case = pytest.mark.parametrize(
    ("role", "leads"),
    CASES,
    ids=lambda v: v.value if isinstance(v, Role) else {False: "of nothing"}.get(v, ""),
)


def refusal(role: Role, example: Example, *, leads: bool = True) -> str:
    """Return how the answer to somebody of a role begins who may not do it, "" if they may.

    A worker acts within its attempt alone, whatever the table allows it, and the one here is in none.
    """
    who = actor_of(role)
    if foreign := [verb for verb in example.verbs if role not in ALLOWED[verb]]:
        return f"error: {who} may not do {foreign[0]}"
    if role is Role.LEADER and not leads and example.verbs and "bead.create" not in example.verbs:
        return f"error: {who} does not lead"
    return f"error: {who} works on nothing" if role is Role.WORKER and example.verbs else ""


def _settle(patch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in VARIABLES:
        patch.delenv(name, raising=False)
    patch.setenv("HALFTUI_HOME", str(folder / "home"))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.chdir(folder / "shop")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, prepared_file: Path) -> Template:
    """Return the stage as it was made."""
    folder = tmp_path_factory.mktemp("stage")
    for name in ("shop", "other", "home"):
        (folder / name).mkdir()
    git(folder / "shop", "init", "-q", "-b", "main")
    git(folder / "shop", "commit", "-q", "--allow-empty", "-m", "first")
    shutil.copy(prepared_file, folder / "home" / "halftui.db")
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, folder)
        line = Line(folder / "home", folder / "shop")
        line.ok("init", "--name", "Shop", "--prefix", "sh")
        with closing(Store(f"sqlite:///{folder / 'home' / 'halftui.db'}")) as store:
            names = _fill(line, World(store, "shop"))
        line.ok("backup", str(folder / "copy.db"))
    return Template(folder, names)


def _fill(line: Line, world: World) -> dict[str, str]:
    reviewed = world.started(world.taken(line.bead("r")))
    world.end(reviewed, Outcome.PASSED)
    working = line.bead("w", "--runtime", "shell")
    claim = world.engine(attempts.claim, "shop", 30.0, 100, ("Maple",))
    assert claim is not None
    assert claim.bead == working
    world.started(claim)
    asked = {
        kind: world.engine(questions.ask, claim.attempt, Question(kind, "?"))
        for kind in ("question", "permission")
    }
    idle = world.ask(lambda rows: rows.rows("SELECT name FROM agent WHERE id = :i", i=reviewed.agent_id))
    names = {
        "r": reviewed.bead, "w": working, "q": asked["question"], "p": asked["permission"],
        "permit": world.do(permits.grant, asked["permission"]), "idle": str(idle[0][0]), "plan": PLAN.strip(),
        "a": line.bead("a"), "b": line.bead("b"), "h": line.bead("h"), "f": line.bead("f"),
    }  # fmt: skip
    names["after"] = line.bead("after", "--after", names["b"])
    for bead in (names["h"], names["f"]):
        line.ok("bead", "claim", bead)
    line.ok("bead", "fail", names["f"], "-m", "no")
    line.ok("convoy", "create", "trip", line.bead("t"))
    line.ok("budget", "set", "bead", names["b"], "usd=1")
    line.ok("subscription", "register", "work", stdin="token")
    line.ok("key", "add", "dee", "--role", "viewer", stdin=KEYS[1])
    line.ok("identity", "create", "--username", "cedar")
    line.ok("profile", "apply", "backend")
    world.do(cast_elm, Role.WORKER)
    git(line.repository, "branch", f"halftui/{names['r']}")
    return names


@pytest.fixture
def stage(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Return a copy of the stage; its repository is shared, since few commands touch it."""
    for name in ("home", "config"):
        shutil.copytree(template.folder / name, tmp_path / name)
    (tmp_path / "other").mkdir()
    shutil.copy(template.folder / "copy.db", tmp_path)
    monkeypatch.chdir(template.folder / "shop")
    _settle(monkeypatch, template.folder)
    monkeypatch.setenv("HALFTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    line = Line(tmp_path / "home", template.folder / "shop")
    return Stage(line, tmp_path, {**template.names, "folder": str(tmp_path)})

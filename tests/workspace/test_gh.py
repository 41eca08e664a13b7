"""The guide's program for GitHub's `gh`, against a double that speaks as `gh` does."""

import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Unavailable
from halftui.workspace import forge
from halftui.workspace.forge import Answer
from tests.helpers import gh
from tests.workspace.scene import World, commit, environment, git

ROOT = Path(__file__).parents[2]
URL = "https://github.com/you/shop/pull/1"
HOSTILE = (
    "--repo=evil/shop", "-R evil/shop", "$(touch CANARY)", "`touch CANARY`; touch CANARY", '"quoted" \'too\'',
    "two  spaces & more | less > CANARY", "äöü 漢字 🎉", "%s {0} \\n", "@file", "x" * 400,
)  # fmt: skip


@dataclass
class Forge:
    """GitHub, as the program of the guide sees it."""

    folder: Path
    world: World
    repository: str
    sha: str

    @property
    def file(self) -> Path:
        return self.folder / "gh.json"

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def change(self, **fields: Any) -> None:
        self.file.write_text(json.dumps(self.state | fields))

    def ask(self, verb: str, url: str = "", **fields: str) -> Answer:
        given = {
            "verb": verb, "url": url, "repository": self.repository, "git_dir": str(self.world.repo.path),
            "branch": "halftui/b-1", "target": "main", "commit": self.sha, "title": "A note", "body": "made",
        }  # fmt: skip
        env = environment(self.folder / "nobody")
        env |= {
            "PATH": f"{self.folder}/bin:{env['PATH']}",
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
        }
        return forge.ask(f"{shlex.quote(sys.executable)} {self.folder}/forge.py", given | fields, env)


@pytest.fixture(params=["git@github.com:you/shop.git", "https://github.com/you/shop", "folder"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Forge:
    """Return a forge with a repository, and a board with work on it."""
    guide = (ROOT / "docs/guide/pull-requests.md").read_text()
    program = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert program
    (tmp_path / "forge.py").write_text(program[1])
    (tmp_path / "bin").mkdir()
    double = tmp_path / "bin/gh"
    words = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.helpers import gh"
    call = f"sys.exit(gh.main(__import__('pathlib').Path({str(tmp_path / 'gh.json')!r}), sys.argv[1:]))"
    double.write_text(f"#!{sys.executable}\n{words}\n{call}\n")
    double.chmod(0o755)
    (tmp_path / "gh.json").write_text('{"pulls": [], "calls": []}')
    world = World(tmp_path / "w").open()
    git(tmp_path, "clone", "-q", "--bare", str(world.project), "central.git")
    rewrite = [
        f"\tpushInsteadOf = {place}\n"
        for place in ("git@github.com:you/shop.git", "https://github.com/you/shop")
    ]
    (tmp_path / "gitconfig").write_text(f'[url "{tmp_path}/central.git"]\n{"".join(rewrite)}')
    git(world.project, "remote", "add", "origin", "git@github.com:you/shop.git")
    sha = world.work("b-1", {"note.txt": "made\n"})
    place = str(world.project) if request.param == "folder" else request.param
    return Forge(tmp_path, world, place, sha)


def test_one_pull_request_from_open_to_merged(hub: Forge) -> None:
    assert hub.ask("open") == Answer("open", URL)
    central = hub.folder / "central.git"
    assert git(central, "rev-parse", "refs/heads/halftui/b-1") == hub.sha
    (pull,) = hub.state["pulls"]
    assert (pull["title"], pull["body"], pull["base"]) == ("A note", "made", "main")
    assert hub.ask("open") == Answer("open", URL), "a second time it is the same one"
    assert len(hub.state["pulls"]) == 1
    assert hub.ask("look", URL) == Answer("open")
    hub.change(pulls=[pull | {"state": "MERGED", "mergeCommit": {"oid": "a" * 40}}])
    assert hub.ask("look", URL) == Answer("merged", "", "a" * 40)
    assert hub.ask("close", URL) == Answer("closed"), "nothing is left to close"
    assert hub.state["pulls"][0]["state"] == "MERGED"


def test_newer_work_replaces_the_branch(hub: Forge) -> None:
    hub.ask("open")
    tree = hub.world.clone()
    commit(tree.path, "more", {"more.txt": "x"})
    git(tree.path, "commit", "-q", "--amend", "-m", "Written anew")
    hub.sha = str(hub.world.repo.collect(tree, 2))
    assert hub.ask("open") == Answer("open", URL)
    assert git(hub.folder / "central.git", "rev-parse", "refs/heads/halftui/b-1") == hub.sha


def test_closed_there_and_closed_from_here(hub: Forge) -> None:
    hub.ask("open")
    (pull,) = hub.state["pulls"]
    hub.change(pulls=[pull | {"state": "CLOSED"}])
    assert hub.ask("look", URL) == Answer("closed")
    assert hub.ask("close", URL) == Answer("closed")
    hub.change(pulls=[pull])
    assert hub.ask("close", URL) == Answer("closed")
    assert hub.state["pulls"][0]["state"] == "CLOSED"


def test_a_pull_request_of_a_fork_is_not_taken_for_ones_own(hub: Forge) -> None:
    theirs = {"url": f"{URL}", "head": "halftui/b-1", "state": "OPEN", "mergeCommit": None, "number": 1,
              "isCrossRepository": True, "title": "x"}  # fmt: skip
    hub.change(pulls=[theirs])
    assert hub.ask("open") == Answer("open", "https://github.com/you/shop/pull/2")


@pytest.mark.parametrize("verb", ["open", "look", "close"])
def test_a_network_that_is_away_is_said(hub: Forge, verb: str) -> None:
    hub.change(fails=gh.AWAY)
    with pytest.raises(Unavailable, match="check your internet connection"):
        hub.ask(verb, URL)


def test_one_that_is_not_there_is_no_state(hub: Forge) -> None:
    with pytest.raises(Unavailable, match="Could not resolve to a PullRequest with the number of 9"):
        hub.ask("look", "https://github.com/you/shop/pull/9")


def test_no_login_is_said(hub: Forge) -> None:
    hub.change(fails="To get started with GitHub CLI, please run:  gh auth login")
    with pytest.raises(Unavailable, match="gh auth login"):
        hub.ask("look", URL)


def test_hostile_titles_and_words_stay_words(hub: Forge) -> None:
    for number, title in enumerate(HOSTILE):
        said = title.replace("CANARY", str(hub.folder / "canary"))
        branch, body = f"halftui/b-{number}", f"{said}\n--body\n" + "ü" * 70_000
        hub.ask("open", title=said, body=body, branch=branch)
        pull = hub.state["pulls"][-1]
        assert (pull["title"], pull["head"], pull["base"]) == (said[:256], branch, "main")
        assert pull["body"] == body[:60_000]
    assert len(hub.state["pulls"]) == len(HOSTILE)
    assert not (hub.folder / "canary").exists()


def test_a_place_at_no_forge_is_said(hub: Forge) -> None:
    hub.repository = "nowhere"
    with pytest.raises(Unavailable, match="nowhere is at no forge"):
        hub.ask("look", URL)

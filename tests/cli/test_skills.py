"""`halftui skills` and `halftui plan` on the command line."""

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Line
from tests.helpers.world import World

PLAN = """```yaml
- kind: convoy
  spec: {name: Trip}
- kind: bead
  ref: a
  spec: {title: first}
- kind: bead
  spec: {title: second, after: [a]}
```"""


def test_installing(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    files = [row["file"] for row in line.ok("skills", "install", "-o", "json").json]
    folders = (".claude/skills", ".codex/skills", ".agents/skills")
    assert files == [str(tmp_path / f / "halftui" / "SKILL.md") for f in folders]
    text = Path(files[0]).read_text()
    assert line.ok("skills", "show").out == text
    line.ok("skills", "install", "--for", "claude")
    Path(files[0]).write_text("mine")
    ran = line("skills", "install")
    assert (ran.code, Path(files[0]).read_text()) == (3, "mine")
    line.ok("skills", "install", "--force")
    assert Path(files[0]).read_text() == text


def test_into_a_project(line: Line) -> None:
    line.ok("skills", "install", "--for", "claude", "--folder", str(line.repository))
    assert (line.repository / ".claude/skills/halftui/SKILL.md").is_file()
    assert line("skills", "install", "--folder", "/nowhere").code == 2
    assert line("skills", "install", "--folder", "/proc/self").code == 2


def test_the_skill_names_commands_that_exist(line: Line) -> None:
    text = line.ok("skills", "show", "-o", "json").json["text"]
    head = yaml.safe_load(text.split("---")[1])
    assert head["name"] == "halftui"
    commands = {
        tuple(w for w in row.split("#")[0].split() if w.isalpha())[1:3]
        for row in text.splitlines() if row.startswith("halftui ")
    }  # fmt: skip
    assert len(commands) > 12
    for words in commands:
        if line(*words, "--help").code:
            assert line(words[0], "--help").code == 0, words


def test_a_plan_waits_to_be_started(line: Line, world: World) -> None:
    """The test's door hands the goal back as the leader's words."""
    said = line.ok("plan", PLAN).out
    assert "Trip is staged" in said
    assert said.endswith("halftui convoy start trip lets it go\n")
    found = line.ok("convoy", "show", "trip", "-o", "json").json
    assert [[card["title"] for card in wave] for wave in found["waves"]] == [["first"], ["second"]]
    assert world.lane(found["waves"][0][0]["id"]) == "blocked"


@pytest.mark.parametrize("goal", ["", " ", "just words", "```yaml\n```", PLAN.replace("second", "")])
def test_a_plan_that_is_none(line: Line, world: World, goal: str) -> None:
    rows = world.dump()
    ran = line("plan", goal)
    assert (ran.code, ran.out) == (2, "")
    assert world.dump() == rows

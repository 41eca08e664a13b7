"""A leader at work: the board's own, which only plans, and one in its own terminal, by the skill."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from halftui.cli.commands import plan as plan_command
from halftui.demo.model import ScriptedModel
from halftui.domain.actor import ENGINE, Role
from halftui.errors import AttemptFailed, Denied, Misconfigured
from halftui.main.house import House
from halftui.main.plan import plan
from halftui.ops import identities, listings, manifests, signers, views
from tests.helpers.boards import Scene, commits, git, scene, script

ROOT = Path(__file__).parents[2]
PLAN = """I looked around.

```yaml
- kind: convoy
  spec: {name: Safer sessions}
- kind: bead
  ref: rotate
  spec: {title: Rotate tokens, acceptance: old ones die}
- kind: bead
  spec: {title: Tell users, after: [rotate], convoy: another one}
```
"""
HOSTILE = [
    "no plan at all",
    "```yaml\n- kind: convoy\n  spec: {name: x}\n```",
    "```yaml\n- kind: bead\n  spec: {title: x}\n```",
    PLAN.replace("kind: convoy", "kind: board"),
    PLAN.replace("  ref: rotate", "  id: sh-1\n  ref: rotate"),
    "```yaml\n- kind: convoy\n  spec: {name: x}\n" + "- kind: bead\n  spec: {title: y}\n" * 201 + "```",
    "```yaml\n!!python/object/apply:os.system [id]\n```",
]


def _says(text: str) -> str:
    """Return a goal upon which the scripted model looks at a file and then says this."""
    look = {"text": "I look.", "tool": "Read", "input": {"file_path": "$WORK/README.md"}}
    return script(look, {"text": text})


async def test_the_boards_leader_makes_a_staged_convoy(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        told: list[str] = []
        rooms = at.house.engine(at.house.service, runtime=at.runtime).rooms
        planned = await plan(at.house, at.board.id, _says(PLAN), told.append, rooms)
        assert any("README.md" in line for line in told)
        done = planned.service.write(manifests.apply, at.board.id, plan_command.read(planned.text))
        found = at.house.service.read(listings.convoy, done[0].id, at.board.id)
        assert (found.convoy.name, found.convoy.state) == ("Safer sessions", "staged")
        assert [[card.title for card in wave] for wave in found.waves] == [["Rotate tokens"], ["Tell users"]]
        leader = at.house.store.read(signers.leader, "ann", "claude")
        assert leader is not None
        assert {e.actor for e in at.house.store.read(views.events, 0) if e.verb == "bead.create"} == {
            f"agent:{leader.id}"
        }
        assert at.house.service.read(views.lane, at.board.id, "ready").total == 0, "nothing starts by itself"
        left = [p for p in (at.house.home / "plans", at.house.home / "run") if p.exists() and [*p.iterdir()]]
        assert left == []
        again = await plan(at.house, at.board.id, _says(PLAN), told.append, rooms)
        assert again.service.actor == planned.service.actor, "one leader, however often it is asked"


async def test_a_leader_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        rooms = at.house.engine(at.house.service, runtime=at.runtime).rooms
        with pytest.raises(AttemptFailed, match="the leader made no plan"):
            await plan(at.house, at.board.id, script({"status": 400}), lambda _: None, rooms)
        assert not [*(at.house.home / "plans").iterdir()]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_leaders_words_make_nothing_but_new_beads(text: str) -> None:
    with pytest.raises(Misconfigured):
        plan_command.read(text)


SHELL = {
    "who": "halftui whoami",
    "plan": """halftui apply -f - <<'YAML'
- kind: convoy
  ref: trip
  spec: {name: Safer sessions}
- kind: bead
  ref: one
  spec:
    title: one
    convoy: trip
    description: DESCRIPTION-one
- kind: bead
  ref: two
  spec:
    title: two
    convoy: trip
    after: [one]
    description: DESCRIPTION-two
- kind: bead
  ref: three
  spec:
    title: three
    convoy: trip
    after: [one]
    description: DESCRIPTION-three
- kind: bead
  ref: four
  spec:
    title: four
    convoy: trip
    after: [two, three]
    description: DESCRIPTION-four
- kind: bead
  spec:
    title: five
    convoy: trip
    after: [four]
    description: DESCRIPTION-five
YAML
halftui convoy show safer-sessions && halftui convoy start safer-sessions""",
    "review": """set -e
for title in one two three four five; do
  id=$(halftui get beads -o json | PYTHON -c "import json,sys; \
print(next(b['id'] for b in json.load(sys.stdin) if b['spec']['title'] == '$title'))")
  halftui wait bead $id --until review --timeout 90s
  halftui bead diff $id | grep -q "$title.txt"
  if [ $title = two ] && [ ! -e "$HOME/sent-back" ]; then
    touch "$HOME/sent-back"
    halftui bead reject $id -m "Say it louder."
    sleep 1
    halftui wait bead $id --until review --timeout 90s
  fi
  halftui bead approve $id
done
halftui wait convoy safer-sessions --timeout 30s""",
    "own": "halftui bead claim safer || echo refused with $?",
}


def _plan_text() -> str:
    text = SHELL["plan"]
    for name in ("one", "two", "three", "four", "five"):
        turns = script(commits(f"{name}.txt", f"{name}\n"), {"text": f"{name} is there."})
        text = text.replace(f"DESCRIPTION-{name}", json.dumps(turns))
    return text


def _program(folder: Path) -> None:
    """Put a `halftui` on the leader's path that is this tree's."""
    folder.mkdir()
    file = folder / "halftui"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m halftui "$@"\n')
    file.chmod(0o755)


async def _lead(at: Scene, folder: Path, model: ScriptedModel, goal: str) -> tuple[int, str]:
    import claude_agent_sdk

    cli = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    home = folder / "leader"
    env = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "PYTHONPATH": str(ROOT),
        "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "placeholder", "IS_SANDBOX": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
        "HALFTUI_HOME": str(at.house.home), "HALFTUI_USER": "ann", "HALFTUI_CONFIG": str(folder / "config"),
    }  # fmt: skip
    ran = await asyncio.create_subprocess_exec(
        cli, "-p", goal, "--permission-mode", "bypassPermissions", "--setting-sources", "user",
        "--output-format", "stream-json", "--verbose",
        cwd=at.repository, env=env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await ran.communicate()
    return ran.returncode or 0, out.decode()


def _bash(name: str, text: str) -> dict[str, Any]:
    return {"text": name, "tool": "Bash", "input": {"command": text, "description": name, "timeout": 280_000}}


@pytest.mark.timeout(300)
async def test_a_leader_plans_and_lands_five_beads_by_the_skill(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="scripted") as at, ScriptedModel() as model:
        made = at.house.service.write(identities.create, at.board.id, "cedar", "Cedar")
        _program(tmp_path / "bin")
        (tmp_path / "leader").mkdir()
        installed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "halftui", "skills", "install", "--for", "claude",
            env={"HOME": str(tmp_path / "leader"), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert await installed.wait() == 0
        goal = script(
            {"text": "I read how this is done.", "tool": "Skill", "input": {"skill": "halftui"}},
            _bash("who am I", SHELL["who"]),
            _bash("plan", _plan_text()),
            _bash("review", SHELL["review"].replace("PYTHON", sys.executable)),
            {"text": "All five landed."},
        )
        async with at.working():
            code, said = await _lead(at, tmp_path, model, f"Make sessions safer. {goal}")
        assert code == 0, said
        assert "All five landed." in said
        assert "Leading a HalfTUI board" in said, "the skill was read"
        assert f"agent:{made}" in said, "it knows who it is"
        found = at.house.service.read(listings.convoy, "safer-sessions", at.board.id)
        assert (found.convoy.state, found.convoy.finished, found.convoy.failed) == ("landed", 5, 0), said
        names = git(at.repository, "ls-tree", "--name-only", "main").splitlines()
        assert {f"{n}.txt" for n in ("one", "two", "three", "four", "five")} <= set(names)
        actors = {(e.verb, e.actor) for e in at.house.store.read(views.events, 0, most=10_000)}
        leader = f"agent:{made}"
        for verb in ("convoy.create", "convoy.start", "bead.create", "bead.reject", "bead.approve"):
            assert (verb, leader) in actors
            assert (verb, "person:ann") not in actors


def test_a_leader_may_not_do_what_people_do(tmp_path: Path) -> None:
    async def run() -> None:
        async with scene(tmp_path) as at:
            made = at.house.service.write(identities.create, at.board.id, "cedar")
            house = House(at.house.settings, {**at.house.env, "HALFTUI_AGENT": "cedar"})
            assert (house.actor.name, house.actor.role) == (made, Role.LEADER)
            from halftui.ops import beads, boards, subscriptions

            bead = at.add("work")
            with pytest.raises(Denied):
                house.service.write(beads.claim, bead)
            with pytest.raises(Denied):
                house.service.write(boards.edit, at.board.id, cap=9)
            with pytest.raises(Denied):
                house.service.write(subscriptions.remove, "x")
            at.house.store.write(ENGINE, beads.hold, bead, "")
            house.store.close()

    asyncio.run(run())

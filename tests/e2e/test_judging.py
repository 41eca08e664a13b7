"""Checks and reviews in containers: confined like any agent, and without effect on the work they look at."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from docker.errors import NotFound

from halftui.engine.naming import HOME_LABEL, home_label
from halftui.ops import boards, trials
from halftui.runtime.base import Runtime
from halftui.runtime.script import Script, read
from halftui.runtime.scripted import ScriptedRuntime
from halftui.sandbox.docker import engine, socket_of
from halftui.sandbox.hardening import assert_hardened
from tests.helpers.boards import Scene, commits, git, scene, script

pytestmark = pytest.mark.docker

PROBES = (
    "id -u; grep -E 'CapEff|NoNewPrivs' /proc/self/status; ls /sys/class/net;"
    " env | grep -ci anthropic || true",
    "touch /x || echo root refused; objects=$(cat .git/objects/info/alternates); "
    "touch $objects/x || echo objects refused; ls /run/halftui | wc -l",
    "python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 2)' 2>&1 | tail -1",
    "echo mine > note.txt; git commit -qam mine 2>&1; sleep 2",
)
SPOIL = (
    "echo spoiled > note.txt; git add -A; git -c user.name=x -c user.email=x@x commit -qm spoiled;"
    " git branch -f halftui/BEAD HEAD; objects=$(cat .git/objects/info/alternates);"
    " touch $objects/spoiled 2> refused.txt; echo spoiled > $objects/../HEAD; git push -q origin HEAD; true"
)


async def _scripted(kind: str, credential: str) -> Runtime:
    return ScriptedRuntime(python="python3")


def _inspected(at: Scene, host: str, label: str) -> list[dict[str, object]]:
    with engine(socket_of(host)) as api:
        labels = [f"halftui.{HOME_LABEL}={home_label(at.house.home)}", f"halftui.{label}"]
        found = api.containers(all=True, filters={"label": labels})
        seen = []
        for each in found:
            with contextlib.suppress(NotFound):  # it ended meanwhile
                seen.append(api.inspect_container(each["Id"]))
        return seen


async def test_checks_run_confined_and_change_nothing(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    async with scene(tmp_path, "scripted", "docker", docker_host=docker_host) as at:
        at.house.service.write(boards.edit, at.board.id, checks="\n".join(PROBES), branch="main")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        seen: list[dict[str, object]] = []

        def look() -> bool:
            seen.extend(_inspected(at, docker_host, "trial"))
            return bool(seen)

        async with at.working_with(_scripted):
            await at.until(look)
            await at.until(lambda: at.see(bead).card.progress == "checks passed")
            tip = at.see(bead).tip
            await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
            await at.until(lambda: at.see(bead).card.state == "done")
        for each in seen:
            assert_hardened(each)
        assert _inspected(at, docker_host, "trial") == []
        (first, *_) = at.house.store.read(trials.listed, at.board.id, bead)
        assert first.state == "passed"
        uid, caps, privileges, network, secrets = _after(first.output, PROBES[0])
        assert uid not in ("", "0")
        assert caps.split()[1].strip("0") == ""
        assert (privileges.split()[1], network, secrets) == ("1", "lo", "0")
        assert _after(first.output, PROBES[1])[-1] == "0", "no socket of a credential"
        assert "root refused" in first.output
        assert "objects refused" in first.output
        assert "Network is unreachable" in first.output
        assert (at.repository / "note.txt").read_text() == "done\n"
        assert at.see(bead).tip == tip


async def test_a_reviewer_that_writes_has_no_effect(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    async with scene(tmp_path, "scripted", "docker", docker_host=docker_host) as at:
        at.house.service.write(boards.edit, at.board.id, review="agent")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        spoil = {"command": SPOIL.replace("BEAD", bead), "description": "x"}
        review = script({"text": "I look.", "tool": "Bash", "input": spoil}, {"text": "APPROVE\n\nfine"})

        def scenario(prompt: str) -> Script:
            is_review = prompt.startswith("Review this work")
            return read((review if is_review else prompt).partition("SCRIPT:")[2])

        async def runtime(kind: str, credential: str) -> Runtime:
            return ScriptedRuntime(scenario, python="python3")

        board = at.house.repository(at.board)
        tips: list[str] = []
        async with at.working_with(runtime):
            await at.until(lambda: bool(at.see(bead).tip))
            tips.append(at.see(bead).tip)
            await at.until(lambda: at.see(bead).card.state == "done")
        assert at.see(bead).tip == tips[0] == board.tip(f"halftui/{bead}")
        assert git(at.repository, "show", "main:note.txt") == "done"
        assert not list(board.objects.glob("spoiled"))
        assert (board.path / "HEAD").read_text() == "ref: refs/heads/halftui-none\n"
        assert "spoiled" not in git(board.path, "log", "--all", "--format=%s")
        assert not (tmp_path / f"home/reviews/{bead}/work").exists()


def _after(output: str, check: str) -> list[str]:
    """Return what a check printed."""
    rest = output.partition(f"$ {check}\n")[2]
    return rest.partition("\n$ ")[0].rstrip("\n").split("\n")

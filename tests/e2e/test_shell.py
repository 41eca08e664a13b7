"""A shell in an agent's container, in a real terminal: from the board, by command, and at the end."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from halftui.ops import views
from tests.helpers import tmux
from tests.helpers.boards import commits, scene, script
from tests.helpers.contained import Still, standing_still
from tests.helpers.tmux import Terminal

pytestmark = [pytest.mark.docker, tmux.NEEDED]
HALFTUI = [sys.executable, "-m", "halftui"]
GREETED = "Toast's container, sh-"
MODES = "#{alternate_on}#{cursor_flag}#{mouse_any_flag}#{keypad_flag}"


@pytest.fixture
async def still(tmp_path: Path, docker_host: str, agent_image: str) -> AsyncIterator[Still]:
    async with standing_still(tmp_path, docker_host, agent_image) as at:
        yield at


@contextmanager
def terminal(still: Still, folder: Path, *words: str, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    with tmux.terminal(folder, [*HALFTUI, *words], size, cwd=still.shop, env=still.env) as seen:
        yield seen


def modes(seen: Terminal) -> str:
    return seen.run("display", "-p", MODES).strip()


async def test_from_the_board_and_back(still: Still, tmp_path: Path) -> None:
    def walk() -> None:
        with terminal(still, tmp_path) as seen:
            before = seen.until("Stand still", "┏━ Working", "? help")
            at = modes(seen)
            seen.press("T")
            rows = seen.until(GREETED, "exit or ^D leads back", "$")
            assert not any("Stand still" in row for row in rows)
            assert modes(seen) == "0100"
            seen.type("echo t$((40+2)); stty size; whoami")
            seen.press("Enter")
            seen.until("t42", "24 80")
            seen.run("resize-window", "-x", "100", "-y", "30")
            seen.type("clear; stty size")
            seen.press("Enter")
            seen.until("30 100")
            seen.run("resize-window", "-x", "80", "-y", "24")
            seen.type(r"printf '\033]2;PWNED\007\033[?1049h\033[?1003h\033[?25l\033='")
            seen.press("Enter")
            seen.until("$")
            seen.press("C-d")
            seen.until("Stand still", "ended with 0")
            assert seen.run("display", "-p", "#{pane_title}").strip() != "PWNED"
            after = seen.until("Stand still", gone=["ended with 0"])
            for row in (0, 1, -1):
                assert after[row] == before[row]
            assert modes(seen) == at
            seen.press("j", "q")
            seen.until("LEFT 0")
            assert modes(seen) == "0100"

    await asyncio.to_thread(walk)
    assert still.told() == [("person:owner", "began: a shell"), ("person:owner", "ended with 0")]


async def test_the_menu_offers_it_and_so_does_the_help(still: Still, tmp_path: Path) -> None:
    def walk() -> None:
        with terminal(still, tmp_path, size=(120, 40)) as seen:
            seen.until("Stand still", "? help")
            seen.press("m")
            seen.until("A shell of your own in its agent's container")
            seen.press("T")
            seen.until(GREETED)
            seen.type("exit")
            seen.press("Enter")
            seen.until("Stand still", "ended with 0")
            seen.press(":")
            seen.type(f"bead shell {still.bead}")
            seen.press("Enter")
            seen.until("a shell takes a whole terminal")

    await asyncio.to_thread(walk)


async def test_a_board_that_is_ended_meanwhile_leaves_nothing(still: Still, tmp_path: Path) -> None:
    def walk() -> None:
        with terminal(still, tmp_path) as seen:
            seen.until("Stand still", "? help")
            seen.press("T")
            seen.until(GREETED)
            seen.type("sleep 1111")
            seen.press("Enter")
            pid = seen.run("display", "-p", "#{pane_pid}").strip()
            board = subprocess.run(["pgrep", "-P", pid], check=True, capture_output=True, text=True).stdout
            subprocess.run(["kill", f"-{signal.SIGTERM}", board.split()[0]], check=True)
            seen.until("LEFT 0")
            assert modes(seen) == "0100"

    await asyncio.to_thread(walk)
    assert "sleep" not in still.processes()
    assert still.told()[1][1] == "broken off"


async def test_the_command_says_how_it_ended(still: Still, tmp_path: Path) -> None:
    def walk(folder: str, words: tuple[str, ...], *wanted: str) -> None:
        (place := tmp_path / folder).mkdir()
        with terminal(still, place, *words, size=(110, 24)) as seen:
            seen.until(*wanted)

    shell = ("bead", "shell", still.bead)
    await asyncio.to_thread(
        walk, "a", (*shell, "--", "sh", "-c", "pwd; exit 6"), "/work", "ended with 6", "LEFT 6"
    )
    await asyncio.to_thread(walk, "b", (*shell, "-o", "json", "--", "true"), "LEFT 0")
    await asyncio.to_thread(walk, "c", ("bead", "shell", "sh-none"), "LEFT 5")
    await still.end()
    await asyncio.to_thread(walk, "d", shell, "no agent is at work", "git fetch", "LEFT 3")


async def test_an_attempt_ends_under_a_shell_and_is_not_held_up(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    wait = {"input": {"command": "touch begun; until [ -e go ]; do sleep 0.1; done", "description": "x"}}
    turns = [{"tool": "Bash", **wait}, commits("by-agent"), {"text": "Done."}]
    async with scene(tmp_path, "claude", "docker", docker_host=docker_host) as at:
        bead = at.add("Wait for a person", script(*turns))
        env = {"HALFTUI_HOME": str(at.house.home), "HALFTUI_CONFIG": str(tmp_path / "config"),
               "HALFTUI_USER": "ann", "DOCKER_HOST": docker_host, "HOME": str(tmp_path)}  # fmt: skip

        def walk() -> None:
            command = [*HALFTUI, "bead", "shell", bead]
            with tmux.terminal(tmp_path, command, (100, 30), cwd=at.repository, env=env) as seen:
                seen.until("container", "$")
                seen.type("env | grep -c CANARY; cat /proc/[0-9]*/environ | grep -c real-credential")
                seen.press("Enter")
                seen.until("\n0\n0\n")
                seen.type("echo mine > by-person; touch go; trap '' HUP TERM; sleep 1000")
                seen.press("Enter")
                seen.until("the container ended", "LEFT 137")

        async with at.working():
            await at.until(lambda: (at.house.home / f"beads/{bead}/work/begun").exists())
            await asyncio.to_thread(walk)
            await at.until(lambda: at.see(bead).card.state == "review")
        detail = at.see(bead)
        assert [(a.outcome, a.reason) for a in detail.attempts] == [("passed", "")]
        work = at.house.service.review(at.board.id).work(bead)
        assert {file.path for file in work.files} >= {"by-agent", "by-person"}
        told = [e for e in at.house.store.read(views.events, 0, most=10_000) if e.verb == "bead.shell"]
        assert [e.after["reason"] for e in told] == ["began: a shell", "the container ended"]


async def test_an_agent_without_container_has_no_shell(tmp_path: Path) -> None:
    wait = {"input": {"command": "touch begun; until [ -e go ]; do sleep 0.1; done", "description": "x"}}
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Wait here", script({"tool": "Bash", **wait}, {"text": "Done."}))
        env = {"HALFTUI_HOME": str(at.house.home), "HALFTUI_CONFIG": str(tmp_path / "config"),
               "HALFTUI_USER": "ann", "HALFTUI_SANDBOX": "local", "HOME": str(tmp_path)}  # fmt: skip

        def walk() -> None:
            command = [*HALFTUI, "bead", "shell", bead]
            with tmux.terminal(tmp_path, command, (110, 24), cwd=at.repository, env=env) as seen:
                seen.until("works without a container", f"halftui/{bead}", "LEFT 3")

        async with at.working():
            work = at.house.home / f"beads/{bead}/work"
            await at.until(lambda: (work / "begun").exists())
            await asyncio.to_thread(walk)
            (work / "go").touch()
            await at.until(lambda: at.see(bead).card.state == "review")

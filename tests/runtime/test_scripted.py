"""The runtimes without a model: the player and the shell; and the choice among all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.happenings import (
    Answer,
    Ended,
    Happening,
    Outcome,
    Printed,
    Retrying,
    Returned,
    Said,
    Started,
    Thought,
    Used,
)
from halftui.domain.names import RUNTIMES
from halftui.errors import Misconfigured, Unavailable
from halftui.runtime.base import Brief, Runtime
from halftui.runtime.choose import make
from halftui.runtime.script import Turn
from halftui.runtime.scripted import ScriptedRuntime
from halftui.runtime.shell import ShellRuntime
from tests.runtime.doubles import FixedDesk, SaidProcess, Stage

YES = Answer("yes", is_allowed=True)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.under(tmp_path, str(ScriptedRuntime().program()))


def brief(*turns: object, is_free: bool = True, command: str = "") -> Brief:
    prompt = f"Do it. SCRIPT:{json.dumps(turns)}"
    return Brief("a1", "b1", prompt, "", "s1", is_free=is_free, command=command)


async def said_by(runtime: Runtime, process: SaidProcess, told: Brief) -> list[Happening]:
    return [happening async for happening in runtime.converse(told, process, FixedDesk(YES))]


def end(happenings: list[Happening]) -> Ended:
    last = happenings[-1]
    assert isinstance(last, Ended)
    return last


async def test_a_play_really_works(stage: Stage) -> None:
    command = "cat src/a.txt; echo no >&2; exit 3"
    told = brief(
        {"thought": "hm", "text": "I write."},
        {"tool": "Write", "input": {"file_path": "$WORK/src/a.txt", "content": "a\n"}},
        {
            "tool": "Edit",
            "input": {"file_path": "src/a.txt", "old_string": "a", "new_string": "b"},
        },
        {"tools": [{"tool": "Bash", "input": {"command": command}}]},
        {"tool": "Fly"},
        {"text": "Done."},
    )
    happenings = await stage.run(ScriptedRuntime(), told, FixedDesk(YES))
    work = stage.inside.work
    assert happenings == [
        Started("s1", "scripted"),
        Thought("hm"),
        Said("I write."),
        Used("call-1-0", "Write", f"Write {work}/src/a.txt +1", "+a"),
        Returned("call-1-0", True, f"Wrote {work}/src/a.txt."),
        Used("call-2-0", "Edit", "Edit src/a.txt +1 -1", "-a\n+b"),
        Returned("call-2-0", True, "Edited src/a.txt."),
        Used("call-3-0", "Bash", f"Bash {command}", command),
        Returned("call-3-0", False, "b\nno\n"),
        Used("call-4-0", "Fly", "Fly", "{}"),
        Returned("call-4-0", False, "KeyError: 'file_path'"),
        Said("Done."),
        Ended(Outcome.PASSED, "", "Done.", None, 0),
    ]
    assert (stage.work / "src" / "a.txt").read_text() == "b\n"


@pytest.mark.parametrize(
    ("turn", "outcome", "reason", "status"),
    [
        ({"status": 429}, Outcome.LIMITED, "limit", 429),
        ({"fault": "limit"}, Outcome.LIMITED, "limit", 429),
        ({"status": 401}, Outcome.FAILED, "auth", 401),
        ({"status": 500}, Outcome.FAILED, "transport", 500),
        ({"fault": "credit"}, Outcome.FAILED, "credit", 400),
        ({"fault": "cut"}, Outcome.FAILED, "transport", None),
    ],
)
async def test_a_play_fails_as_the_cli_would(
    stage: Stage, turn: object, outcome: str, reason: str, status: int | None
) -> None:
    happenings = await stage.run(ScriptedRuntime(), brief(turn), FixedDesk(YES))
    ended = end(happenings)
    assert (ended.outcome, ended.reason, ended.status, ended.exit_code) == (
        outcome,
        reason,
        status,
        1,
    )


async def test_a_play_can_recover(stage: Stage) -> None:
    happenings = await stage.run(
        ScriptedRuntime(), brief({"status": 529, "times": 1, "text": "Back."}), FixedDesk(YES)
    )
    assert happenings[1:] == [
        Retrying(529, 1, 0.2),
        Said("Back."),
        Ended(Outcome.PASSED, "", "Back.", None, 0),
    ]


@pytest.mark.parametrize("answer", [YES, Answer("Never.")])
async def test_a_play_asks(stage: Stage, answer: Answer) -> None:
    told = brief(
        {"tool": "ask", "input": {"question": "Which?", "options": ["a", "b"]}},
        {"tool": "Bash", "input": {"command": "touch made"}},
        is_free=False,
    )
    desk = FixedDesk(answer)
    happenings = await stage.run(ScriptedRuntime(), told, desk)
    question, permission = desk.asked
    assert (question.kind, question.text, question.request) == ("question", "Which?", "a1:call-0-0")
    assert [option.label for option in question.options] == ["a", "b"]
    assert (permission.kind, permission.tool, permission.detail) == (
        "permission",
        "Bash",
        "touch made",
    )
    returned = [h for h in happenings if isinstance(h, Returned)]
    assert returned[0].text == answer.text
    assert (stage.work / "made").exists() is returned[1].is_ok is answer.is_allowed
    assert end(happenings).outcome is Outcome.PASSED


async def test_a_scenario_and_a_killed_player(stage: Stage) -> None:
    runtime = ScriptedRuntime(lambda text: (Turn(text=text), Turn(fault="hang")))  # type: ignore[arg-type]
    command = runtime.command(brief(), stage.inside)
    process = await stage.start(command.argv, command.env)
    happenings: list[Happening] = []
    async for happening in runtime.converse(brief(), process, FixedDesk(YES)):
        happenings.append(happening)
        if isinstance(happening, Said):
            await process.stop()
    assert happenings[1] == Said(brief().prompt)
    assert end(happenings).reason == "killed"


HOSTILE = [b"junk", b"[]", b'{"kind": "x"}', b'{"kind": "ask"}', b"\xff", b"[" * 90_000]


async def test_hostile_events_are_garbage() -> None:
    chunks: list[bytes] = [line + b"\n" for line in HOSTILE]
    happenings = await said_by(ScriptedRuntime(), SaidProcess(chunks), brief())
    assert sum(isinstance(happening, Printed) for happening in happenings) == len(HOSTILE)
    assert end(happenings).reason == "garbage"


async def test_an_unreadable_script_is_an_error() -> None:
    told = Brief("a1", "b1", "SCRIPT:nonsense", "", "s1")
    happenings = await said_by(ScriptedRuntime(), SaidProcess([]), told)
    assert end(happenings).reason == "error"


class Lost(SaidProcess):
    """A program whose sandbox can't be asked any more."""

    async def wait(self) -> Any:
        raise Unavailable("The engine is away.")


@pytest.mark.parametrize("kind", ["scripted", "shell"])
async def test_a_lost_sandbox_is_lost(kind: str) -> None:
    ended = end(await said_by(make(kind), Lost([]), brief()))
    assert (ended.outcome, ended.reason) == (Outcome.LOST, "lost")


@pytest.mark.parametrize(
    ("command", "lines", "outcome", "reason", "code"),
    [
        ("echo a; echo b >&2; printf c", ["a", "b", "c"], Outcome.PASSED, "", 0),
        ("echo a; exit 3", ["a"], Outcome.FAILED, "exit", 3),
        ("kill -9 $$", [], Outcome.FAILED, "killed", 137),
        ("cat", [], Outcome.PASSED, "", 0),
        ("printf '\\033[31mred\\033[0m\\r\\n\\377'", ["\x1b[31mred\x1b[0m", "�"], "passed", "", 0),
        ("head -c 100000 /dev/zero; echo; echo a", ["a"], Outcome.PASSED, "", 0),
    ],
)
async def test_a_shell_command(
    stage: Stage, command: str, lines: list[str], outcome: str, reason: str, code: int
) -> None:
    happenings = await stage.run(ShellRuntime(), brief(command=command), FixedDesk(YES))
    printed = [h.text for h in happenings if isinstance(h, Printed)]
    assert [line for line in printed if "too long" not in line] == lines
    ended = end(happenings)
    assert (ended.outcome, ended.reason, ended.exit_code) == (outcome, reason, code)
    assert ended.summary == (lines[-1] if lines else "")


async def test_a_shell_out_of_memory() -> None:
    ended = end(await said_by(ShellRuntime(), SaidProcess([], 137, oom=True), brief()))
    assert ended.reason == "oom"


def test_make(tmp_path: Path) -> None:
    assert [make(kind, programs=tmp_path).kind for kind in RUNTIMES] == list(RUNTIMES)
    with pytest.raises(Misconfigured, match="copilot"):
        make("copilot")


@pytest.mark.parametrize(
    ("kind", "heavy"),
    [("shell", "claude_agent_sdk"), ("scripted", "claude_agent_sdk"), ("scripted", "aiohttp")],
)
def test_a_runtime_brings_only_what_it_needs(kind: str, heavy: str) -> None:
    code = (
        f"import sys; from halftui.runtime.choose import make; make({kind!r}); "
        f"sys.exit({heavy!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

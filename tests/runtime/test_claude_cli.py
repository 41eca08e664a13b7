"""The real Claude CLI, from the wheel, against the scripted model."""

import json
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from halftui.demo.model import ScriptedModel
from halftui.domain.happenings import (
    Answer,
    Ended,
    Happening,
    Metered,
    Outcome,
    Returned,
    Said,
    Started,
    Thought,
    Used,
)
from halftui.runtime.base import Brief
from halftui.runtime.claude import ClaudeRuntime
from tests.runtime.doubles import FixedDesk, Stage

YES = Answer("yes", is_allowed=True)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.under(tmp_path, str(ClaudeRuntime().program()))


@pytest.fixture
async def model(stage: Stage) -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(socket=Path(stage.inside.sockets) / "api.sock") as model:
        yield model


def brief(*turns: object, is_free: bool = True, session: str = "", words: str = "Do it.") -> Brief:
    return Brief(
        attempt="a1",
        bead="b1",
        prompt=f"{words} SCRIPT:{json.dumps(turns)}",
        system="You are Toast, a worker.",
        session=session or str(uuid.uuid4()),
        is_free=is_free,
    )


def bash(command: str) -> dict[str, object]:
    return {"tool": "Bash", "input": {"command": command}}


def kinds(happenings: list[Happening], kind: type) -> list[Happening]:
    return [happening for happening in happenings if isinstance(happening, kind)]


def end(happenings: list[Happening]) -> Ended:
    last = happenings[-1]
    assert isinstance(last, Ended)
    assert len(kinds(happenings, Ended)) == 1
    return last


async def test_a_turn_writes_and_commits(stage: Stage, model: ScriptedModel) -> None:
    subprocess.run(["git", "init", "-q", stage.inside.work], check=True)
    commit = "git add . && git -c user.name=t -c user.email=t@t commit -qm 'Say hi' && git log"
    write = {"tool": "Write", "input": {"file_path": "$WORK/hi.txt", "content": "hi\nyou\n"}}
    told = brief({"thought": "hm", "text": "I write.", **write}, bash(commit), {"text": "Done."})
    desk = FixedDesk(YES)
    happenings = await stage.run(ClaudeRuntime(), told, desk)

    assert end(happenings) == Ended(Outcome.PASSED, "", "Done.", None, 0)
    assert happenings[0] == Started(told.session, model.requests[0].model)
    assert Thought("hm") in happenings
    assert kinds(happenings, Said) == [Said("I write."), Said("Done.")]
    used = kinds(happenings, Used)
    assert [u.summary for u in used if isinstance(u, Used)] == [
        "Write hi.txt +2",
        f"Bash {commit}",
    ]
    returned = kinds(happenings, Returned)
    assert all(isinstance(r, Returned) and r.is_ok for r in returned)
    assert "Say hi" in str(returned[1])
    assert (stage.work / "hi.txt").read_text() == "hi\nyou\n"
    assert desk.asked == []
    metered = [m for m in kinds(happenings, Metered) if isinstance(m, Metered)]
    assert sum(m.turns for m in metered) == 3
    assert sum(m.cost_usd for m in metered) > 0
    assert sum(m.tokens_in for m in metered) > 1000

"""P11: from the acceptance of one bead to the first words of the agent on the bead it freed."""

import asyncio
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halftui.domain.actor import person
from halftui.ops import beads
from halftui.runtime import proxy
from halftui.runtime.base import Brief
from halftui.runtime.claude import ClaudeRuntime
from halftui.runtime.proxy import Credential, Owner
from halftui.sandbox.base import Inside, Places, Spec
from tests.bench.table import NOTHING, Row, Series, p99
from tests.helpers.boards import CANARY, Scene, scene, script
from tests.helpers.docker import prepare

TRIES = 10
CAP = 60.0  # seconds
FIRST = b'"type":"assistant"'
TIMES = """
SELECT verb, at FROM event WHERE subject = :a AND verb = 'bead.approve'
  OR subject = :b AND verb = 'bead.claim'
  OR subject = :t AND verb = 'attempt.start'
UNION SELECT 'say', min(at) FROM line WHERE attempt_id = :t AND kind = 'say'
"""
STEPS = ("bead.approve", "bead.claim", "attempt.start", "say")


@dataclass(frozen=True)
class Trial:
    """Seconds from the acceptance to the claim, to the running program, to the first words."""

    claimed: float
    started: float
    spoke: float
    bead: str


def run(folder: Path, runs: int) -> Iterator[Row]:
    """On this machine, and in Docker where DOCKER_HOST answers."""
    tries = max(runs, TRIES)
    yield from _rows("local", asyncio.run(_measure(folder / "l", "local", tries, {})))
    host = os.environ.get("DOCKER_HOST")
    if not host:
        yield Row("P11", "unblock → first message, Docker: DOCKER_HOST is not set", "ms", NOTHING)
        return
    prepare(host)
    yield from _rows("Docker", asyncio.run(_measure(folder / "d", "docker", tries, {"docker_host": host})))


def _rows(where: str, measured: tuple[list[Trial], list[float], list[float]]) -> Iterator[Row]:
    trials, floors, warm = measured
    floor = Series(tuple(1000 * seconds for seconds in floors))
    for name, times in (("claim", 0), ("process started", 1), ("first message", 2)):
        found = Series(
            tuple(1000 * (t.claimed, t.started, t.spoke)[times] for t in trials), TRIES - len(trials)
        )
        metric = f"unblock → {name}, {where}"
        if name != "first message":
            yield Row("P11", metric, "ms", found)
            continue
        yield Row("P11", metric, "ms", found, "CLI alone", floor, times=1.2)
        yield Row("P11", f"{metric}, p99", "ms", found, "CLI alone", floor, statistic=p99)
    again = Series(tuple(1000 * seconds for seconds in warm))
    yield Row("P11", f"sent back → first message, {where}", "ms", again, "CLI alone", floor)


async def _measure(
    folder: Path, sandbox: str, tries: int, settings: Mapping[str, Any]
) -> tuple[list[Trial], list[float], list[float]]:
    folder.mkdir()
    async with scene(folder, "claude", sandbox, **settings) as at, at.working():
        trials, floors, warm = [], [], []
        for _ in range(tries):
            floors.append(await _alone(at, folder, sandbox))
            trials.append(await _unblock(at))
            warm.append(await _again(at, trials[-1].bead))
        return trials, floors, warm


async def _unblock(at: Scene) -> Trial:
    """Accept a bead that another waits for, and read from the database when what happened."""
    first = at.add("First", hold="done by hand")
    second = at.add("Second", script({"text": "Hello."}), after_beads=[first])
    store, other = at.house.store, person("bob")
    store.write(other, beads.claim, first)
    store.write(other, beads.submit, first, "by hand")
    await asyncio.sleep(0.3)  # what that woke is done
    await asyncio.to_thread(at.house.review(at.board.id).accept, first)
    await at.until(lambda: at.see(second).card.state == "review", CAP)
    found = store.read(lambda rows: rows.rows(TIMES, a=first, b=second, t=f"{second}@1"))
    times = {str(step): float(at) for step, at in found}
    began, *later = (times[step] for step in STEPS)
    claimed, started, spoke = (moment - began for moment in later)
    return Trial(claimed, started, spoke, second)


async def _again(at: Scene, bead: str) -> float:
    """Send work back, and return the seconds until its agent, whose clone and session are there, speaks."""
    at.house.store.write(person("bob"), beads.reject, bead, script({"text": "Again."}))
    await at.until(lambda: len(at.see(bead).attempts) == 2 and at.see(bead).card.state == "review", CAP)
    sql = (
        "SELECT (SELECT min(at) FROM line WHERE attempt_id = :t AND kind = 'say')"
        " - (SELECT at FROM event WHERE verb = 'bead.reject' AND subject = :b)"
    )
    return float(at.house.store.read(lambda rows: rows.rows(sql, t=f"{bead}@2", b=bead))[0][0])


async def _alone(at: Scene, folder: Path, kind: str) -> float:
    """Return the seconds until the CLI alone, in a clone that is there, said its first word."""
    place = Path(tempfile.mkdtemp(dir=folder))
    for name in ("work", "home", "run"):
        (place / name).mkdir()
    places = Places(place / "work", place / "home", place / "run", tool=ClaudeRuntime().program())
    sandbox = await at.house.sandbox(at.board)

    async def credential() -> Credential:
        return Credential("api-key", CANARY)

    async with proxy.serve(
        places.sockets, credential, at.model.url, owner=Owner(*sandbox.user) if sandbox.user else None
    ):
        inside = sandbox.inside(places)
        env = _environment(inside)
        argv = [inside.tool, "-p", "Hi", "--output-format", "stream-json", "--verbose", "--strict-mcp-config"]
        if kind == "local":
            return await _plain(argv, env, places.work)
        argv = ["sh", "-c", 'exec "$@" </dev/null', "sh", *argv]  # else it waits for input for 3 s
        began = time.perf_counter()
        process = await sandbox.start(Spec(f"halftui-bench-{uuid.uuid4().hex[:8]}", argv, env, places))
        try:
            seen = b""
            async for chunk in process.output():
                seen += chunk
                if FIRST in seen:
                    return time.perf_counter() - began
            raise RuntimeError(f"the CLI said nothing: {await process.error_tail()}")
        finally:
            await sandbox.remove(process.name)


async def _plain(argv: list[str], env: dict[str, str], folder: Path) -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *argv, env={"PATH": os.environ["PATH"], **env}, cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if FIRST in line:
                return time.perf_counter() - began
        raise RuntimeError("the CLI said nothing")
    finally:
        await process.stdout.read()
        await process.wait()


def _environment(inside: Inside) -> dict[str, str]:
    brief = Brief("a@1", "a", "Hi", "You work.", str(uuid.uuid4()))
    found = dict(ClaudeRuntime("api-key", retries=1).command(brief, inside).env)
    return {**found, "IS_SANDBOX": "1"}

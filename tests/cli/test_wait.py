"""`halftui wait`: 0 when it came, 1 when it can't come any more, 124 when the time was up."""

import json
import subprocess
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from halftui.cli import watching
from halftui.cli.commands import wait
from halftui.domain.happenings import Outcome
from halftui.domain.shown import Detail
from halftui.errors import Unavailable
from halftui.ops import views
from halftui.service.service import Service
from halftui.store.store import Rows
from tests.cli.conftest import Line
from tests.cli.test_process import PROGRAM, env
from tests.helpers.world import World

__all__ = ["env"]


@pytest.mark.parametrize(
    ("state", "until", "code"),
    [
        ("open", "open", 0), ("open", "ready", 0), ("active", "active", 0), ("review", "review", 0),
        ("done", "done", 0), ("done", "ended", 0), ("failed", "ended", 0), ("cancelled", "ended", 0),
        ("failed", "failed", 0), ("cancelled", "cancelled", 0),
        ("failed", "done", 1), ("cancelled", "done", 1), ("done", "review", 1), ("done", "active", 1),
        ("open", "done", 124), ("open", "blocked", 124), ("review", "done", 124), ("active", "ended", 124),
    ],
)  # fmt: skip
def test_a_bead(line: Line, world: World, state: str, until: str, code: int) -> None:
    bead = world.put(line.bead(), state)
    ran = line("wait", "bead", bead, "--until", until, "--timeout", "0")
    assert ran.code == code, ran
    assert (ran.err == "", ran.out != "") == (code == 0, code == 0)


def test_a_convoy(line: Line, world: World) -> None:
    bead = line.bead()
    line.ok("convoy", "create", "Trip", bead)
    assert line("wait", "convoy", "trip", "--timeout", "0").code == 124
    line.ok("convoy", "start", "trip")
    assert line("wait", "convoy", "Trip", "--until", "moving", "--timeout", "0").code == 0
    assert line("wait", "convoy", "trip", "--until", "cancelled", "--timeout", "0").code == 124
    world.put(bead, "done")
    assert line.ok("wait", "convoy", "trip", "-o", "json").json["state"] == "landed"
    assert line("wait", "convoy", "trip", "--until", "cancelled").code == 1
    assert line("wait", "convoy", "trip", "--until", "ended").code == 0


def test_a_board(line: Line, world: World) -> None:
    assert line.ok("wait", "board").out == "shop is 0 beads unfinished\n"
    bead = line.bead()
    assert line("wait", "board", "--timeout", "0").code == 124
    line.ok("board", "pause")
    assert line("wait", "board", "--timeout", "0").code == 0, "nothing starts on a paused board"
    line.ok("board", "resume")
    claim = world.taken(bead)
    assert line("wait", "board", "Shop", "--until", "idle", "--timeout", "0").code == 124
    world.end(claim)
    assert line("wait", "board", "--timeout", "0").code == 0, "what waits for a review keeps no agent busy"
    assert line("wait", "board", "--until", "finished", "--timeout", "0").code == 124


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1w", "1e3", "inf", "nan", "99999999999", "1.2345", "٣", "5 m"]
)
def test_what_is_no_span_of_time(line: Line, text: str) -> None:
    bead = line.bead()
    assert line("wait", "bead", bead, "--timeout", text).code == 2


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["bead", "none"], 5), (["convoy", "none"], 5), (["board", "none"], 5), (["bead"], 2),
     (["lane", "x"], 2),
     (["bead", "x", "--until", "never"], 2), (["board", "--until", "done"], 2)],
)  # fmt: skip
def test_bad_ones(line: Line, argv: list[str], code: int) -> None:
    assert line("wait", *argv).code == code


@pytest.mark.parametrize(
    ("end", "code", "longest"),
    [(lambda w, c: w.end(c), 0, "60s"), (lambda w, c: w.end(c, Outcome.LOST), 124, "4s")],
    ids=["passes", "is lost"],
)
def test_it_waits_for_real(
    line: Line, world: World, env: dict[str, str], end: Callable[[World, object], None],
    code: int, longest: str,
) -> None:  # fmt: skip
    claim = world.started(world.taken(line.bead()))
    words = [*PROGRAM, "wait", "bead", claim.bead, "--until", "review", "--timeout", longest]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        with pytest.raises(subprocess.TimeoutExpired):
            ran.wait(timeout=1.5)
        end(world, claim)
        assert ran.wait(timeout=60) == code


@pytest.mark.parametrize(("failures", "code"), [(3, 0), (10**6, 7)])
def test_a_database_that_restarts_is_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch, failures: int, code: int
) -> None:
    bead, now, left = line.bead(), [0.0], [failures]

    def nap(_out: object, seconds: float) -> None:
        now[0] += seconds

    for place in (watching, wait):
        monkeypatch.setattr(place, "pause", nap)
        monkeypatch.setattr(place, "time", SimpleNamespace(monotonic=lambda: now[0]))
    looks = views.bead

    def look(rows: Rows, ident: str) -> Detail:
        if left[0]:
            left[0] -= 1
            raise Unavailable("the database does not answer", "check the server")
        return looks(rows, ident)

    monkeypatch.setattr(views, "bead", look)
    assert line("wait", "bead", bead, "--until", "open").code == code
    assert now[0] == pytest.approx(watching.RECONNECT_SECONDS if code else 0.9)
    if code:  # no longer than it was to wait in all
        now[0] = 0.0
        assert line("wait", "bead", bead, "--until", "open", "--timeout", "5s").code == code
        assert now[0] == pytest.approx(5.0)


def test_a_watch_goes_on_when_the_database_is_back(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.bead("first")
    naps, stamps = [0], Service.stamp

    def stamp(service: Service) -> int:
        if 2 <= naps[0] < 5:
            raise Unavailable("the database does not answer", "check the server")
        return stamps(service) + (naps[0] >= 5)

    def nap(_out: object, _seconds: float) -> None:
        naps[0] += 1
        if naps[0] == 5:
            line.bead("second")
        if naps[0] == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(Service, "stamp", stamp)
    monkeypatch.setattr(watching, "pause", nap)
    ran = line("bead", "list", "--watch", "-o", "json")
    assert (ran.code, ran.err) == (130, "")
    assert [len(json.loads(each)) for each in ran.out.splitlines()] == [1, 2]

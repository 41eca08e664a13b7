"""A board whose repository is at a private address: real git over https behind a password."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.errors import Unauthorized
from halftui.main import crash
from halftui.main.doctor import checks
from halftui.ops import boards, convoys, secrets, views
from halftui.store.store import Rows
from halftui.tui import menus
from tests.helpers.boards import Scene, commits, git, script
from tests.helpers.https import TOKEN, GitServer, serve
from tests.helpers.private import keep, private

TURNS = (commits("note.txt"), {"text": "made"})


@pytest.fixture
def server_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """Serve an empty folder."""
    root = tmp_path / "served"
    root.mkdir()
    with serve(root, tmp_path) as served:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(served.ca))
        yield served


def landed(at: GitServer, name: str = "note.txt") -> bool:
    """Return True if the file is on the server's main."""
    words = ["git", "-C", str(at.root / "shop.git"), "cat-file", "-e", f"main:{name}"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


async def test_work_goes_to_a_private_repository(tmp_path: Path, server_: GitServer) -> None:
    async with private(tmp_path, server_) as at:
        bead = at.add("One", script(*TURNS))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
        assert landed(server_)
        says = [c.says for c in checks(at.house) if c.name == "server"]
        assert says == [f"{server_.scope.removeprefix('https://')} lets git in"]


async def test_a_token_that_runs_out_stops_no_work_and_its_renewal_mends_all(
    tmp_path: Path, server_: GitServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with private(tmp_path, server_) as at:
        house = at.house
        house.service.write(boards.edit, at.board.id, review="none")
        first = at.add("One", script(*TURNS))
        async with at.working():
            await at.until(lambda: at.see(first).card.state == "done")
            server_.token = "another-token-from-today-on"
            word = f"refuses the token: halftui secrets set {server_.scope}"
            second = at.add("Two", script(commits("two.txt"), {"text": "made"}))
            await at.until(lambda: word in at.see(second).card.progress)
            third = at.add("Three", script(commits("three.txt"), {"text": "made"}))
            await at.until(lambda: word in at.see(third).card.progress)  # it was worked on all the same
            assert menus.of_card(at.see(third).card)[0] == ("remedy", f"halftui secrets set {server_.scope}")
            tries = len(server_.heard)
            told = [e.verb for e in house.service.read(views.events, 0, most=9_999)]
            assert told.count("secret.refuse") == 1
            (found,) = [c for c in checks(house) if c.name == "server"]
            assert not found.is_ok
            assert found.remedy == f"halftui secrets set {server_.scope}"
            assert len(server_.heard) <= tries + 1  # it is asked by who wants to know, not by the engine
            keep(house, server_, server_.token)
            await at.until(lambda: at.see(third).card.state == at.see(second).card.state == "done")
        assert landed(server_, "two.txt")
        assert landed(server_, "three.txt")
        assert not house.store.read(secrets.listed)[0].refused
        _appears_nowhere(tmp_path, at, caplog.text)


def _appears_nowhere(folder: Path, at: Scene, logged: str) -> None:
    """Neither files (the database, clones, logs, reports) nor what is shown hold a token."""
    report = crash.write(at.house.home, Unauthorized("x"))
    assert report is not None
    words = ["grep", "-rlaF", "-e", TOKEN, "-e", "another-token-from-today-on", str(folder)]
    assert subprocess.run(words, capture_output=True, text=True, check=False).stdout == ""
    assert TOKEN not in logged
    assert TOKEN not in repr(at.house.service.read(views.events, 0, most=9_999))


async def test_a_new_board_without_a_token_says_so(tmp_path: Path, server_: GitServer) -> None:
    async with private(tmp_path, server_) as at:
        at.house.store.write(at.house.actor, secrets.remove, server_.scope)
        bead = at.add("One", script(*TURNS))
        async with at.working() as engine:
            why = f"{server_.scope.removeprefix('https://')} wants a token"
            await at.until(lambda: why in at.house.service.read(views.why, bead))
            assert engine.notices[at.board.id].hint == f"halftui secrets set {server_.scope}"
            keep(at.house, server_)
            await at.until(lambda: at.see(bead).card.state == "review")


async def test_another_board_goes_on(tmp_path: Path, server_: GitServer) -> None:
    async with private(tmp_path, server_) as at:
        server_.token = "another-token-from-today-on"
        local = at.house.service.read(views.boards)
        other = replace(at, board=next(b for b in local if b.id != at.board.id))
        waits, bead = at.add("One", script(*TURNS)), other.add("Other", script(*TURNS))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            await at.until(lambda: any("refuses" in w for w in at.house.service.read(views.why, waits)))


async def test_a_convoy_that_could_not_land_lands_by_itself(tmp_path: Path, server_: GitServer) -> None:
    async with private(tmp_path, server_) as at:
        at.house.service.write(boards.edit, at.board.id, review="none")
        made = [at.add("One", script(*TURNS)), at.add("Two", script(commits("two.txt"), {"text": "made"}))]
        server_.refuses_push = True
        convoy = at.house.service.write(convoys.create, at.board.id, "Trip", made, has_branch=True)
        at.house.service.write(convoys.start, convoy)
        async with at.working():
            await at.until(lambda: "for a push" in at.house.store.read(_remark))
            server_.refuses_push = False
            keep(at.house, server_)
            await at.until(lambda: landed(server_) and landed(server_, "two.txt"))


def _remark(rows: Rows) -> str:
    return str(rows.rows("SELECT remark FROM convoy")[0][0])


async def test_a_push_that_is_refused_lets_agents_read(tmp_path: Path, server_: GitServer) -> None:
    """A token that may only read: work is done and waits; a push that works again mends it."""
    async with private(tmp_path, server_) as at:
        at.house.service.write(boards.edit, at.board.id, review="none")
        server_.refuses_push = True
        bead = at.add("One", script(*TURNS))
        async with at.working():
            await at.until(lambda: "refuses the token for a push" in at.see(bead).card.progress)
            server_.refuses_push = False
            keep(at.house, server_)
            await at.until(lambda: at.see(bead).card.state == "done")
        assert landed(server_)


async def test_a_pull_requests_branch_is_pushed_with_the_token(tmp_path: Path, server_: GitServer) -> None:
    program = tmp_path / "forge.py"
    program.write_text("""print('{"url": "https://forge.example/pull/1", "state": "open"}')\n""")
    async with private(tmp_path, server_, forge=f"{sys.executable} {program}") as at:
        at.house.service.write(boards.edit, at.board.id, merge="pull-request")
        bead = at.add("One", script(*TURNS))
        async with at.working():
            await at.until(lambda: bool(at.see(bead).pull_request))
        tip = git(at.house.repository(at.board).path, "rev-parse", f"halftui/{bead}")
        there = git(server_.root / "shop.git", "rev-parse", f"halftui/{bead}^{{tree}}")
        assert there == git(at.house.repository(at.board).path, "rev-parse", f"{tip}^{{tree}}")


async def test_who_let_nobody_in_is_asked_again_in_time(tmp_path: Path, server_: GitServer) -> None:
    async with private(tmp_path, server_) as at:
        at.house.store.write(ENGINE, secrets.refuse, server_.scope, "it refuses the token")
        with pytest.raises(Unauthorized):
            at.house.origin(at.board)
        now = at.house.store.clock()
        at.house.store.clock = lambda: now + secrets.AGAIN_SECONDS + 1
        assert at.house.origin(at.board).branch == "main"
        assert not at.house.store.read(secrets.listed)[0].refused

"""A board as it looks in the middle of a working day, made by the real ops in a temporary database."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from halftui.domain.actor import ENGINE, Actor, person
from halftui.domain.happenings import Option, Outcome, Question
from halftui.domain.names import POOL
from halftui.errors import Refused
from halftui.ops import attempts, beads, boards, convoys, questions
from halftui.service.review import Review
from halftui.service.service import Service
from halftui.store.store import Store

NOON = 1_795_262_400.0  # a fixed day at 12:00 UTC
LEASE = 1e9


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def minutes_ago(self, minutes: float) -> None:
        """Set it back from noon."""
        self.now = NOON - 60 * minutes


@dataclass
class Stage:
    """A database with one board, and the means to play on it."""

    store: Store
    service: Service
    clock: Clock
    board: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # bead ids by title

    def write(self, op: Callable[..., object], *args: object, **kwargs: object) -> object:
        """Run an op as the person."""
        return self.store.write(self.service.actor, op, *args, **kwargs)

    def write_as(self, actor: Actor, op: Callable[..., object], *args: object, **kwargs: object) -> object:
        """Run an op as somebody else."""
        return self.store.write(actor, op, *args, **kwargs)

    def bead(self, title: str, minutes_ago: float = 0, after: tuple[str, ...] = (), **fields: object) -> str:
        """Write a bead; `after` names titles."""
        self.clock.minutes_ago(minutes_ago)
        waits = [self.ids[name] for name in after]
        self.ids[title] = str(self.write(beads.create, self.board, title, after_beads=waits, **fields))
        return self.ids[title]

    def claim(self, title: str, minutes_ago: float = 0, cap: int = 99) -> attempts.Claim:
        """Let an agent take the next bead, which has to be the one of this title, and start it."""
        self.clock.minutes_ago(minutes_ago)
        claim = self.write_as(ENGINE, attempts.claim, self.board, LEASE, cap, POOL)
        assert isinstance(claim, attempts.Claim)
        assert claim.bead == self.ids[title], f"{claim.bead} was next, not {title}"
        self.write_as(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "")
        return claim

    def end(
        self, claim: attempts.Claim, outcome: Outcome, minutes_ago: float = 0, reason: str = "",
        work: attempts.Work | None = None,
    ) -> None:  # fmt: skip
        """End an attempt."""
        self.clock.minutes_ago(minutes_ago)
        self.write_as(ENGINE, attempts.end, claim.attempt, claim.epoch, outcome, reason, "It is done.", work)

    def spend(self, claim: attempts.Claim, tokens: int, usd: float) -> None:
        """Count what an attempt used."""
        self.write_as(ENGINE, attempts.meter, claim.attempt, claim.epoch, tokens, tokens // 10, usd, 3)

    async def print(self, claim: attempts.Claim, *lines: tuple[str, str], now: str = "") -> None:
        """Let an attempt print lines of (kind, text)."""
        self.service.lines.open(claim.attempt)
        for kind, text in lines:
            self.service.lines.add(claim.attempt, kind, text)
        if now:
            self.service.lines.note_now(claim.attempt, now)
        await self.service.lines.close(claim.attempt)


def empty(folder: Path, name: str = "demo-repo", **settings: str | int) -> Stage:
    """Return a database with an empty board."""
    clock = Clock()
    store = Store(f"sqlite:///{folder / 'halftui.db'}", clock)
    store.prepare()
    ann = person("ann")
    service = Service(store, ann, _no_review)
    stage = Stage(store, service, clock)
    stage.board = str(stage.write(boards.create, name, str(folder / "repo"), "main", **settings))
    return stage


def busy(folder: Path) -> Stage:
    """Return the board in the middle of a day: cards in every lane, two agents, one asking."""
    count = itertools.count(7)
    with patch("halftui.ops.beads.secrets.randbelow", lambda n: next(count) * 1187 % n):
        stage = empty(folder, cap=4)
        _past(stage)
        asking, working = _present(stage)
        _future(stage)
    with patch("halftui.service.lines.time.time", stage.clock):
        asyncio.run(_output(stage, asking, working))
    stage.clock.now = NOON
    return stage


def _past(stage: Stage) -> None:
    for title, minutes, usd in (("Log rotation", 300, 0.80), ("Fix typo in the banner", 200, 0.04)):
        stage.bead(title, minutes)
        claim = stage.claim(title, minutes - 5)
        stage.spend(claim, 40_000, usd)
        stage.end(claim, Outcome.PASSED, minutes - 20, work=attempts.Work("a1", "b2", 2, 31, 4))
        stage.write(beads.approve, stage.ids[title], "c3d4e5f")
    stage.bead("Export the report as CSV", 120, labels=["export"])
    claim = stage.claim("Export the report as CSV", 100)
    stage.spend(claim, 61_000, 0.42)
    stage.end(claim, Outcome.PASSED, 9, work=attempts.Work("a1", "b3", 3, 120, 14))
    stage.bead("Rewrite everything in Haskell", 110)
    stage.write(beads.cancel, stage.ids["Rewrite everything in Haskell"], "no")
    stage.bead("Migrate the schema", 90, priority=1)
    claim = stage.claim("Migrate the schema", 80)
    stage.spend(claim, 12_000, 0.11)
    stage.end(claim, Outcome.FAILED, 70, reason="exit")


def _present(stage: Stage) -> tuple[attempts.Claim, attempts.Claim]:
    stage.bead("Login forgets where you came from", 60, priority=0, labels=["auth"])
    asking = stage.claim("Login forgets where you came from", 14)
    stage.spend(asking, 41_000, 0.52)
    stage.bead("Cache the price list", 50, priority=0)
    working = stage.claim("Cache the price list", 6)
    stage.spend(working, 22_000, 0.31)
    stage.clock.minutes_ago(2)
    options = (
        Option("sqlite, as now", "no new service"),
        Option("postgres", "survives a restart, needs a DSN"),
    )
    asked = Question("question", "Which database should sessions use?", options, request="q1")
    stage.write_as(ENGINE, questions.ask, asking.attempt, asked)
    return asking, working


def _future(stage: Stage) -> None:
    stage.bead("Add a /health endpoint", 12, priority=1, labels=["fast"])
    stage.bead("Rename the environment variables", 180)
    stage.bead("Docs: how to serve a board", 1500, priority=3, labels=["docs"])
    stage.bead("日本語のタイトル: wide letters stay in their lane", 30, priority=3)
    login = "Login forgets where you came from"
    stage.bead("Rotate the session tokens", 40, (login,), priority=1, labels=["auth"])
    stage.bead("Session store", 40, (login, "Cache the price list"), labels=["auth"])
    stage.bead("Single sign-on page", 40, ("Session store",), labels=["auth", "ui"])
    names = ("Rotate the session tokens", "Session store", "Single sign-on page")
    convoy = stage.write(
        convoys.create, stage.board, "auth-rework", [stage.ids[login], *map(stage.ids.get, names)]
    )
    stage.write(convoys.start, convoy)
    docs = stage.bead("Docs: first steps", 20, priority=4)
    stage.write(convoys.create, stage.board, "docs-refresh", [docs])


async def _output(stage: Stage, asking: attempts.Claim, working: attempts.Claim) -> None:
    stage.clock.minutes_ago(1)
    await stage.print(
        asking,
        ("say", "I will keep the query string through the redirect."),
        ("tool", "Read src/auth.py"),
        ("tool", "Edit src/auth.py +12 -3"),
        now="waits for an answer",
    )
    await stage.print(
        working,
        ("say", "The list is read from disk on every request; I will cache it."),
        ("tool", "Read src/prices.py"),
        ("tool", "Edit src/prices.py +18 -3"),
        ("tool", "Bash pytest -q tests/test_prices.py"),
        ("out", ".............. 14 passed in 1.2s"),
        now="Bash pytest -q",
    )


def _no_review(board: str) -> Review:
    raise Refused(f"{board} has no repository on this stage", "stage a real one for reviews")

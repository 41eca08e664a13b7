"""A shop's board with agents at work: real database, real git, frozen time and names."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual import work
from textual.screen import Screen

import halftui.tui.app
from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Option, Outcome, Question
from halftui.domain.names import POOL
from halftui.domain.shown import Ask, Snapshot
from halftui.main.house import House
from halftui.ops import attempts, beads, questions, transcripts, views
from halftui.ops.attempts import Claim, Work
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.tui.app import HalfApp
from tests.workspace.scene import ADA, commit, make_project

NOW = 1_795_262_700.0  # 2026-11-21 12:05 UTC
BOARD = "shop"


class Bare(HalfApp):
    """The application, opened on a screen of the test's."""

    CSS_PATH = str(Path(halftui.tui.app.__file__).with_name("app.tcss"))

    def __init__(self, *args: Any, first: Screen[None] | None, **options: Any) -> None:
        super().__init__(*args, follows=False, **options)
        self._first = first

    def on_mount(self) -> None:
        """Follow the board at once; the application waits for a first frame of the board."""
        self._begin()

    @work(name="watch")
    async def _begin(self) -> None:
        await self._follow()

    def get_default_screen(self) -> Screen[None]:
        """Return the test's screen."""
        return self._first or Screen()


class Stage:
    """A house whose clock is a number, and verbs that set scenes in it."""

    def __init__(self, home: Path) -> None:
        self.now = NOW
        self.home = home
        self.project = make_project(home / "project")
        self.house = House(
            Settings(home=str(home / "house")),
            {"HALFTUI_USER": "ann", "HALFTUI_CONFIG": str(home / "config")},
        )
        self.house.store.clock = lambda: self.now
        self.board = self.house.init(self.project, BOARD)
        self.repository = self.house.repository(self.board)
        self.repository.create(self.house.origin(self.board))
        self.count = 0

    @property
    def service(self) -> Service:
        """What the screens hold."""
        return self.house.service

    def snapshot(self) -> Snapshot:
        """Return the board as it is."""
        return self.service.read(views.snapshot, BOARD)

    def bead(self, title: str, **fields: Any) -> str:
        """Make a bead with the next number as its name."""
        return self.service.write(beads.create, BOARD, title, **fields)

    def claim(self) -> Claim:
        """Let an agent take the next bead and start."""
        claim = self.house.store.write(ENGINE, attempts.claim, BOARD, 30.0, 9, POOL)
        assert claim is not None
        self.house.store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "docker", "box")
        return claim

    def prints(self, attempt: str, lines: Sequence[tuple[float, str, str]], first: int = 1) -> None:
        """Put lines (seconds before now, kind, text) into an attempt's journal."""
        entries = [(n, NOW - ago, kind, text) for n, (ago, kind, text) in enumerate(lines, first)]
        self.house.store.write(ENGINE, transcripts.append, attempt, entries, lines[-1][2] if lines else "")

    def end(
        self,
        claim: Claim,
        files: dict[str, str | bytes],
        summary: str = "done",
        also: Callable[[Path], object] = lambda folder: None,
    ) -> str:
        """Have the agent commit files, and what `also` does in its folder, and finish; return the commit."""
        tree = self.repository.clone(claim.bead, self.home / "trees" / claim.bead, self.board.branch, ADA)
        also(tree.path)
        commit(tree.path, f"work on {claim.bead}", files)
        tip = self.repository.collect(tree, claim.epoch)
        assert tip is not None
        base = self.repository.tip(self.board.branch)
        changes = self.repository.changes(base, tip)
        work = Work(base, tip, len(changes.files), changes.plus, changes.minus)
        self.house.store.write(
            ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "", summary, work
        )
        return tip

    def ask(self, claim: Claim, text: str, options: Sequence[tuple[str, str]] = ()) -> Ask:
        """Have an agent ask a question."""
        asked = Question("question", text, tuple(Option(*o) for o in options))
        return self._asked(self.house.store.write(ENGINE, questions.ask, claim.attempt, asked))

    def ask_on(self, attempt: str, text: str) -> Ask:
        """Have the agent of an attempt ask a question that is answered in words."""
        return self._asked(self.house.store.write(ENGINE, questions.ask, attempt, Question("question", text)))

    def want(self, claim: Claim, text: str, tool: str, detail: str) -> Ask:
        """Have an agent ask for permission."""
        asked = Question("permission", text, (), tool, detail)
        return self._asked(self.house.store.write(ENGINE, questions.ask, claim.attempt, asked))

    def app(self, screen: Screen[None] | None = None, theme: str = "halflight") -> HalfApp:
        """Return an application over this board that begins with a screen of ours."""
        return Bare(self.service, BOARD, theme=theme, clock=lambda: self.now, env={}, first=screen)

    def _asked(self, ident: str) -> Ask:
        return next(a for a in self.snapshot().asks if a.id == ident)

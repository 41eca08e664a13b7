"""The command line at the foot of a screen: what could be typed, and what a command printed."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Protocol

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Label, Static
from textual.worker import WorkType

from halftui.tui.app import HalfApp, half
from halftui.tui.draw import Row, cut
from halftui.tui.keys import Action
from halftui.tui.offers import offered
from halftui.tui.widgets.line import Line

TYPING_SECONDS = 0.05
REMEMBERED = 200
THEME = "theme"
HINTED_FROM = 70  # columns
KEYS = (("enter", "run"), ("tab", "complete"), ("↑", "before"), ("esc", "back"))

Found = Sequence[tuple[str, str]]


class Commands(Protocol):
    """Runs the commands that a person types, as the shell would."""

    def run(self, line: str, width: int) -> tuple[int, str]:
        """Return the exit code and what is printed. Blocks."""

    def complete(self, line: str) -> list[tuple[str, str]]:
        """Return what the last word could be, each with its help. Blocks."""


class CommandSheet(ModalScreen[Action | None]):
    """Runs what is typed: a command of `halftui` or `theme NAME`; its result is an action that was named."""

    PLACE = "command"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("tab", "complete(1)", "complete", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", "complete", show=False, priority=True),
        Binding("up", "recall(-1)", "before", show=False),
        Binding("down", "recall(1)", "after", show=False),
        Binding("pageup", "scroll_output(-1)", show=False),
        Binding("pagedown", "scroll_output(1)", show=False),
    ]
    CSS = "CommandSheet { background: transparent; }"
    DEFAULT_CSS = """
    CommandSheet > Vertical { height: auto; max-height: 80%; background: $panel; dock: bottom; }
    CommandSheet Horizontal { height: 1; }
    CommandSheet Label { width: 2; padding: 0 0 0 1; color: $primary; text-style: bold; }
    CommandSheet Input, CommandSheet Input:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel; color: $foreground;
    }
    CommandSheet VerticalScroll {
        height: auto; max-height: 60vh; display: none; background: $surface; padding: 0 1;
        border-top: solid $primary; scrollbar-size-vertical: 1; overflow-x: hidden;
    }
    CommandSheet VerticalScroll Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._commands: Commands | None = None
        self._found: Found = ()
        self._at = -1  # the completion that is taken
        self._stem = ""  # what stands before the word that is completed
        self._recalled: int | None = None  # of the lines typed before
        self._set = ""  # what we wrote into the line ourselves

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    def compose(self) -> ComposeResult:
        """Return the output, the line, and what could be typed."""
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static("", markup=False)
            with Horizontal():
                yield Label(":", markup=False)
                yield Input(placeholder="a command, as after `halftui` in a shell")
            yield Line(self._options, id="options")

    def on_mount(self) -> None:
        """Complete from the beginning."""
        self._line = self.query_one(Input)
        self._line.cursor_blink = False
        self._look("")

    # completion

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what it could be."""
        if event.value != self._set:
            self._look(event.value)

    def _look(self, line: str) -> None:
        work: WorkType[None] = partial(self._complete, line)
        self.run_worker(work, group="complete", exclusive=True)

    async def _complete(self, line: str) -> None:
        await asyncio.sleep(TYPING_SECONDS if line else 0.0)
        last = "" if line.endswith(" ") else line.rpartition(" ")[2]
        own = [(w, help) for w, help in self._own(line) if w.startswith(last)]
        told = await self.half.ask(self._told, line)
        self._at, self._stem, self._found = -1, line[: len(line) - len(last)], [*told, *own]
        self.query_one(Line).refresh()

    def _told(self, line: str) -> Found:
        if self._commands is None and self.half.console_of is not None:
            self._commands = self.half.console_of()
        return self._commands.complete(line) if self._commands is not None else []

    def _own(self, line: str) -> Found:
        """Return what only a screen can do."""
        if line.startswith(f"{THEME} "):
            return self.half.themes
        is_first = " " not in line
        return [(THEME, "wear another theme"), *((a.id, a.does) for a in self._actions())] if is_first else []

    def _actions(self) -> list[Action]:
        return offered(self.app.screen_stack[-2])

    def action_complete(self, by: int) -> None:
        """Put the next completion into the line."""
        if not self._found:
            return
        self._at = (self._at + by) % len(self._found) if self._at >= 0 or by > 0 else len(self._found) - 1
        self._write(self._stem + self._found[self._at][0] + (" " if len(self._found) == 1 else ""))
        self.query_one(Line).refresh()

    def action_recall(self, by: int) -> None:
        """Put an earlier line there, or a later one."""
        typed = self.half.typed
        at = len(typed) if self._recalled is None else self._recalled
        self._recalled = at = max(min(at + by, len(typed)), 0)
        self._write(typed[at] if at < len(typed) else "")

    def _write(self, line: str) -> None:
        self._set = line if not line.endswith(" ") else ""
        self._line.value = line
        self._line.cursor_position = len(line)

    def _options(self, width: int) -> Strip:
        inks = self.half.inks
        row = Row(width, inks["bar"]).skip(1)
        hinted = KEYS if width >= HINTED_FROM else KEYS[-1:]
        keys = sum(cell_len(k) + cell_len(w) + 3 for k, w in hinted)
        first = max(self._at, 0)
        for number, (word, help) in enumerate(self._found[first:], first):
            is_here = number == self._at
            room = row.left - keys
            if cell_len(word) + 2 > room:
                break
            row.put(word, inks["focus"] if is_here else inks["text"])
            if (is_here or len(self._found) == 1) and help:
                row.put(cut(f" {help}", room - cell_len(word) - 3), inks["muted"])
            row.skip(2)
        row.skip(row.left - keys)
        for key, words in hinted:
            row.put(key, inks["key"]).put(f" {words}", inks["muted"]).skip(2)
        return row.strip()

    # running

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run the line."""
        event.stop()
        line = " ".join(event.value.split())
        if not line:
            self.dismiss(None)
            return
        self.half.typed.append(line)
        del self.half.typed[:-REMEMBERED]
        self._recalled = None
        work: WorkType[None] = partial(self._run, event.value, line)
        self.run_worker(work, group="run", exclusive=True)

    async def _run(self, typed: str, line: str) -> None:
        first, _, rest = line.partition(" ")
        action = next((a for a in self._actions() if a.id == first), None)
        if first == THEME and rest in dict(self.half.themes):
            self.half.theme = rest
            self.dismiss(None)
        elif action is not None and not rest:
            self.dismiss(action)
        else:
            await self._call(typed)

    async def _call(self, line: str) -> None:
        await self.half.ask(self._told, "")
        if self._commands is None:
            self._print(1, "commands are not to be had here")
            return
        run, width = self._commands.run, max(self.size.width - 3, 20)
        code, words = await self.half.service.in_git(lambda: run(line, width))  # it may merge
        await self.half.renew()
        self._print(code, words.rstrip("\n") or "done")

    def _print(self, code: int, words: str) -> None:
        if not code and "\n" not in words:
            self.half.say(words)
            self.dismiss(None)
            return
        output = self.query_one(VerticalScroll)
        output.display = True
        output.query_one(Static).update(words)
        output.scroll_home(animate=False)
        if not code:
            self._write("")
        self._look(self._line.value)

    def action_scroll_output(self, by: int) -> None:
        """Scroll what was printed."""
        output = self.query_one(VerticalScroll)
        output.scroll_to(y=output.scroll_y + by * max(output.size.height - 1, 1), animate=False)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

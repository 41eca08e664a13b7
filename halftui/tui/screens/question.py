"""An agent's question or request, on a sheet over whatever is on the screen."""

from collections.abc import Iterable
from typing import ClassVar
from weakref import WeakKeyDictionary

from rich.cells import cell_len
from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from halftui.domain.shown import Ask, Snapshot
from halftui.errors import HalfTUIError, Refused
from halftui.ops import views
from halftui.tui.app import HalfApp, half
from halftui.tui.draw import PLAIN, Row, waited
from halftui.tui.keys import Action, bindings
from halftui.tui.widgets.cells import broken
from halftui.tui.widgets.line import Line

CLOCK_SECONDS = 1.0

ACTIONS: tuple[Action, ...] = (
    Action("question.allow", "a", "allow once", "Let the agent do this one thing", "question", 0),
    Action(
        "question.always",
        "A",
        "always",
        "Let agents of this board do exactly this without asking again",
        "question",
        1,
    ),
    Action("question.refuse", "r", "refuse", "Say no; the agent goes on without it", "question", 0),
    Action("question.send", "enter", "send", "Send the answer that is chosen", "question", 1),
    Action("question.type", "t", "type an answer", "Answer in words of your own", "question", 2),
    Action("question.output", "o", "output", "What its agent did so far", "question", 3),
    Action("question.leave", "escape", "later", "Answer later; it stays in the inbox", "question", 1),
    Action("question.up", "up,k", "up", "To the answer above", "question", 9),
    Action("question.down", "down,j", "down", "To the answer below", "question", 9),
    Action("question.back", "pageup,ctrl+u", "scroll up", "Scroll up what it asks", "question", 9),
    Action("question.on", "pagedown,ctrl+d", "scroll down", "Scroll down what it asks", "question", 9),
)

_DRAFTS: WeakKeyDictionary[App[None], dict[str, str]] = WeakKeyDictionary()


class Choices(Widget):
    """The answers to choose from, none of them cut."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Choices { height: auto; margin: 1 0 0 0; }"

    class Taken(Message):
        """An answer was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, options: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.options = tuple(options)
        self.cursor = 0

    def move(self, by: int) -> None:
        """Choose another answer."""
        self.cursor = (self.cursor + by) % max(len(self.options), 1)
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the rows that all answers take."""
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        """Return a line of the answers."""
        rows = self._rows(self.size.width)
        if y >= len(rows):
            return Strip.blank(self.size.width, self.rich_style)
        number, label, text = rows[y]
        inks, is_here = half(self).inks, number == self.cursor
        row = Row(self.size.width, self.rich_style + (inks["chosen"] if is_here else PLAIN))
        row.put("▌" if is_here else " ", inks["focus"])
        is_first = y == 0 or rows[y - 1][0] != number
        row.skip(1).put(str(number + 1) if is_first else " ", inks["key" if is_first else "text"]).skip(2)
        row.put(label, inks["strong" if is_here else "text"]).put(text, inks["muted"])
        return row.strip()

    def on_click(self, event: events.Click) -> None:
        """Take the answer under the pointer."""
        rows = self._rows(self.size.width)
        if event.y < len(rows):
            self.post_message(self.Taken(rows[event.y][0]))

    def _rows(self, width: int) -> list[tuple[int, str, str]]:
        """Return rows of an answer's number, a part of its label, and a part of its description."""
        room = max(width - 6, 8)
        column = min(max((cell_len(label) for label, _ in self.options), default=0), room // 2) + 3
        rows: list[tuple[int, str, str]] = []
        for number, (label, text) in enumerate(self.options):
            flat = " ".join(text.split())
            if cell_len(label) < column and column + cell_len(flat) <= room:
                rows.append((number, label + " " * (column - cell_len(label)), flat))
                continue
            rows += [(number, label[a:b], "") for a, b in broken(label, room, at_words=True)]
            rows += [(number, "", flat[a:b]) for a, b in broken(flat, room, at_words=True) if flat]
        return rows


class QuestionSheet(ModalScreen[None]):
    """One question after the other, until none is open or somebody wants to answer later."""

    PLACE = "question"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("question", ACTIONS),
        *(Binding(str(n), f"question_choose({n - 1})", show=False) for n in range(1, 10)),
    ]
    # Over the rule for all screens; a terminal's own colours can't be mixed and would hide the board.
    CSS = "QuestionSheet { background: $background 40%; } QuestionSheet:ansi { background: transparent; }"
    DEFAULT_CSS = """
    QuestionSheet { align: center bottom; }
    QuestionSheet > Vertical {
        width: 100%; height: auto; max-height: 85%; padding: 0 1; background: $surface;
        border: heavy $warning; border-title-color: $warning; border-title-style: bold;
        border-subtitle-color: $text-muted;
    }
    QuestionSheet VerticalScroll {
        height: auto; max-height: 100%; scrollbar-size-vertical: 1; scrollbar-background: $surface;
    }
    QuestionSheet .text { color: $foreground; text-style: bold; }
    QuestionSheet .detail { margin: 1 0 0 0; padding: 0 1; background: $background; color: $foreground; }
    QuestionSheet Input {
        display: none; margin: 1 0 0 0; border: none; height: 1; padding: 0 1; background: $background;
    }
    QuestionSheet Input:focus { border: none; }
    QuestionSheet.-types Input { display: block; }
    QuestionSheet Line { margin: 1 0 0 0; }
    """

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.question = ask
        self._is_sending = False

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    @property
    def _drafts(self) -> dict[str, str]:
        return _DRAFTS.setdefault(self.app, {})

    @property
    def _is_permission(self) -> bool:
        return self.question.kind == "permission"

    # What stands on it

    def compose(self) -> ComposeResult:
        """Return what it asks, the answers, and a field."""
        ask = self.question
        with Vertical():
            with VerticalScroll(can_focus=False):
                if ask.text and ask.text.strip() != ask.detail.strip():
                    yield Static(Content(ask.text), classes="text")
                if ask.detail:
                    yield Static(_painted(ask.detail), classes="detail")
            yield Choices(ask.options)
            asked = "why not, or what instead" if self._is_permission else "your answer"
            draft = self._drafts.get(ask.id, "")
            yield Input(draft, placeholder=f"{asked} · enter sends", select_on_focus=False)
            yield Line(self._hints, id="question-hints")

    def on_mount(self) -> None:
        """Keep the waiting time up to date."""
        self._present()
        self.set_interval(CLOCK_SECONDS, self._say_title)

    def on_unmount(self) -> None:
        """Let the others see that nobody answers here any more."""
        self.half.company.answer("")

    def _present(self) -> None:
        self._choices, self._field = self.query_one(Choices), self.query_one(Input)
        self._sheet, self._text = self.query_one(Vertical), self.query_one(VerticalScroll)
        self._choices.display = bool(self.question.options)
        self.half.company.answer(self.question.id)
        self._sheet.border_subtitle = Content("esc later, it stays in the inbox")
        self._say_title()
        is_wordy = not self._is_permission and not self.question.options
        self._type(is_wordy or bool(self._drafts.get(self.question.id)))

    def _say_title(self) -> None:
        ask = self.question
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        ids = [one.id for one in asks]
        verb = f"wants to use {ask.tool or 'a tool'}" if self._is_permission else "asks"
        verb = "stands still" if ask.kind == "alarm" else verb
        parts = [f"{ask.agent} {verb}", f"{ask.bead} {ask.bead_title}"]
        parts.append(waited(self.half.clock() - ask.asked_at))
        parts += [others] if (others := self.half.company.answering(ask.id)) else []
        parts += [f"{ids.index(ask.id) + 1} of {len(ids)}"] if ask.id in ids and len(ids) > 1 else []
        title = Content(" · ".join(parts))
        if self._sheet.border_title != title.markup:
            self._sheet.border_title = title

    def _hints(self, width: int) -> Strip:
        inks, row = self.half.inks, Row(width, self._sheet.rich_style)
        if self.has_class("-types"):
            row.put("enter", inks["key"]).put(" send", inks["muted"]).skip(2)
            return row.put("esc", inks["key"]).put(" leave, the text is kept", inks["muted"]).strip()
        verdicts = ("question.allow", "question.always", "question.refuse")
        unfit: tuple[str, ...] = ("question.send",) if self._is_permission else verdicts
        if self.question.options and not self._is_permission:
            last = min(len(self.question.options), 9)
            key, text = self._inks_of("question.choose")
            row.put(f"1-{last}" if last > 1 else "1", inks[key]).put(" answer", inks[text]).skip(2)
        elif not self._is_permission:
            unfit = (*verdicts, "question.type")
        for action in sorted((a for a in ACTIONS if a.rank < 9 and a.id not in unfit), key=lambda a: a.rank):
            label = "say why not" if self._is_permission and action.id == "question.type" else action.label
            key, text = self._inks_of(action.id)
            row.put(action.key, inks[key]).put(f" {label}", inks[text]).skip(2)
        return row.strip()

    def _inks_of(self, ident: str) -> tuple[str, str]:
        """Return the inks of a key and its words: grey for who may not use it."""
        return ("key", "muted") if self.half.may(ident) else ("edge", "edge")

    def show(self, snapshot: Snapshot) -> None:
        """Go on if somebody else answered."""
        if self.is_mounted and not self._is_sending and self.question.id not in {a.id for a in snapshot.asks}:
            self._is_sending = True
            self._hear()

    @work(group="answer")
    async def _hear(self) -> None:
        """Say who answered, and go on."""
        found = await self.half.ask(self.half.service.read, views.events, 0, self.question.id)
        answers = [event for event in found if event.verb == "question.answer"]
        who = answers[-1].actor.removeprefix("person:") if answers else ""
        words = f"answered by {who}" if who else "its attempt ended"
        self.half.say(words, f"{self.question.agent} on {self.question.bead}")
        await self._go_on()

    # Answering

    def action_question_choose(self, number: int) -> None:
        """Answer with one of the options."""
        if number < len(self.question.options):
            label = self.question.options[number][0]
            self._answer(label, is_allowed=False)

    def on_choices_taken(self, event: Choices.Taken) -> None:
        """Answer with what was clicked."""
        self.action_question_choose(event.number)

    def action_question_send(self) -> None:
        """Answer with the option that is chosen."""
        if self.question.options:
            self.action_question_choose(self._choices.cursor)

    def action_question_allow(self) -> None:
        """Let the agent do it."""
        if self._is_permission:
            self._answer("", is_allowed=True)

    def action_question_always(self) -> None:
        """Let the agent do it, and all agents of this board from now on."""
        if self._is_permission:
            self._answer("", is_allowed=True, is_always=True)

    def action_question_refuse(self) -> None:
        """Say no."""
        if self._is_permission:
            self._answer("", is_allowed=False)

    def action_question_type(self) -> None:
        """Answer in words."""
        self._type(True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        if event.value.strip():
            self._answer(event.value.strip(), is_allowed=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep the draft."""
        self._drafts[self.question.id] = event.value

    def _type(self, is_typing: bool) -> None:
        self.set_class(is_typing, "-types")
        self.set_focus(self._field if is_typing else None)
        self.query_one(Line).refresh()

    @work(group="answer", exclusive=True)
    async def _answer(self, text: str, *, is_allowed: bool, is_always: bool = False) -> None:
        if self._is_sending:
            return
        self._is_sending = True
        from halftui.ops import questions

        try:
            await self.half.ask(
                self.half.service.write,
                questions.answer,
                self.question.id,
                text,
                is_allowed=is_allowed,
                is_always=is_always,
            )
        except Refused as error:
            self.half.refuse(error)
        except HalfTUIError as error:
            self._is_sending = False
            self.half.refuse(error)
            return
        else:
            self._drafts.pop(self.question.id, None)
        await self.half.renew()
        await self._go_on()

    async def _go_on(self) -> None:
        """Show the next open question, or close."""
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        left = [ask for ask in asks if ask.id != self.question.id]
        if not left:
            self.dismiss()
            return
        self.question, self._is_sending = left[0], False
        await self.recompose()
        self._present()

    # Moving

    def action_question_up(self) -> None:
        """To the answer above, or scroll if there are none."""
        if self.question.options:
            self._choices.move(-1)
        else:
            self._text.scroll_up(animate=False)

    def action_question_down(self) -> None:
        """To the answer below, or scroll if there are none."""
        if self.question.options:
            self._choices.move(1)
        else:
            self._text.scroll_down(animate=False)

    def action_question_back(self) -> None:
        """Scroll up."""
        self._text.scroll_page_up(animate=False)

    def action_question_on(self) -> None:
        """Scroll down."""
        self._text.scroll_page_down(animate=False)

    def action_question_output(self) -> None:
        """Leave, and show what its agent did."""
        card = self.half.snapshot.card(self.question.bead) if self.half.snapshot else None
        if card is not None:
            self.dismiss()
            self.half.open_output(card)

    def action_question_leave(self) -> None:
        """Leave the field, or the sheet; nothing is answered."""
        if self.has_class("-types") and (self.question.options or self._is_permission):
            self._type(False)
        else:
            self.dismiss()


def _painted(detail: str) -> Content:
    """Return a command or a diff, whole; a diff's lines in their colours."""
    lines = detail.split("\n")
    if not any(line.startswith("+") for line in lines) and not any(line.startswith("-") for line in lines):
        return Content(detail)
    styles = {"+": "$success", "-": "$error"}
    parts = [Content.styled(line, styles.get(line[:1], "")) for line in lines]
    return Content("\n").join(parts)

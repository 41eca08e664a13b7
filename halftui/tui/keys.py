"""Every action of the board: its id, keys, words, and where it holds; bindings and help come from here."""

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding, BindingType


class Action(NamedTuple):
    """Something a key does. `id` is the verb's name where it is a verb (bead.create)."""

    id: str
    keys: str  # comma separated, as Textual names them
    label: str  # one or two words, for the hint bar
    does: str  # one sentence, for the help
    where: str  # everywhere, board, lanes, pane, review, question, detail
    rank: int = 5  # lower is kept longer when the hint bar is narrow; 9 is never hinted
    group: str = "Here"  # its heading in the help
    lanes: str = ""  # hinted only for a card of these lanes; empty: always, without one too

    @property
    def name(self) -> str:
        """The Textual action's name: `bead.create` is `action_bead_create`."""
        return self.id.replace(".", "_")

    @property
    def key(self) -> str:
        """The first key as a person reads it."""
        return shown(self.held[0])

    @property
    def held(self) -> list[str]:
        """The keys that do it: a person's own, or else those it came with."""
        return OWN.get(self.id, self.keys).split(",")


def shown(key: str) -> str:
    """Return a key as a person reads it."""
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    return READ.get(key, key)


OWN: dict[str, str] = {}  # by id, from `keymap.toml`: the keys of whoever runs this process
READ = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "plus": "+",
    "minus": "-",
    "slash": "/",
    "colon": ":",
    "full_stop": ".",
    "comma": ",",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}

MOVE, BEADS, AGENTS, LOOK, ALWAYS = "Move", "Beads", "Convoys and agents", "Look", "Everywhere"
GROUPS = ("Here", BEADS, MOVE, AGENTS, LOOK, ALWAYS)
CARD = "blocked ready working review done closed"  # every lane: only where there is a card

ACTIONS: tuple[Action, ...] = (
    Action("help", "question_mark", "help", "Show every key of this place", "everywhere", 0, ALWAYS),
    Action("palette", "ctrl+p", "commands", "Find any action by its words", "everywhere", 8, ALWAYS),
    Action("next.need", "exclamation_mark", "needs you", "Go to the next thing that waits for you",
           "everywhere", 3, ALWAYS),
    Action("quit", "q", "quit", "Leave; asks first if agents of this program are at work", "everywhere",
           8, ALWAYS),
    Action("place.board", "1", "board", "The board", "everywhere", 9, ALWAYS),
    Action("place.agents", "2", "agents", "The agents, and what each does now", "everywhere", 9, ALWAYS),
    Action("place.convoys", "3", "convoys", "The convoys and how far each is", "everywhere", 9, ALWAYS),
    Action("place.output", "4", "output", "What the agents at work print, side by side",
           "everywhere", 9, ALWAYS),
    Action("place.review", "5", "review", "The work that waits for a review", "everywhere", 9, ALWAYS),
    Action("place.accounts", "6", "accounts", "The accounts, what they cost, and what is left of them",
           "everywhere", 9, ALWAYS),
    Action("place.metrics", "7", "metrics", "How much gets done, how long it takes, what it costs",
           "everywhere", 9, ALWAYS),
    Action("command", "colon", "command", "Type a command of `halftui`; tab completes it", "everywhere", 8,
           ALWAYS),
    Action("menu", "m", "menu", "All that can be done here; a right click does the same", "everywhere", 8,
           ALWAYS),
    Action("copy", "y", "copy", "Copy an id, title, branch and the like", "everywhere", 9, ALWAYS),
    Action("mouse", "M", "mouse", "Leave the mouse to the terminal, or take it again", "everywhere", 9,
           ALWAYS),
    Action("theme.choose", "ctrl+g", "themes", "Choose a theme, seeing each", "everywhere", 9, ALWAYS),
    Action("theme.next", "ctrl+n", "theme", "Try the next theme", "everywhere", 9, ALWAYS),
    Action("redraw", "ctrl+l", "redraw", "Draw the screen anew", "everywhere", 9, ALWAYS),

    Action("cursor.left", "h,left", "lane", "To the lane at the left", "lanes", 9, MOVE),
    Action("cursor.down", "j,down", "down", "To the card below", "lanes", 9, MOVE),
    Action("cursor.up", "k,up", "up", "To the card above", "lanes", 9, MOVE),
    Action("cursor.right", "l,right", "lane", "To the lane at the right", "lanes", 9, MOVE),
    Action("cursor.first", "g,home", "first", "To the lane's first card", "lanes", 9, MOVE),
    Action("cursor.last", "G,end", "last", "To the lane's last card", "lanes", 9, MOVE),
    Action("cursor.half_down", "ctrl+d,pagedown", "half page", "Half a page down", "lanes", 9, MOVE),
    Action("cursor.half_up", "ctrl+u,pageup", "half page", "Half a page up", "lanes", 9, MOVE),
    Action("back", "escape", "back", "Put back what is dragged, end the filter, forget the marks",
           "board", 9, MOVE),
    Action("jump", "ctrl+o", "jump", "Letters over the cards: type one to go there", "board", 8, MOVE),
    Action("pane.next", "tab", "pane", "To the lanes, the rail, the output", "board", 8, MOVE),
    Action("pane.previous", "shift+tab", "pane", "The same, backwards", "board", 9, MOVE),

    Action("bead.create", "n", "new", "Write a bead in one line; tab opens the page", "board", 1, BEADS),
    Action("bead.dispatch", "s", "sling", "Let an agent take it at the next free slot", "board", 2, BEADS,
           "ready blocked"),
    Action("bead.answer", "a", "answer", "Answer its agent, or open its review", "board", 2, BEADS,
           "working review"),
    Action("bead.review", "d", "review", "Look at its changes", "board", 2, BEADS, "review working done"),
    Action("bead.open", "enter", "open", "Everything about it", "board", 4, BEADS, f"{CARD} convoy"),
    Action("bead.edit", "e", "edit", "Change its title, description, acceptance, priority", "board", 5,
           BEADS, CARD),
    Action("bead.editor", "E", "editor", "Change its words in your editor ($VISUAL, $EDITOR)", "board", 8,
           BEADS, CARD),
    Action("bead.more", "plus", "urgent", "More urgent by one", "board", 7, BEADS, "ready blocked"),
    Action("bead.less", "minus", "less", "Less urgent by one", "board", 8, BEADS, "ready blocked"),
    Action("bead.raise", "K", "raise", "Before the card above; Ready is in the order of work",
           "board", 8, BEADS, CARD),
    Action("bead.lower", "J", "lower", "Behind the card below", "board", 8, BEADS, CARD),
    Action("event.undo", "u", "undo", "Take back your own last change: order, priority, words",
           "board", 8, BEADS),
    Action("event.redo", "U", "redo", "Do again what was taken back", "board", 9, BEADS),
    Action("bead.left", "H", "move left", "Into the lane at the left", "board", 7, BEADS, CARD),
    Action("bead.right", "L", "move right", "Into the lane at the right: Working slings, Done reviews",
           "board", 7, BEADS, CARD),
    Action("bead.mark", "space", "mark", "Mark it, for a convoy or to sling several", "board", 6, BEADS,
           CARD),
    Action("bead.range", "v", "range", "Mark from here to where the cursor goes, until v again", "board", 9,
           BEADS, CARD),
    Action("bead.comment", "c", "comment", "Say something about it; its next agent reads it too", "board", 7,
           BEADS, CARD),
    Action("bead.edges", "b", "blockers", "What it waits for; of marked beads, each waits for the one before",
           "board", 8, BEADS, "ready blocked"),
    Action("bead.retry", "r", "retry", "Start again what failed or is held", "board", 3, BEADS, "closed"),
    Action("bead.cancel", "x", "cancel", "Drop it (asks first)", "board", 7, BEADS, f"{CARD} convoy"),

    Action("convoy.create", "N", "convoy", "Make a convoy of the marked beads", "board", 6, AGENTS),
    Action("convoy.start", "S", "start convoy", "Let the convoy of this bead go", "board", 6, AGENTS,
           "ready blocked convoy"),
    Action("agent.tell", "t", "talk", "Say something to its agent: it hears it between two turns", "board", 6,
           AGENTS, "working review"),
    Action("bead.shell", "T", "shell", "A shell of your own in its agent's container", "board", 5, AGENTS,
           "working"),
    Action("attempt.stop", "X", "stop", "Stop its agent (asks first)", "board", 5, AGENTS, "working"),
    Action("bead.pin", "P", "pin", "Say which agent takes it; dropping it on one does the same", "board", 8,
           AGENTS, "ready blocked"),
    Action("board.pause", "p", "pause", "Start no more agents, or go on", "board", 7, AGENTS),

    Action("output.open", "o", "output", "What its agent prints, as large as the screen", "board", 4, LOOK,
           "working review done ready"),
    Action("find", "slash", "filter", "Show only cards with these words: #label @who !1, or any of a card",
           "board", 6, LOOK),
    Action("lane.closed", "full_stop", "closed", "Show or hide what failed or was dropped, and hidden lanes",
           "board", 8, LOOK),
    Action("lane.menu", "comma", "lane", "Move, name, limit or hide this lane; make one by a filter", "board",
           8, LOOK),
)  # fmt: skip


def bindings(where: str, actions: Iterable[Action] = ACTIONS) -> list[BindingType]:
    """Return the bindings that hold in a place."""
    return [Binding(a.keys, a.name, a.label, show=False, id=a.id) for a in actions if a.where == where]


def held(place: str, actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """Return what the keys do in a place, from its own screen, its lanes, and everywhere."""
    wheres = ("everywhere", "lanes", "board") if place == "board" else ("everywhere", place)
    return [a for a in actions if a.where in wheres]


def hinted(lane: str, *, is_needed: bool) -> list[Action]:
    """Return the board's actions worth naming for a card of a lane; `is_needed`: something waits.

    For no card `lane` is `none`, for a convoy of the rail `convoy`.
    """
    found = [a for a in held("board") if a.rank < 9 and (is_needed or a.id != "next.need")]
    return [a for a in found if not a.lanes or lane in a.lanes.split()]


def action(ident: str) -> Action:
    """Return the action of that id."""
    return next(a for a in ACTIONS if a.id == ident)

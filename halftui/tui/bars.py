"""The three single rows of a screen: header, status, hints; each is drawn for the width there is."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from halftui.domain.shown import BoardRow, ConvoyRow, Snapshot
from halftui.tui.draw import Row, cut, money
from halftui.tui.keys import Action
from halftui.tui.themes import Inks

PRODUCT, MARK = "◐ HalfTUI", "◐"
PLACES = ("Board", "Agents", "Convoys", "Output", "Review", "Accounts", "Metrics")  # numbered from 1
GAP = 2
HOLDERS = {"everywhere": "app", "pane": "focused", "diff": "focused"}  # whose actions; else a screen's
NAMED_FROM, LEAST_NAME = 100, 4  # columns from which the product is named, cells of a board's name


class Who(NamedTuple):
    """Who looks at the board, and from where."""

    name: str
    database: str
    notice: str = ""
    others: tuple[str, ...] = ()  # who looks at it, too


def header(width: int, snapshot: Snapshot, here: str, inks: Inks) -> Strip:
    """Return the first row: product, board, places, what needs the reader, cost."""
    needs, spent = need(snapshot), money(snapshot.cost_today)
    waits = f"! {needs} need{'s' if needs == 1 else ''} you" if needs else ""
    waits = waits if width >= 100 or not needs else f"!{needs}"
    spent += " today" if width >= 100 else ""
    right = cell_len(spent) + 1 + (cell_len(waits) + GAP if waits else 0)
    product = PRODUCT if width >= NAMED_FROM else MARK  # a narrow row has the places instead
    row = Row(width - right).skip(1).put(product, inks["brand"]).skip(GAP)
    places = _places(width, here, inks)
    used = sum(cell_len(text) for text, _ in places)
    room = row.left - used - GAP
    if room >= LEAST_NAME:
        row.put(cut(_board(snapshot.board, width), room), inks["muted"]).skip(GAP)
    for text, style in places:
        row.put(text, style)
    end = Row(right).put(waits, inks["asking"]).skip(GAP if waits else 0).put(spent, inks["money"])
    return Strip([*row.strip(), *end.strip()])


def need(snapshot: Snapshot) -> int:
    """Return how many things wait for a person: questions and reviews."""
    review = snapshot.lane("review")
    return len(snapshot.asks) + review.total - sum(card.is_under_way for card in review.cards)


def _board(board: BoardRow, width: int) -> str:
    paused = "‖ paused · " if board.is_paused else ""
    branch = f"@{board.branch}" if width >= 100 else ""
    return f"{paused}{board.name}{branch}"


def _places(width: int, here: str, inks: Inks) -> list[tuple[str, Style]]:
    parts: list[tuple[str, Style]] = []
    for number, name in enumerate(PLACES, 1):
        if width < 76 and name != here:
            parts.append((f"{number} ", inks["muted"]))
            continue
        is_here, goes = name == here, _pressed(f"app.place_{name.lower()}")
        parts.append((str(number), (inks["key"] if is_here else inks["muted"]) + goes))
        parts.append((" " if width >= 130 else "", Style()))
        parts.append((name, (inks["strong"] + Style(underline=True) if is_here else inks["text"]) + goes))
        parts.append(("   " if width >= 130 else " ", Style()))
    return parts


def tabs(width: int, lanes: Sequence[tuple[str, int]], here: int, inks: Inks) -> Strip:
    """Return the row of lanes, as titles and counts, that stands above a single lane, number `here`."""
    row = Row(width).skip(1)
    counts = sum(len(str(total)) + 1 + GAP for _, total in lanes)
    room = next((n for n in (99, 6, 4, 3) if counts + sum(cell_len(t[:n]) for t, _ in lanes) < width), 2)
    for number, (title, total) in enumerate(lanes):
        text = f"{title[:room]} {total}"
        style = inks["strong"] + Style(underline=True) if number == here else inks["muted"]
        row.put(text, style).skip(GAP)
    return row.strip()


def reel(width: int, entries: Sequence[Sequence[tuple[str, Style]]], here: int, inks: Inks) -> Strip:
    """Return entries in one row, number `here` always among them; arrows say that there are more."""
    sizes = [sum(cell_len(text) for text, _ in entry) + 3 for entry in entries]
    first, beyond = 0, 3
    while first < here and sum(sizes[first : here + 1]) + 2 * beyond > width:
        first += 1
    row = Row(width, inks["ground"]).put("← " if first else " ", inks["muted"])
    for number, entry in enumerate(entries[first:], first):
        more = beyond if number + 1 < len(entries) else 0
        if number > here and sizes[number] + more > row.left:
            row.end(" → ", inks["muted"])
            break
        row.skip(3 if number > first else 0)
        for text, style in entry:
            row.put(text, style)
    return row.strip()


def status(width: int, snapshot: Snapshot, who: Who, inks: Inks, marked: int = 0, finds: str = "") -> Strip:
    """Return the row of counts at the left, and who looks at which database at the right."""
    left = Row(width).skip(1)
    facts = [(cut(finds, width // 2), "focus")] if finds else []
    facts += _counts(snapshot, marked) if width >= 100 else _short(snapshot, marked)
    right = [who.name, who.database] if width >= 100 else [who.name]
    if who.others:
        right.insert(0, f"{cut(', '.join(who.others), 40) if width >= 100 else len(who.others)} watching")
    tail = "  ·  ".join(right) + " "
    notice = _noted(who.notice, width - cell_len(tail) - 4) if who.notice else ""
    gap = GAP if notice else 0
    room = width - cell_len(tail) - cell_len(notice) - gap - 2
    for number, (text, ink) in enumerate(facts):
        if width - left.left + cell_len(text) + 3 > room:
            break
        left.put("   " if number else "").put(text, inks[ink])
    left.skip(left.left - cell_len(tail) - cell_len(notice) - gap)
    return left.put(notice, inks["asking"]).skip(gap).put(tail, inks["muted"]).strip()


def _noted(notice: str, room: int) -> str:
    """Return what the person should know; where its remedy has no room, `doctor` tells of that."""
    if cell_len(notice) <= room:
        return notice
    short = f"{notice.partition(': ')[0]} · :doctor"
    return short if cell_len(short) <= room else cut(notice, room)


def _counts(snapshot: Snapshot, marked: int) -> Iterable[tuple[str, str]]:
    if marked:
        yield f"◆ {marked} marked", "focus"
    total = {lane.name: lane.total for lane in snapshot.lanes}
    yield f"{total['ready'] + total['working']} ready or working", "text"
    yield f"{total['blocked']} blocked", "blocked" if total["blocked"] else "muted"
    yield f"{total['review']} in review", "review" if total["review"] else "muted"
    yield f"{total['done']} done", "muted"
    if total["closed"]:
        yield f"{total['closed']} failed or dropped", "muted"
    if hidden := sum(row.is_hidden for row in snapshot.board.lanes):
        yield f"{hidden} lane{'s' * (hidden > 1)} hidden", "muted"
    if snapshot.board.mode == "manual":
        yield "agents start by hand only", "muted"


def _short(snapshot: Snapshot, marked: int) -> Iterable[tuple[str, str]]:
    if marked:
        yield f"◆ {marked} marked", "focus"
    if snapshot.board.is_paused:
        yield "‖ paused", "asking"
    moving = [c for c in snapshot.convoys if c.state in ("moving", "staged")]
    if moving:
        yield f"{cut(moving[0].name, 16)} {bar(moving[0], 8)} {moving[0].finished}/{moving[0].total}", "text"
    agents = [a.status for a in snapshot.agents]
    counts = (("▶", "working"), ("?", "asking"), ("·", "idle"))
    shown = [f"{agents.count(name)}{sign}" for sign, name in counts if agents.count(name)]
    if shown:
        yield f"agents {' '.join(shown)}", "asking" if "asking" in agents else "text"


def bar(convoy: ConvoyRow, width: int) -> str:
    """Return a convoy's progress as a bar of `width` cells."""
    full = width * convoy.finished // convoy.total if convoy.total else 0
    return "━" * full + "─" * (width - full)


def hints(
    width: int, actions: Sequence[Action], inks: Inks, may: Callable[[str], bool] = lambda ident: True
) -> Strip:
    """Return as many actions as fit, the important first; the help is always the last and never cut.

    What this person may not do is grey; pressed, it says why.
    """
    last = "? help"
    room = width - cell_len(last) - 2
    kept: list[Action] = []
    used = 1
    for each in sorted(actions, key=lambda a: a.rank):
        need = cell_len(each.key) + 1 + cell_len(each.label) + GAP
        if each.id != "help" and used + need <= room:
            kept.append(each)
            used += need
    row = Row(width).skip(1)
    for each in (a for a in actions if a in kept):
        does = _pressed(f"{HOLDERS.get(each.where, 'screen')}.{each.name}")
        key, label = inks["key" if may(each.id) else "muted"], inks["muted"]
        row.put(each.key, key + does).put(f" {each.label}", label + does).skip(GAP)
    row.skip(row.left - cell_len(last) - 1)
    does = _pressed("app.help")
    return row.put("?", inks["key"] + does).put(" help", inks["muted"] + does).strip()


def _pressed(action: str) -> Style:
    """Return the style of what runs an action of ours when it is clicked."""
    return Style.from_meta({"@click": action})


def plain_hints(width: int, keys: Sequence[tuple[str, str]], inks: Inks) -> Strip:
    """Return a few keys and their words, as many as fit whole."""
    row = Row(width, inks["ground"]).skip(1)
    for key, words in keys:
        if cell_len(key) + 1 + cell_len(words) <= row.left:
            row.put(key, inks["key"]).put(f" {words}", inks["muted"]).skip(GAP)
    return row.strip()

"""A convoy as rows of a page: how far it is, each bead below what it waits for, the critical path."""

from halftui.domain.shown import ConvoyDetail, Twig
from halftui.domain.stems import stems
from halftui.tui import plots
from halftui.tui.cards import mark
from halftui.tui.draw import age, cut, money
from halftui.tui.screens.page import Part, Told
from halftui.tui.widgets.cells import padded

BAR = 24
SHOWN = 8  # beads of the critical path that are named


def head(found: ConvoyDetail, now: float) -> Told:
    """Return how far a convoy is, in one row."""
    row = found.convoy
    ink = {"staged": "ready", "moving": "working", "landed": "done"}.get(row.state, "muted")
    share = row.finished / row.total if row.total else 0.0
    parts: list[Part] = [(row.says, "failed" if row.stranded else ink), ("  ", "text"),
                         (plots.bar(share, BAR), "fill"),
                         (f" {row.finished} of {row.total}", "text")]  # fmt: skip
    if found.started_at is not None:
        took = (found.ended_at or now) - found.started_at
        parts.append((f" · {age(took)}", "muted"))
        if found.ended_at is None and 0 < row.finished < row.total:
            left = took / row.finished * (row.total - row.finished)
            parts.append((f" · about {age(left)} left at this pace", "muted"))
    parts += [(f" · {money(found.cost_usd)}", "money")] if found.cost_usd else []
    return Told(tuple(parts))


def beads(found: ConvoyDetail, now: float, width: int) -> list[Told]:
    """Return each bead below one that it waits for; what else it waits for is named beside it."""
    before = stems([twig.depth for twig in found.outline])
    rows = [_bead(stem, twig, now, width) for stem, twig in zip(before, found.outline, strict=True)]
    return rows or [Told((("no beads yet: ", "muted"), ("n", "key"), (" writes one", "muted")))]


def foot(found: ConvoyDetail, width: int) -> list[Told]:
    """Return why nothing moves, and the longest way that is left."""
    rows = [Told(((f"✗ {reason}", "failed"),)) for reason in found.convoy.stranded]
    way = list(found.critical)
    if len(way) > 1:
        shown = way if len(way) <= SHOWN else [*way[: SHOWN - 3], f"{len(way) - SHOWN + 1} more", *way[-2:]]
        frees = f"; ending {way[0]} frees {found.frees}" if found.frees else ""
        rows.append(Told((("critical path ", "muted"), (cut(" → ".join(shown) + frees, width - 14), "high"))))
    return rows


def edges(found: ConvoyDetail) -> list[tuple[str, str]]:
    """Return each bead with one that waits for it."""
    told: list[tuple[str, str]] = []
    above: list[str] = []
    for twig in found.outline:
        del above[twig.depth :]
        waits = [*above[-1:], *twig.more] if twig.depth else list(twig.more)
        told += [(before, twig.card.id) for before in waits]
        above.append(twig.card.id)
    return told


def _bead(stem: str, twig: Twig, now: float, width: int) -> Told:
    card = twig.card
    sign, ink = mark(card)
    more = f"+{len(twig.more)} {' '.join(twig.more[:2])}" if twig.more else ""
    says = "asks you" if card.attempt_state == "asking" else card.now if card.lane == "working" else ""
    took = age(now - card.started_at) if card.started_at is not None and card.lane == "working" else ""
    tail = [(padded(more, 22), "blocked")] if width >= 76 else []
    tail += [(padded(card.assignee, 10), "agent"), (padded(took, 4), "muted")]
    room = width - sum(len(text) for text, _ in tail) - len(stem) - 2 - len(card.id) - 2
    title = f"{card.title} · {says}" if says and room > 40 else card.title
    ink_title = "muted" if card.lane in ("done", "closed") else "text"
    return Told(
        ((stem, "edge"), (f"{sign} ", ink), (f"{card.id}  ", "muted"),
         (padded(title, max(room, 4)), ink_title), *tail),
        card.id,
    )  # fmt: skip

"""What a bead's page says on each tab, as rows of text and ink."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from halftui.domain.shown import Ask, AttemptRow, Detail, Happened
from halftui.domain.text import counted
from halftui.tui.draw import amount, money, waited
from halftui.tui.widgets.cells import broken, padded

if TYPE_CHECKING:
    from halftui.ops.trials import TrialRow

Part = tuple[str, str]  # text, ink
COLUMN = 10
OUTPUT = 20  # lines of the checks' output that are shown, the last ones
SIGNS = {
    "open": ("○", "ready"), "active": ("▶", "working"), "review": ("✓", "review"), "done": ("✓", "done"),
    "failed": ("✗", "failed"), "cancelled": ("–", "muted"), "": ("?", "failed"),
}  # fmt: skip
ENDS = {
    "passed": ("✓", "done"), "failed": ("✗", "failed"), "stopped": ("‖", "muted"), "lost": ("✗", "failed"),
    "limited": ("…", "asking"),
}  # fmt: skip
KINDS = {
    "blocks": "waits for its end", "conditional-blocks": "waits for its failure",
    "waits-for": "waits for its children", "parent-child": "is part of it",
}  # fmt: skip


class Told(NamedTuple):
    """One row; `opens` is the id of what it opens."""

    parts: tuple[Part, ...] = ()
    opens: str = ""


def spec(
    detail: Detail, asks: Sequence[Ask], now: float, width: int, trial: "TrialRow | None" = None
) -> list[Told]:
    """Return what is wanted, what its agent asks, how its checks went, and how it stands."""
    rows: list[Told] = []
    for ask in asks:
        rows += prose(f"? {ask.agent} asks · {waited(now - ask.asked_at)}: {ask.text}", width, "asking")
        rows += [Told((("  ", "text"), ("a", "key"), (" answers", "muted"))), Told()]
    rows += prose(detail.description, width) or [Told((("no description", "muted"), (" · ", "edge"),
                                                        ("e", "key"), (" writes one", "muted")))]  # fmt: skip
    for title, text, ink in (
        ("Acceptance", detail.acceptance, "text"),
        ("Notes", detail.notes, "text"),
        ("What the agent says", detail.summary, "text"),
        ("Why it came back", detail.card.remark, "asking"),
    ):
        if text:
            rows += [Told(), Told(((title, "heading"),)), *prose(text, width, ink)]
    rows += _checks(trial, now, width) if trial else []
    if detail.comments:
        rows += [Told(), Told((("Comments", "heading"),))]
        for who, text in detail.comments:
            rows += prose(f"{who}: {text}", width, "text", "· ")
    return [*rows, Told(), *_facts(detail, now, width)]


def activity(happened: Sequence[Happened], now: float, width: int) -> list[Told]:
    """Return what happened to it, the newest first."""
    rows = []
    for event in reversed(happened):
        words, more = _words(event)
        head = ((padded(_when(event.at, now), 12), "muted"), (padded(_who(event.actor), COLUMN), "agent"))
        rows.append(Told((*head, (words, "text"))))
        rows += [Told(((" " * (12 + COLUMN), "text"), (line, "muted"))) for line in _lines(more, width - 22)]
    return rows or [Told((("nothing happened yet", "muted"),))]


def deps(detail: Detail, width: int) -> list[Told]:
    """Return what it waits for, what it frees, and why it is not started."""
    rows: list[Told] = []
    if detail.why:
        rows += [Told((("Why it is not started", "heading"),))]
        for reason in detail.why:
            rows += prose(reason, width, "blocked", "· ")
        rows += [Told()]
    rows += _edges("Waits for", "nothing", detail.waits_for)
    return [*rows, Told(), *_edges("Frees", "nothing waits for it", detail.frees)]


def attempts(detail: Detail, now: float, width: int) -> list[Told]:
    """Return every try, the newest first, with its end, time and cost."""
    if not detail.attempts:
        return [Told((("no agent has tried it yet", "muted"),))]
    rows = [_attempt(row, now) for row in detail.attempts]
    spent = sum(row.cost_usd for row in detail.attempts)
    total = f"{len(rows)} {'attempt' if len(rows) == 1 else 'attempts'}, {money(spent)} in all"
    return [*rows, Told(), Told(((total, "muted"),))]


def _attempt(row: AttemptRow, now: float) -> Told:
    sign, ink = ENDS.get(row.outcome, ("?", "asking") if row.state == "asking" else ("▶", "working"))
    word = row.outcome or row.state
    why = f" {row.reason}" if row.reason else ""
    took = (row.ended_at or now) - row.started_at
    tokens = row.tokens_in + row.tokens_out
    parts = (
        (f"{sign} ", ink), (padded(str(row.epoch), 4), "muted"), (padded(row.agent, COLUMN), "agent"),
        (padded(f"{word}{why}", 18), ink), (padded(_took(took), 9), "text"),
        (padded(money(row.cost_usd), 8), "money"), (padded(f"{amount(tokens)} tokens", 13), "muted"),
        (f"{row.turns} turns · {row.sandbox or row.runtime} · {_when(row.started_at, now)}", "muted"),
    )  # fmt: skip
    return Told(parts, row.id)


def _checks(trial: "TrialRow", now: float, width: int) -> list[Told]:
    """Return how the newest run of the checks went, and the end of its output."""
    ink = {"passed": "done", "failed": "failed", "running": "working"}.get(trial.state, "muted")
    took = _took((trial.ended_at or now) - trial.started_at)
    head = ((f"{trial.says}", ink), (f" · {took} · on {trial.target} and {len(trial.beads)} bead", "muted"),
            ("" if len(trial.beads) == 1 else "s", "muted"))  # fmt: skip
    tail = trial.output.rstrip("\n").split("\n")[-OUTPUT:] if trial.output else []
    shown = [Told((("  ", "text"), (line[: width - 2], "muted"))) for line in tail]
    return [Told(), Told((("Checks", "heading"),)), Told(head), *shown]


def _edges(title: str, none: str, edges: Iterable[tuple[str, str, str]]) -> list[Told]:
    rows = [Told(((title, "heading"),))]
    for bead, kind, state in edges:
        sign, ink = SIGNS.get(state, ("·", "muted"))
        word = state or "missing"
        parts = ((f"{sign} ", ink), (padded(bead, 12), "text"), (padded(word, COLUMN), ink))
        rows.append(
            Told((*parts, (KINDS.get(kind, kind) if title != "Frees" else kind, "muted")), state and bead)
        )
    return rows if len(rows) > 1 else [*rows, Told(((none, "muted"),))]


def _facts(detail: Detail, now: float, width: int) -> list[Told]:
    card, by = detail.card, _who(detail.created_by)
    spent = f" · {money(card.cost_usd)}" if card.cost_usd else ""
    started = f"  from {detail.base[:8]}" if detail.base else ""
    facts = (
        ("agent", card.assignee and f"{card.assignee}{spent}", "agent"),
        ("profile", detail.profile, "text"),
        ("branch", detail.branch and f"{detail.branch}{started}", "text"),
        ("work", f"{counted(card.files, 'file')} +{card.plus} -{card.minus}" if card.files else "", "review"),
        ("pull request", detail.pull_request, "review"),
        ("merged", detail.merged[:8], "done"),
        ("files", ", ".join(f"{one.name} {one.size:,}" for one in detail.artefacts), "text"),
        ("may reach", detail.egress.replace(",", " "), "text"),
        ("labels", " ".join(f"~{label}" for label in card.labels), "label"),
        ("held", card.hold, "blocked"),
        ("failures", f"{card.failures} {card.reason}" if card.failures else "", "failed"),
        ("due", _when(detail.due, now) if detail.due else "", "high"),
        ("created", f"{_when(card.created_at, now)}{f' by {by}' if by else ''}", "muted"),
    )
    rows, told = [], [fact for fact in facts if fact[1]]
    column = max(COLUMN, *(len(name) + 2 for name, *_ in told))
    for name, text, ink in told:
        for number, (start, stop) in enumerate(broken(text, max(width - column, 8), at_words=True)):
            rows.append(Told(((padded("" if number else name, column), "muted"), (text[start:stop], ink))))
    return rows


def _words(event: Happened) -> tuple[str, str]:
    """Return an event in a few words, and the text it carries."""
    noun, _, verb = event.verb.partition(".")
    after: Mapping[str, object] = event.after
    said = str(after.get("text") or after.get("reason") or after.get("summary") or after.get("answer") or "")
    if event.verb == "bead.edit":
        changes = [
            f"{key}: {_brief(event.before.get(key))} → {_brief(value)}" for key, value in after.items()
        ]
        return "edited", "\n".join(changes)
    told = {"bead.claim": f"taken by {after.get('agent') or after.get('assignee') or '?'}"}
    return told.get(event.verb, _PAST.get(event.verb, f"{noun} {verb}")), said


_PAST = {
    "bead.create": "written", "bead.release": "given back", "bead.submit": "handed in",
    "bead.approve": "accepted", "bead.reject": "sent back", "bead.fail": "given up", "bead.cancel": "dropped",
    "bead.reopen": "taken up again", "bead.dispatch": "slung", "bead.hold": "held", "bead.rank": "moved",
    "bead.comment": "said",
    "bead.shell": "shell in the container",
    "bead.review": "reviewed by an agent",
    "review.claim": "given to a reviewer",
    "pull.open": "pull request opened",
    "pull.look": "pull request decided",
    "pull.fail": "the forge failed",
    "merge.queue": "accepted",
    "merge.land": "merged",
    "merge.refuse": "not merged",
    "merge.drop": "taken out of the queue",
    "merge.wait": "waits to be merged",
    "trial.judge": "checked",
    "event.undo": "put back", "event.redo": "done again",
}  # fmt: skip


def _brief(value: object) -> str:
    text = " ".join(str(value if value is not None else "").split()) or "nothing"
    return text if len(text) <= 60 else f"{text[:59]}…"


def _lines(text: str, width: int) -> list[str]:
    paragraphs = text.split("\n") if text else []
    return [p[a:b] for p in paragraphs for a, b in broken(p, max(width, 8), at_words=True)]


def prose(text: str, width: int, ink: str = "text", mark: str = "") -> list[Told]:
    """Return a text broken to a width, its first line behind a mark."""
    lines = _lines(text, width - len(mark))
    return [Told((((" " * len(mark) if n else mark), ink), (line, ink))) for n, line in enumerate(lines)]


def _who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return name if kind == "person" else "agent" if kind == "agent" else kind


def _when(at: float, now: float) -> str:
    form = "%H:%M" if 0 <= now - at < 43_200 else "%-d %b %H:%M"
    return time.strftime(form, time.localtime(at))


def _took(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h {minutes % 60:02}m"

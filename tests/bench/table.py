"""Figures with their spread, and the one table that holds them against the goals."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Statistic = Callable[[Sequence[float]], float]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def p99(values: Sequence[float]) -> float:
    """Return the value that one in a hundred exceeds (of fewer than 100: the largest)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


@dataclass(frozen=True)
class Series:
    """The figures of some runs; `capped` counts those that were cut off by a limit of time."""

    values: tuple[float, ...]
    capped: int = 0

    def __add__(self, other: "Series") -> "Series":
        return Series(self.values + other.values, self.capped + other.capped)


NOTHING = Series(())


@dataclass(frozen=True)
class Row:
    """A figure beside the one it is compared with.

    The goal is a `most` in the row's unit, or `times` the other's figure; both are optional.
    `doubt` says why a figure proves nothing.
    """

    goal: str  # P1 … P14
    metric: str
    unit: str
    own: Series
    peer: str = ""
    other: Series = NOTHING
    most: float | None = None
    times: float | None = None
    statistic: Statistic = median
    doubt: str = ""

    @property
    def ratio(self) -> float | None:
        """Own figure by the other's, None without another."""
        if not self.other.values or not self.own.values:
            return None
        return self.statistic(self.own.values) / max(self.statistic(self.other.values), 1e-9)

    @property
    def verdict(self) -> str:
        """`met`, `not met`, `doubtful` with the reason, or "" without a goal."""
        if self.doubt:
            return f"doubtful: {self.doubt}"
        if not self.own.values:
            return "not measured"
        if self.most is None and self.times is None:
            return ""
        is_met = self.most is None or self.statistic(self.own.values) <= self.most
        if self.times is not None:
            is_met = is_met and self.ratio is not None and self.ratio <= self.times
        return "met" if is_met else "NOT met"

    def cells(self) -> tuple[str, ...]:
        """Return the row as words."""
        wanted = [f"≤ {self.most:g} {self.unit}"] if self.most is not None else []
        wanted += [_times(self.times)] if self.times is not None else []
        return (
            self.goal, self.metric, self.peer, self._figure(self.other), self._figure(self.own),
            "" if self.ratio is None else f"{self.ratio:.3g}", ", ".join(wanted), self.verdict,
            "/".join(str(len(s.values)) for s in (self.own, self.other) if s.values),
            str(self.own.capped + self.other.capped or ""),
        )  # fmt: skip

    def _figure(self, series: Series) -> str:
        if not series.values:
            return ""
        low, high = min(series.values), max(series.values)
        return f"{self.statistic(series.values):.4g} {self.unit} ({low:.3g}–{high:.3g})"


HEADS = ("goal", "metric", "floor or peer", "its figure", "HalfTUI", "ratio", "wanted", "", "runs", "capped")


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADS))]
    drawn = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(drawn)


def _times(times: float) -> str:
    return f"≤ {times:g} ×" if times >= 0.5 else f"≤ 1/{round(1 / times):,}"

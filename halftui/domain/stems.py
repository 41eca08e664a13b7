"""The lines that hang a tree's rows below each other in a text."""

from collections.abc import Iterator, Sequence

DEEPEST = 12  # steps; deeper ones are not indented further


def stems(depths: Sequence[int]) -> Iterator[str]:
    """Yield what stands before each row of a tree; `depths` says of each row how far below the root it is."""
    rails: list[bool] = []  # of each step of indentation: does its line go on below?
    for depth, is_last in zip(depths, _ends(depths), strict=True):
        shown = min(depth, DEEPEST)
        del rails[shown:]
        bars = "".join("│ " if goes_on else "  " for goes_on in rails[1:])
        yield bars + (("└─" if is_last else "├─") if shown else "")
        rails += [not is_last] * (shown + 1 - len(rails))


def _ends(depths: Sequence[int]) -> list[bool]:
    """Return of each row whether no later one hangs at the same place."""
    seen: set[int] = set()
    ends: list[bool] = []
    for depth in reversed(depths):
        seen = {other for other in seen if other <= depth}
        ends.append(depth not in seen)
        seen.add(depth)
    return ends[::-1]

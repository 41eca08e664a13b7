"""The lines that hang a tree's rows below each other."""

from halftui.domain.stems import DEEPEST, stems


def test_a_tree_is_drawn_as_it_hangs() -> None:
    assert list(stems([0, 1, 2, 2, 1, 0, 1])) == ["", "├─", "│ ├─", "│ └─", "└─", "", "└─"]


def test_deep_rows_are_not_indented_further() -> None:
    drawn = list(stems(range(DEEPEST + 5)))
    assert len(drawn[-1]) == len(drawn[DEEPEST]) == 2 * DEEPEST

"""The diff view: real git's patches, large ones, odd ones, wide ones."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from halftui.domain.text import clean
from halftui.tui.widgets.diff import DiffView
from halftui.tui.widgets.patch import Patch, Spot, changed

OLD = "".join(f"line {n}\n" for n in range(1, 61))
NEW = (
    OLD.replace("line 3\n", "line three\n")
    .replace("line 40\n", "")
    .replace("line 50\n", "line 50\nmore\nyet more\n")
)


class DiffApp(App[None]):
    """Nothing but a diff."""

    def compose(self) -> ComposeResult:
        yield DiffView()


@asynccontextmanager
async def shown(
    lines: list[str], size: tuple[int, int] = (80, 24), comments: Mapping[Spot, str] | None = None
) -> AsyncIterator[tuple[DiffView, Pilot[None]]]:
    """Open a diff on a patch."""
    async with DiffApp().run_test(size=size) as pilot:
        view = pilot.app.query_one(DiffView)
        view.focus()
        view.show(lines, comments)
        await pilot.pause()
        yield view, pilot


def texts(view: DiffView) -> list[str]:
    """Return the rows that the view shows now."""
    return [view.render_line(y).text.replace("▌", " ").rstrip() for y in range(view.size.height)]


def git_diff(folder: Path, old: str | bytes, new: str | bytes, *options: str) -> list[str]:
    """Return what git says of two texts, cleaned as the review desk cleans."""
    for name, text in (("old", old), ("new", new)):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", *options, "old", "new"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    return [clean(line).replace("\n", "") for line in done.stdout.decode().split("\n")[:-1]][1:]


async def test_numbers_signs_and_hunks(tmp_path: Path) -> None:
    async with shown(git_diff(tmp_path, OLD, NEW), (80, 60)) as (view, pilot):
        rows = texts(view)
        flat = [" ".join(row.split()) for row in rows]
        assert "3 - line 3" in flat
        assert "3 + line three" in flat
        assert "40 - line 40" in flat
        assert "50 + more" in flat
        assert "51 + yet more" in flat
        assert view.hunk == (1, 3)
        await pilot.press("n", "n")
        assert view.hunk == (3, 3)
        await pilot.press("N")
        assert view.hunk == (2, 3)


def test_every_line_has_the_number_it_has_in_its_file(tmp_path: Path) -> None:
    patch = Patch(git_diff(tmp_path, OLD, NEW, "--unified=100"))
    old, new = OLD.split("\n"), NEW.split("\n")
    for line in range(patch.hunks[0].at + 1, patch.hunks[0].stop):
        sign, number = patch.spot(line)
        assert (old if sign == "-" else new)[number - 1] == patch.lines[line][1:]


async def test_a_large_diff_opens_at_once(tmp_path: Path) -> None:
    text = "".join(f"value_{n} = {n}\n" for n in range(20_000))
    lines = git_diff(tmp_path, "", text)
    assert len(lines) > 20_000
    async with shown([]) as (view, pilot):
        view.show(lines)
        await pilot.pause()
        assert view.styled <= 2 * view.size.height, "only what is seen is styled"
        before = view.styled
        await pilot.press("G")
        assert "value_19999" in texts(view)[-1]
        assert view.styled - before <= 3 * view.size.height


async def test_odd_files_are_told_in_words(tmp_path: Path) -> None:
    async with shown(["old mode 100644", "new mode 100755"]) as (view, _):
        assert texts(view)[0] == "  made executable"
    async with shown(["similarity index 90%", "rename from a", "rename to b", "index 1..2 100644"]) as (
        view,
        _,
    ):
        assert [line for line in texts(view) if line] == ["  renamed from a"]
    lines = git_diff(tmp_path, b"\0\1", b"\0\2")
    async with shown(["a binary file: there are no lines to show", *lines]) as (view, _):
        assert "binary" in texts(view)[0]
        assert "Binary files" not in "".join(texts(view))


async def test_carriage_returns_and_missing_ends_are_shown(tmp_path: Path) -> None:
    async with shown(git_diff(tmp_path, "a\r\nb\n", "a\nb")) as (view, _):
        flat = [" ".join(line.split()) for line in texts(view)]
        assert "1 - a␍" in flat
        assert "1 + a" in flat
        assert "No newline at end of file" in flat


@pytest.mark.parametrize("width", [30, 47, 80, 161])
async def test_wide_characters_keep_every_row_in_its_width(tmp_path: Path, width: int) -> None:
    text = "日本語のテスト🎉 " * 20 + "\n" + "é" * 300 + "\n\tx\n" + "👩‍🚀" * 40 + "\n"
    comments = {("+", 1): "テ" * 300}
    async with shown(git_diff(tmp_path, "x\n", text), (width, 24), comments) as (view, pilot):
        for key in ("w", "=", "w", "j"):
            await pilot.press(key)
            for y in range(view.size.height):
                assert view.render_line(y).cell_length == view.scrollable_content_region.width


async def test_side_by_side_pairs_what_went_with_what_came(tmp_path: Path) -> None:
    async with shown(git_diff(tmp_path, OLD, NEW), (80, 40)) as (view, pilot):
        assert not view.is_split
        await pilot.press("=")
        row = next(line for line in texts(view) if "line three" in line)
        assert "- line 3 " in row
        assert row.index("- line 3") < row.index("+ line three")


async def test_wide_screens_begin_side_by_side(tmp_path: Path) -> None:
    async with shown(git_diff(tmp_path, OLD, NEW), (160, 24)) as (view, _):
        assert view.is_split


async def test_comments_stand_under_their_line(tmp_path: Path) -> None:
    comments = {("+", 3): "why in words?\nsecond line", ("-", 40): "keep it"}
    async with shown(git_diff(tmp_path, OLD, NEW), (80, 60), comments) as (view, pilot):
        rows = texts(view)
        at = next(n for n, row in enumerate(rows) if "line three" in row)
        assert rows[at + 1].strip() == "┌ you: why in words?"
        assert rows[at + 2].strip() == "│      second line"
        assert sum("keep it" in row for row in rows) == 1
        view.annotate({})
        await pilot.pause()
        assert not any("you:" in row for row in texts(view))


async def test_the_cursor_knows_its_line(tmp_path: Path) -> None:
    async with shown(git_diff(tmp_path, OLD, NEW)) as (view, pilot):
        assert (view.spot, view.line) == (("+", 1), " line 1")
        await pilot.press("j", "j")
        assert (view.spot, view.line) == (("-", 3), "-line 3")
        await pilot.press("j", "y")
        assert pilot.app.clipboard == "line three"


async def test_wrapping_shows_the_whole_line(tmp_path: Path) -> None:
    text = "".join(f"{n:04}" for n in range(100))
    async with shown(git_diff(tmp_path, "", text + "\n")) as (view, pilot):
        assert any(row.endswith("…") for row in texts(view))
        await pilot.press("w")
        gutter = view._gutter
        assert "".join(row[gutter:] for row in texts(view)[1:]).strip() == text


def test_what_differs_within_a_line() -> None:
    assert changed("return load(key)", "return load(path)") == (slice(12, 15), slice(12, 16))
    assert changed("abc", "xyz") is None
    patch = Patch(["@@ -1,3 +1,3 @@", "-a one", "-b one", "+a two", "+b two", " c"])
    assert [patch.mate(n) for n in range(1, 6)] == [3, 4, 1, 2, None]
    assert Patch(["@@ -1,2 +1,1 @@", "-a", "-b", "+c"]).mate(1) is None


def test_a_line_of_at_signs_in_a_file_is_no_head() -> None:
    patch = Patch(["@@ -1,2 +1,2 @@", " @@ -9,9 +9,9 @@", "-@@ -1 +1 @@", "+x"])
    assert len(patch.hunks) == 1

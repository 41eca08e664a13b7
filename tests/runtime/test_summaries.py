"""One line for each tool call."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.runtime.summaries import LINE, one_line, summarise

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("Bash", {"command": "pytest -q", "description": "Run"}, "Bash pytest -q", "pytest -q"),
    ("Bash", {"command": "a\n  b"}, "Bash a b", "a\n  b"),
    ("Write", {"file_path": "/work/a.py", "content": "1\n2\n"}, "Write a.py +2", "+1\n+2"),
    ("Write", {"file_path": "/workshop/a", "content": ""}, "Write /workshop/a +0", ""),
    (
        "Edit",
        {"file_path": "/work/src/x.py", "old_string": "a\nb\nc", "new_string": "a\nB\nB2\nc"},
        "Edit src/x.py +2 -1",
        "-b\n+B\n+B2",
    ),
    (
        "MultiEdit",
        {"file_path": "x", "edits": [{"old_string": "a", "new_string": "b"}, {"new_string": "c"}]},
        "MultiEdit x +2 -1",
        "-a\n+b\n+c",
    ),
    ("NotebookEdit", {"notebook_path": "n", "new_source": "1"}, "NotebookEdit n +1", "+1"),
    ("Read", {"file_path": "/work/a", "limit": 3}, "Read a", '/work/a\n{"limit": 3}'),
    ("Grep", {"pattern": "x", "path": "src"}, "Grep x", 'x\n{"path": "src"}'),
    ("mcp__board__ask", {"question": "Why?"}, "ask Why?", "Why?"),
    ("Odd", {"n": 1}, 'Odd {"n": 1}', '{"n": 1}'),
    ("Odd", {}, "Odd", "{}"),
    ("Bash", {"command": 7}, "Bash 7", "7"),
]


@pytest.mark.parametrize(("tool", "inputs", "summary", "detail"), CASES)
def test_summary(tool: str, inputs: dict[str, Any], summary: str, detail: str) -> None:
    assert summarise(tool, inputs, "/work") == (summary, detail)


def test_a_command_is_never_cut_in_the_detail() -> None:
    command = "echo " + "x" * 10_000
    summary, detail = summarise("Bash", {"command": command})
    assert detail == command
    assert len(summary) == LINE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["command", "file_path", "content", "new_string", "old_string", "edits", "new_source", "x"]
)


@given(st.text(), st.dictionaries(KEYS, JSON))
def test_any_input_gives_one_line(tool: str, inputs: dict[str, Any]) -> None:
    summary, _ = summarise(tool, inputs, "/work")
    assert len(summary) <= LINE
    assert summary.splitlines() in ([], [summary])


def test_one_line() -> None:
    assert one_line(" a\n b\t") == "a b"
    assert one_line("abcdef", 4) == "abc…"

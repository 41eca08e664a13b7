"""Colours for lesser terminals: on the way out, in control sequences alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.ssh.tones import Depth, toner

FULL = "\x1b[1;38;2;255;0;0;48;2;0;0;0;4mtext 38;2;1;2;3m\x1b[0m"


@pytest.mark.parametrize(
    ("depth", "wanted"),
    [
        ("truecolor", FULL),
        ("256", "\x1b[1;38;5;196;48;5;16;4mtext 38;2;1;2;3m\x1b[0m"),
        ("standard", "\x1b[1;91;40;4mtext 38;2;1;2;3m\x1b[0m"),
        ("none", "\x1b[1;4mtext 38;2;1;2;3m\x1b[0m"),
    ],
)
def test_each_depth(depth: Depth, wanted: str) -> None:
    assert toner(depth)(FULL) == wanted


def test_none_has_none_of_the_old_colours_either() -> None:
    assert toner("none")("\x1b[31;7;44;97;107;39;49;38;5;9mx\x1b[39;49m") == "\x1b[7mx"


@given(st.text(alphabet="\x1b[0123456789;mHJ 38x"), st.sampled_from(["256", "standard", "none"]))
def test_whatever_comes_the_text_stays(text: str, depth: Depth) -> None:
    toned = toner(depth)(text)
    assert "38;2;" not in re.findall(r"\x1b\[([0-9;]*)m", toned)
    strip = re.compile(r"\x1b\[[0-9;]*m")
    assert strip.sub("\0", toned).replace("\0", "") == strip.sub("\0", text).replace("\0", "")

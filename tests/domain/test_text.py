"""The cleaning of outside text: nothing that a terminal would obey comes through, whatever it is cut from."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from halftui.domain.text import HIDDEN_MARK, clean, clean_line

# One or more of each family that a terminal, or the eye, would fall for.
HOSTILE = {
    "clipboard": "\x1b]52;c;aGk=\x07",
    "title": "\x1b]0;owned\x1b\\",
    "link": "\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\",
    "unterminated osc": "\x1b]52;c;aGk=",
    "dcs": "\x1bP+q544e\x1b\\",
    "apc": "\x1b_Gf=100;AAAA\x1b\\",
    "pm and sos": "\x1b^secret\x1b\\\x1bXsecret\x1b\\",
    "cursor": "\x1b[2J\x1b[H\x1b[1;1Hfake",
    "mode": "\x1b[?1049h\x1b[?1000h\x1b[?2004l",
    "report": "\x1b[6n\x1b[c\x1b[5n\x1b[>q",
    "c1": "\x9b2J\x9d0;owned\x9c\x90q\x9c\x85\x8d",
    "charset and keypad": "\x1b(0\x1b)B\x1b=\x1b>\x1b7\x1b8\x1bc\x1b#8",
    "c0": "\x00\x07\x08\x0b\x0c\x0e\x0f\x7f\x05",
    "carriage return": "rm -rf /\rls     ",
    "bidi": "\u202eevil\u202c\u2066x\u2069\u061c\u200e\u200f",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "tags": "a\U000e0041\U000e0042\U000e007f",
    "surrogates": "\ud800x\udfff\udc9b",
    "split sequences": "\x1b\x1b[0m]0;owned\x07\x1b[\x1b[31m2J",
    "selectors and fillers": "\u26a0\ufe0f\u3164\uffa0\u115f\u2028\u2029",
}
ALPHABET = st.one_of(
    st.sampled_from(["\x1b", "\x1b[", "\x1b]", "\x9b", "\x9c", "\x07", *"\\m[];0\n\t\r"]),
    st.sampled_from(list(HOSTILE.values())),
    st.characters(),
)  # fmt: skip
texts = st.lists(ALPHABET, max_size=30).map("".join)
SGR = re.compile(r"\x1b\[[0-9;:]*m")


def _disallowed(text: str) -> list[str]:
    return [
        c
        for c in text
        if (c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp"))
        or "\ufe00" <= c <= "\ufe0f"
    ]


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("form", ["{}", "before {} after", "{0}{0}", "\x1b[31m{}\x1b[0m", "日本{}語"])
def test_hostile_families(payload: str, form: str) -> None:
    text = form.format(payload)
    assert _disallowed(clean(text)) == []
    assert _disallowed(SGR.sub("", clean(text, keeps_colours=True))) == []


@given(texts)
@example("\x1b\x1b[m[2J")
@example("\x1b[\x1b[m2J")
@example("\x9b\x1b]0;\x07")
def test_nothing_disallowed_comes_through(text: str) -> None:
    assert _disallowed(clean(text)) == []
    assert _disallowed(SGR.sub("", clean(text, keeps_colours=True))) == []
    clean(text).encode()  # can be written in UTF-8


@given(texts, st.booleans())
def test_cleaning_twice_changes_nothing(text: str, keeps: bool) -> None:
    once = clean(text, keeps_colours=keeps)
    assert clean(once, keeps_colours=keeps) == once
    assert clean(clean(once)) == clean(once)


@given(st.lists(texts, min_size=1, max_size=6), st.booleans())
def test_pieces_that_are_joined_stay_clean(pieces: list[str], keeps: bool) -> None:
    joined = "".join(clean(p, keeps_colours=keeps) for p in pieces)
    assert _disallowed(SGR.sub("", joined) if keeps else joined) == []


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_payload_cut_at_every_place(payload: str) -> None:
    text = f"one {payload} two"
    for cut in range(len(text) + 1):
        assert _disallowed(clean(text[:cut]) + clean(text[cut:])) == []


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Po", "Zs"]), max_size=80))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    hidden = {"\u115f", "\u1160", "\u3164", "\uffa0"}
    ordinary = "".join(c for c in text if c not in hidden)
    assert clean(ordinary) == ordinary


def test_what_it_makes_of_things() -> None:
    assert clean("a\tb\r\nc") == "a   b\nc"
    assert clean("a\rb\x00\x7f") == "a\u240db\u2400\u2421"
    assert clean("a\u202eb") == f"a{HIDDEN_MARK}b"
    assert clean("\x1b[1;31mred\x1b[0m") == "red"
    assert clean("\x1b[1;31mred\x1b[0m\x1b[2J", keeps_colours=True) == "\x1b[1;31mred\x1b[0m"


@given(texts, st.integers(1, 80))
def test_one_line_of_limited_length(text: str, longest: int) -> None:
    line = clean_line(text, longest=longest)
    assert "\n" not in line
    assert len(line) <= longest
    assert clean_line(line, longest=longest) == line


@pytest.mark.timeout(60)  # quadratic would be hours
def test_long_and_nested_input_takes_linear_time() -> None:
    for text in (
        "\x1b" * 100_000,
        "\x1b[" * 50_000,
        "\x1b]" * 50_000,
        "\x1b[0m\x1b" * 30_000,
        "\x9b" * 100_000,
    ):
        assert len(clean(text)) <= len(text)
        assert len(clean(text, keeps_colours=True)) <= len(text)


def test_floods_of_marks_end_at_four() -> None:
    assert clean("z" + "\u0301" * 300 + "!") == "z" + "\u0301" * 4 + "!"
    assert clean("\u0e01\u0e34\u0e48 e\u0301\u0323") == "\u0e01\u0e34\u0e48 e\u0301\u0323", (
        "what is written so stays"
    )

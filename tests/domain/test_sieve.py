"""What gets through to a person's terminal of what a hostile program in a container draws there."""

import random
import re

import pyte
import pytest

from halftui.domain.sieve import Sieve

# A second reading of what may get out, for the tests alone: text, five controls, listed sequences.
SAFE = re.compile(
    r"(?:[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\x07\x08\t\n\r]"
    r"|\x1b[78DEM=>]|\x1b\([0B]"
    r"|\x1b\[[0-9;:]{0,62}m|\x1b\[\d{0,4}(?:;\d{0,4})?[ABCDEFGHILMPSTX@Z`abdefr]|\x1b\[[012]?[JK]|\x1b\[[su]"
    r"|\x1b\[4[hl]|\x1b\[\?(?:1|7|12|25|47|1000|1002|1003|1006|1047|1049|2004)[hl])*"
)
PAYLOADS = (
    b"52;c;ZXZpbA==", b"0;title", b"2;title", b"8;;http://evil.example", b"4;1;?", b"10;?", b"1337;F=:eA==",
    b"q#0;2;0;0;0", b"+q544e", b"$qm", b"Gf=100;eA==", b"tmux;\x1b\x1b]52;c;ZXZpbA==\x07", b"",
)  # fmt: skip
STRINGS = [
    begin + payload + end
    for begin in (*(b"\x1b" + kind for kind in (b"]", b"P", b"X", b"^", b"_")),
                  *(chr(c).encode() for c in (0x9D, 0x90, 0x98, 0x9E, 0x9F)))
    for payload in PAYLOADS
    for end in (b"\x07", b"\x1b\\", chr(0x9C).encode(), b"\x18", b"")
]  # fmt: skip
BODIES = """
6n 5n ?6n c >c =c 0c x ?15n 18t 21t 22;0t 3J ?3J !p 2q >4;1m >4m ?4m >1u =1u ?u <u 1;2;3;4;5T ?1;2S 20h 2h
?5h ?3h ?6h ?9h ?1001h ?1004h ?1005h ?1015h ?1016h ?2026h ?2031h ?9001h ?2026$p ?25$p 4$p 1$r 1;1;2;2${
0;0;0;0*y i 5i ?5i g 3g 1;5;1s =1h >1h 99999999b 1;1;9;9$x 1+q &w
"""
KINDS = "c Z n o | } ~ #8 %G %@ (A )0 *0 +0 -A N O F G H l m V W 6 9"
SEQUENCES = [
    *(b"\x1b[" + body.encode() for body in BODIES.split()),
    *(b"\x1b" + kind.encode() for kind in KINDS.split()),
    b"\x1b[2 q", b"\x1b F", b"\x1b G", b"\x1b[?1\xc2\x9b6n", b"\x1b[?" + b"1;" * 40 + b"25h",
]  # fmt: skip
CONTROLS = [bytes([c]) for c in (*range(7), *range(11, 13), *range(14, 27), *range(28, 32), 127)]
RAW = [bytes([c]) for c in range(0x80, 0x100)]
HIDDEN = ["\u202e\u200b\u2066\ufeff".encode()]
HOSTILE = [*STRINGS, *SEQUENCES, *CONTROLS, *RAW, *HIDDEN]

HARMLESS = [
    b"plain \xc3\xa4\xe2\x82\xac \xf0\x9f\x8d\x9e",
    b"\x07\x08\t\r\n",
    b"\x1b[1;38;5;208mx\x1b[0m",
    b"\x1b[38:2::1:2:3mx\x1b[m",
    b"\x1b[2J\x1b[H\x1b[10;20Hx\x1b[K",
    b"\x1b[3A\x1b[2B\x1b[C\x1b[D\x1b[5G\x1b[4d",
    b"\x1b7\x1b[s\x1b[u\x1b8",
    b"\x1bM\x1bD\x1bE",
    b"\x1b[L\x1b[M\x1b[P\x1b[@\x1b[X\x1b[S\x1b[T\x1b[5b",
    b"\x1b(0lqk\x1b(B",
]
SWITCHES = ("[?1049h l", "[?2004h l", "[?25l h", "[?7l h", "[?1h l", "[4h l", "[?1003h l", "[?1006h l")
MODES = [
    *((f"\x1b{on}".encode(), f"\x1b{on[:-1]}{off}".encode()) for on, off in map(str.split, SWITCHES)),
    (b"\x1b=", b"\x1b>"),
    (b"\x1b(0", b"\x1b(B"),
]


def sift(*pieces: bytes) -> bytes:
    sieve = Sieve()
    return b"".join(sieve.feed(piece) for piece in pieces)


def is_safe(out: bytes) -> bool:
    return SAFE.fullmatch(out.decode()) is not None


@pytest.mark.parametrize("kind", [STRINGS, SEQUENCES, CONTROLS, RAW, HIDDEN], ids=len)
def test_nothing_gets_out_that_is_on_no_list_wherever_it_is_cut(kind: list[bytes]) -> None:
    for hostile in kind:
        whole = b"before" + hostile + b"\x1b[0mafter"
        expected = sift(whole)
        assert is_safe(expected), hostile
        assert expected.startswith(b"before"), hostile
        assert expected.endswith(b"after"), hostile
        for at in range(len(whole) + 1):
            assert sift(whole[:at], whole[at:]) == expected, (hostile, at)
        assert sift(*(bytes([byte]) for byte in whole)) == expected, hostile


def test_of_what_is_dropped_no_sequence_is_left() -> None:
    for hostile in (*STRINGS, *SEQUENCES):
        assert b"\x1b" not in sift(hostile), hostile


@pytest.mark.parametrize("harmless", HARMLESS, ids=repr)
def test_what_a_shell_needs_gets_through_as_it_is(harmless: bytes) -> None:
    assert sift(harmless) == harmless
    assert sift(*(bytes([byte]) for byte in harmless)) == harmless


@pytest.mark.parametrize(("on", "off"), MODES, ids=repr)
def test_what_was_left_on_is_switched_off(on: bytes, off: bytes) -> None:
    sieve = Sieve()
    assert sieve.feed(on) == on
    assert sieve.finish() == off + b"\x1b[0m"
    assert sieve.feed(on + off) == on + off
    assert sieve.finish() == b"\x1b[0m"


def test_margins_are_put_back_without_moving_the_cursor() -> None:
    sieve = Sieve()
    sieve.feed(b"\x1b[5;10r")
    assert sieve.finish() == b"\x1b7\x1b[r\x1b8\x1b[0m"


def test_of_several_modes_the_known_ones_are_switched() -> None:
    assert sift(b"\x1b[?1049;5;25h") == b"\x1b[?1049h\x1b[?25h"


def test_an_end_within_a_sequence_leaves_nothing_behind() -> None:
    sieve = Sieve()
    assert sieve.feed(b"a\x1b]52;c;") == b"a"
    sieve.finish()
    assert sieve.feed(b"b\x1b[") == b"b"
    sieve.finish()
    assert sieve.feed(b"c\xe2\x82") == b"c"
    sieve.finish()
    assert sieve.feed(b"d") == b"d"


def test_a_control_within_a_sequence_holds_and_the_sequence_does_not() -> None:
    assert sift(b"\x1b[3\n1mx") == b"\n1mx"


def test_a_flood_of_marks_is_cut_in_pieces_too() -> None:
    mark = "\u0301".encode()
    assert sift(b"a" + 50 * mark) == b"a" + 4 * mark
    assert sift(b"a", *(50 * [mark])) == b"a" + 4 * mark
    assert sift(b"a", *(50 * [mark + b"\x1b[m"])).count(mark) == 4
    assert sift(b"a" + 4 * mark + b"\r\n", mark) == sift(b"a" + 4 * mark + b"\r\n" + mark)
    assert sift(b"a" + 4 * mark + b"\r", mark + b"\x07" + mark) == b"a" + 4 * mark + b"\r\x07"
    assert sift(b"a" + 4 * mark + b"b", mark) == b"a" + 4 * mark + b"b" + mark


@pytest.mark.parametrize("seed", range(40))
def test_no_mix_gets_anything_out(seed: int) -> None:
    dice = random.Random(seed)
    parts = [dice.choice([*HOSTILE, *HARMLESS, bytes([dice.randrange(256)])]) for _ in range(120)]
    cut = [part[: dice.randrange(len(part) + 1)] if dice.random() < 0.3 else part for part in parts]
    stream = b"".join(cut)
    expected = sift(stream)
    assert is_safe(expected)
    pieces, at = [], 0
    while at < len(stream):
        step = dice.randrange(1, 9)
        pieces.append(stream[at : at + step])
        at += step
    assert sift(*pieces) == expected


class Judge(pyte.Screen):
    """A terminal that keeps what it would answer."""

    def __init__(self) -> None:
        super().__init__(80, 24)
        self.answers: list[str] = []

    def write_process_input(self, data: str) -> None:
        """Keep an answer."""
        self.answers.append(data)


def test_a_terminal_takes_no_title_and_answers_nothing() -> None:
    for hostile in STRINGS:
        screen = Judge()
        pyte.ByteStream(screen).feed(sift(hostile + b"\x1b[6n\x1b[c\x1b]2;no\x07"))
        assert (screen.title, screen.icon_name, screen.answers) == ("", "", []), hostile
    screen = Judge()  # it can tell
    pyte.ByteStream(screen).feed(b"\x1b[6n\x1b]2;no\x07")
    assert (screen.title, screen.answers) == ("no", ["\x1b[1;1R"])

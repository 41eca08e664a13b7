"""Secrets are taken out in the forms in which programs echo them."""

import base64
import codecs
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain.redaction import MARK, Redactor

SECRET = 'sk-test/Canary+9f"8e&7d6c_5b4a-3210zyxw'
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "reversed": lambda s: s[::-1],
    "upper": str.upper,
    "lower": str.lower,
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "url": lambda s: quote(s, safe=""),
    "url, every byte": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "html": html.escape,
    "json": lambda s: json.dumps(s)[1:-1],
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "hex with spaces": lambda s: s.encode().hex(" "),
    "hex with colons": lambda s: s.encode().hex(":"),
    "byte escapes": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
    "unicode escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "decimal": lambda s: ", ".join(str(b) for b in s.encode()),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 with a newline": lambda s: base64.b64encode(s.encode() + b"\n").decode(),
    "base64 behind one byte": lambda s: base64.b64encode(b":" + s.encode()).decode(),
    "base64 in a pair": lambda s: base64.b64encode(f"ann:{s}".encode()).decode(),
    "base64 in JSON": lambda s: base64.b64encode(f'{{"key":"{s}"}}'.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 twice": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "base32 behind three bytes": lambda s: base64.b32encode(b"abc" + s.encode()).decode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_every_encoding(encode: Callable[[str], str]) -> None:
    echoed = encode(SECRET)
    shown = Redactor([SECRET])(f"before {echoed} after")
    assert MARK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    for start in range(len(echoed) - 16):  # what is left tells little
        assert echoed[start : start + 16] not in shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=8, max_size=60))
def test_any_secret_is_taken_out(secret: str) -> None:
    shown = Redactor([secret])(f"<{secret}>")
    assert shown == f"<{MARK}>" or secret not in shown


@given(st.text(max_size=60))
def test_without_secrets_text_stays(text: str) -> None:
    if "sk-ant-" not in text and "AKIA" not in text:
        assert Redactor()(text) == text


@pytest.mark.parametrize(
    "token",
    ["sk-ant-oat01-abcDEF123456", "ghp_" + "a" * 36, "github_pat_" + "a" * 30, "AKIA" + "A" * 16,
     "-----BEGIN OPENSSH PRIVATE KEY-----"],
)  # fmt: skip
def test_well_known_tokens_without_being_told(token: str) -> None:
    assert Redactor()(f"key={token}") == f"key={MARK}"


def test_a_longer_secret_wins_over_its_part() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"])("abcdefghijkl") == MARK


def test_short_values_are_left_alone() -> None:
    assert Redactor(["main"])("on main") == "on main"


def test_it_does_not_show_its_secrets() -> None:
    assert SECRET not in repr(Redactor([SECRET]))


FRAMES = [
    "{}\n{}",
    "  {}\n  {}",
    '"{}" \\\n"{}"',
    "| {} |\n| {} |",
    "+{}\n+{}",
    "key={}\n{}",
    "12: {}\r\n{} and more",
]


def _longest_left(shown: str, echoed: str) -> int:
    """Return the length of the longest piece of a text that stands in another."""
    best = 0
    for start in range(len(echoed)):
        while echoed[start : start + best + 1] in shown and start + best < len(echoed):
            best += 1
    return best


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_line_break_hides_nothing_at_any_place(encode: Callable[[str], str]) -> None:
    """Of a secret that is broken over two lines, or two calls, at most a few characters stay."""
    echoed, redact = encode(SECRET), Redactor([SECRET])
    allowed = (
        8 * len(echoed) // len(SECRET) + 12
    )  # as much as 8 characters, and what an encoding has at its end
    for at in range(1, len(echoed)):
        for frame in FRAMES[at % 7 :: 7]:
            whole = redact(frame.format(echoed[:at], echoed[at:]))
            apart = [redact(line) for line in frame.format(echoed[:at], echoed[at:]).split("\n")]
            assert whole.split("\n") == apart
            assert _longest_left(whole, echoed) <= allowed, (at, whole)


@pytest.mark.parametrize("width", [16, 20, 33])
def test_a_secret_folded_over_many_lines_is_taken_out(width: int) -> None:
    for echoed in (SECRET, SECRET.encode().hex(), base64.b64encode(SECRET.encode()).decode()):
        lines = [echoed[at : at + width] for at in range(0, len(echoed), width)]
        shown = Redactor([SECRET])("\n".join(lines))
        allowed = 8 * len(echoed) // len(SECRET) + 12
        assert _longest_left(shown.replace("\n", ""), echoed) <= allowed


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_ordinary_lines_stay_whatever_secrets_there_are(line: str) -> None:
    redact = Redactor([SECRET])
    if not any(line[at : at + 8] in SECRET * 2 for at in range(len(line) - 7)):
        assert redact(line) == line

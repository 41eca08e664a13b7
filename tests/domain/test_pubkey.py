"""Public keys: what OpenSSH makes is read, everything else is refused."""

import base64
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain.pubkey import parse
from halftui.errors import Misconfigured


def _made(folder: Path, *options: str) -> str:
    file = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "ann@laptop", *options, "-f", file], check=True)
    return file.with_suffix(".pub").read_text()


@pytest.mark.parametrize(
    "options", [("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"), ("-t", "ecdsa", "-b", "521"), ("-t", "rsa")]
)
def test_what_openssh_makes(tmp_path: Path, options: tuple[str, ...]) -> None:
    line = _made(tmp_path, *options)
    key = parse(line)
    said = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert key.fingerprint == said[1]
    assert key.comment == "ann@laptop"
    assert f"{key.kind} {key.blob}" == line.rsplit(" ", 1)[0]


def test_a_weak_key(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="an RSA key needs 2048 bits"):
        parse(_made(tmp_path, "-t", "rsa", "-b", "1024"))


def test_a_private_key_is_not_taken_in(tmp_path: Path) -> None:
    _made(tmp_path, "-t", "ed25519")
    with pytest.raises(Misconfigured, match="keep it to yourself"):
        parse((tmp_path / "key").read_text())


def _blob(*fields: bytes) -> str:
    return base64.b64encode(b"".join(struct.pack(">I", len(f)) + f for f in fields)).decode()


GOOD = _blob(b"ssh-ed25519", b"k" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 !!!!", f"ssh-ed25519 {GOOD[:-8]}",
        f"ssh-dss {GOOD}", f"ssh-rsa {GOOD}", f"command=\"x\" ssh-ed25519 {GOOD}",
        f"ssh-ed25519 {_blob(b'ssh-ed25519', b'k' * 31)}", f"ssh-ed25519 {_blob(b'ssh-rsa', b'k' * 32)}",
        f"ssh-ed25519 {_blob(b'ssh-ed25519', b'k' * 32, b'more')}", f"ssh-ed25519 {_blob()}",
        f"ssh-ed25519 {GOOD}\nssh-ed25519 {GOOD}", f"ssh-ed25519 {GOOD} {'x' * 20_000}",
        "ssh-ed25519-cert-v01@openssh.com " + GOOD,
    ],
)  # fmt: skip
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(Misconfigured) as found:
        parse(text)
    assert found.value.hint


def test_comments_are_cleaned() -> None:
    assert parse(f"# mine\nssh-ed25519 {GOOD} \x1b]0;x\x07laptop\n").comment == "laptop"


@given(st.text())
def test_whatever_comes_nothing_else_is_raised(text: str) -> None:
    for line in (text, f"ssh-ed25519 {text}"):
        try:
            assert parse(line).fingerprint.startswith("SHA256:")
        except Misconfigured:
            continue

"""Keys, fingerprints, pictures and signatures, judged by OpenSSH itself."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import identity
from halftui.errors import Misconfigured

PRIVATE = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # of RFC 8032
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
KEYS = st.binary(min_size=32, max_size=32).map(bytes.hex)


def _ssh_keygen(*words: str | Path, stdin: bytes = b"") -> str:
    ran = subprocess.run(["ssh-keygen", *words], input=stdin, check=True, capture_output=True, timeout=30)
    return ran.stdout.decode()


def test_the_public_line_is_that_of_the_standard() -> None:
    assert identity.public_of(PRIVATE) == PUBLIC


def test_openssh_reads_the_private_file(tmp_path: Path) -> None:
    private = identity.generate()
    file = tmp_path / "key"
    file.write_text(identity.private_file(private))
    file.chmod(0o600)
    public = identity.public_of(private)
    assert _ssh_keygen("-y", "-f", file).split()[:2] == public.split()
    assert _ssh_keygen("-l", "-f", file).split()[1] == identity.fingerprint(public)


def test_openssh_verifies_the_signature(tmp_path: Path) -> None:
    private, payload = identity.generate(), b"tree 1\n\nwork\n"
    (tmp_path / "signers").write_text(f"a@b {identity.public_of(private)}\n")
    (tmp_path / "proof").write_text(identity.git_signature(private, payload) + "\n")
    words = ("-Y", "verify", "-f", tmp_path / "signers", "-I", "a@b", "-n", "git", "-s", tmp_path / "proof")
    assert "Good" in _ssh_keygen(*words, stdin=payload)
    with pytest.raises(subprocess.CalledProcessError):
        _ssh_keygen(*words, stdin=payload + b" ")


def test_the_picture_is_the_same_everywhere() -> None:
    """Pinned, since people remember it: a change of the drawing changes every agent's face."""
    picture = identity.identicon(PUBLIC)
    assert picture.colour == (94, 110, 215)
    assert picture.lines() == ("▀   ▀", "  █  ", "▀▀▀▀▀")


@given(KEYS)
def test_a_picture_is_symmetric_and_of_its_key_alone(private: str) -> None:
    public = identity.public_of(private)
    picture = identity.identicon(public)
    assert picture == identity.identicon(public + " and a remark")
    assert len(picture.rows) == identity.SIDE
    assert all(row == tuple(reversed(row)) for row in picture.rows)
    assert all(len(line) == identity.SIDE for line in picture.lines())
    assert all(0 <= part <= 255 for part in picture.colour)


@given(KEYS, st.binary(max_size=100))
def test_a_signature_holds_for_its_message_and_key_only(private: str, message: bytes) -> None:
    proof = identity.sign(private, message)
    assert identity.is_signed(identity.public_of(private), message, proof)
    assert not identity.is_signed(identity.public_of(private), message + b"x", proof)
    assert not identity.is_signed(PUBLIC, message, proof)
    assert not identity.is_signed(identity.public_of(private), message, b"")


@pytest.mark.parametrize(
    "text",
    ["", "x", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-ed25519 AAAA", PUBLIC[:-4],
     PUBLIC.replace("ed25519", "ed448"), "ssh-ed25519 " + "A" * 400],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="this is no"):
        identity.raw_public(text)


@pytest.mark.parametrize("text", ["a", "cedar", "a1", "a-b", "a" * 39])
def test_usernames(text: str) -> None:
    assert identity.checked_username(text) == text


@pytest.mark.parametrize(
    "text", ["", "A", "1a", "-a", "a-", "a b", "a@b", "a.b", "é", "a\n", "a" * 40, "../x", "a\x1b[2J"]
)
def test_what_is_no_username(text: str) -> None:
    with pytest.raises(Misconfigured, match="is no username"):
        identity.checked_username(text)

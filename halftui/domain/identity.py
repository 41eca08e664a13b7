"""Who an agent is: an Ed25519 key, its fingerprint and picture, and what it signs.

Forms are OpenSSH's: the public line, the SHA256 fingerprint, the private file, and the signature of
PROTOCOL.sshsig that git knows as `gpg.format = ssh`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Sequence
from colorsys import hls_to_rgb
from typing import NamedTuple

from halftui.errors import Misconfigured

SIDE = 5  # cells of an identicon's side
KIND = b"ssh-ed25519"
EMAILS = "agents.localhost"
_NAMESPACE = b"git"
_USERNAME = re.compile(r"[a-z][a-z0-9-]{0,37}[a-z0-9]|[a-z]")
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class Identicon(NamedTuple):
    """A key's picture: its colour (red, green, blue, 0 to 255) and five rows of five cells."""

    colour: tuple[int, int, int]
    rows: tuple[tuple[bool, ...], ...]

    def lines(self) -> tuple[str, ...]:
        """Return it as three lines of half blocks, five cells wide, without colour."""
        padded = (*self.rows, (False,) * SIDE)
        pairs = zip(padded[::2], padded[1::2], strict=True)
        return tuple("".join(_BLOCKS[cell] for cell in zip(top, low, strict=True)) for top, low in pairs)

    def line(self) -> str:
        """Return its upper four rows as one line of three cells of dots, without colour."""
        columns = [*zip(*self.rows[:4], strict=True), (False,) * 4]
        return "".join(chr(0x2800 + _dots(columns[at], columns[at + 1])) for at in range(0, SIDE, 2))


def _dots(left: Sequence[bool], right: Sequence[bool]) -> int:
    bits = (*left[:3], *right[:3], left[3], right[3])  # as Unicode numbers the dots of a braille cell
    return sum(1 << place for place, is_set in enumerate(bits) if is_set)


def generate() -> str:
    """Return a new private key: 32 random bytes in hexadecimal."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes_raw().hex()


def public_of(private: str) -> str:
    """Return a private key's public line, `ssh-ed25519 AAAA…`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key().public_bytes_raw()
    return f"ssh-ed25519 {base64.b64encode(_string(KIND) + _string(raw)).decode()}"


def raw_public(public: str) -> bytes:
    """Return the 32 bytes of a public line. Raises Misconfigured if it is none of Ed25519."""
    try:
        kind, encoded = public.split()[:2]
        blob = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Misconfigured("this is no public key", "it is a line that begins with ssh-ed25519") from None
    head = _string(KIND) + struct.pack(">I", 32)
    if kind.encode() != KIND or not blob.startswith(head) or len(blob) != len(head) + 32:
        raise Misconfigured("this is no Ed25519 key", "it is a line that begins with ssh-ed25519")
    return blob[len(head) :]


def fingerprint(public: str) -> str:
    """Return a public line's fingerprint as `ssh-keygen -l` shows it."""
    blob = base64.b64decode(public.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def identicon(public: str) -> Identicon:
    """Return a public key's picture; the same on every platform, left and right alike."""
    digest = hashlib.sha256(b"halftui identicon" + raw_public(public)).digest()
    hue, light = digest[0] / 256, 0.45 + digest[1] / 256 * 0.2
    red, green, blue = (round(255 * part) for part in hls_to_rgb(hue, light, 0.6))
    halves = [[digest[2 + y * 3 + x] % 2 == 0 for x in range(3)] for y in range(SIDE)]
    rows = tuple((a, b, c, b, a) for a, b, c in halves)
    return Identicon((red, green, blue), rows)


def private_file(private: str) -> str:
    """Return a private key as the text of an OpenSSH key file."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    made = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    return made.decode()


def sign(private: str, message: bytes) -> bytes:
    """Return the 64 bytes of a plain Ed25519 signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).sign(message)


def is_signed(public: str, message: bytes, signature: bytes) -> bool:
    """Return True if that is the key's plain signature of the message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(raw_public(public)).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def git_signature(private: str, payload: bytes) -> str:
    """Return the armoured signature of a git object, as `ssh-keygen -Y sign -n git` makes it."""
    fields = _string(_NAMESPACE) + _string(b"") + _string(b"sha512")
    signed = b"SSHSIG" + fields + _string(hashlib.sha512(payload).digest())
    public = base64.b64decode(public_of(private).split()[1])
    proof = _string(_string(KIND) + _string(sign(private, signed)))
    blob = b"SSHSIG" + struct.pack(">I", 1) + _string(public) + fields + proof
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----"])


def email_of(username: str) -> str:
    """Return the address under which an agent commits."""
    return f"{username}@{EMAILS}"


def is_username(text: str) -> bool:
    """Return whether an agent can be called that."""
    return _USERNAME.fullmatch(text) is not None


def checked_username(text: str) -> str:
    """Return a username. Raises Misconfigured for one that can't stand in an address."""
    if not is_username(text):
        raise Misconfigured(
            f"{text[:60]!r} is no username", "it is 1 to 39 small letters, digits and dashes, a letter first"
        )
    return text


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value

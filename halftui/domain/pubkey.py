"""A person's public key in OpenSSH's one-line form: read strictly, named by its fingerprint."""

import base64
import binascii
import re
from dataclasses import dataclass

from halftui.domain.identity import fingerprint
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured

LONGEST = 16_384
LEAST_RSA_BITS = 2048
# The fields of a key after its kind, as RFC 4253, 5656, 8709 and OpenSSH's PROTOCOL.u2f lay them out.
_FIELDS = {
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
    "ssh-rsa": 2,
}
_HINT = "give the one line of a .pub file, as in: halftui key add NAME --role operator < key.pub"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; `blob` is its base64 form, `comment` what its owner calls it."""

    kind: str
    blob: str
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """The fingerprint as OpenSSH prints it."""
        return fingerprint(f"{self.kind} {self.blob}")


def parse(text: str) -> PublicKey:
    """Return the key that one line describes. Raises Misconfigured if it is none, or a weak one."""
    if "PRIVATE KEY" in text:
        raise Misconfigured("this is a private key: keep it to yourself", _HINT)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(text) > LONGEST or len(lines) != 1:
        raise Misconfigured("this is not one public key", _HINT)
    kind, _, rest = lines[0].strip().partition(" ")
    blob, _, comment = rest.strip().partition(" ")
    if kind not in _FIELDS:
        raise Misconfigured(
            "keys of this kind are not taken", f"make one with: ssh-keygen -t ed25519; {_HINT}"
        )
    try:
        fields = _split(base64.b64decode(blob, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Misconfigured("this public key is damaged", _HINT) from error
    if fields[0] != kind.encode() or len(fields) != _FIELDS[kind] + 1:
        raise Misconfigured("this public key is damaged", _HINT)
    _check_strength(kind, fields)
    return PublicKey(kind, blob, clean_line(comment, longest=80))


def is_name(text: str) -> bool:
    """Return True if a person may be called so: what every SSH client takes as a user name."""
    return re.fullmatch(r"[a-z][a-z0-9_.-]{0,31}", text) is not None


def _check_strength(kind: str, fields: list[bytes]) -> None:
    if kind == "ssh-ed25519" and len(fields[1]) != 32:
        raise Misconfigured("this public key is damaged", _HINT)
    if kind == "ssh-rsa" and int.from_bytes(fields[2], "big").bit_length() < LEAST_RSA_BITS:
        raise Misconfigured(
            f"an RSA key needs {LEAST_RSA_BITS} bits", "make a new one with: ssh-keygen -t ed25519"
        )


def _split(blob: bytes) -> list[bytes]:
    """Return the length-prefixed strings of a key. Raises ValueError if they do not fill it."""
    fields, place = [], 0
    while place < len(blob):
        size = int.from_bytes(blob[place : place + 4], "big")
        place += 4 + size
        if place > len(blob):
            raise ValueError("cut off")
        fields.append(blob[place - size : place])
    if not fields:
        raise ValueError("empty")
    return fields

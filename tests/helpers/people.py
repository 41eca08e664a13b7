"""People from elsewhere: their keys, made by the `cryptography` package that HalfTUI brings."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from halftui.domain.pubkey import PublicKey, parse


def make_key(file: Path) -> PublicKey:
    """Write a new private key as ssh takes it, its public half beside it, and return that."""
    private = Ed25519PrivateKey.generate()
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    file.chmod(0o600)
    public = parse(_line(private))
    file.with_suffix(".pub").write_text(f"{public.kind} {public.blob}\n", encoding="utf-8")
    return public


def fresh_key() -> PublicKey:
    """Return a public key that nobody has."""
    return parse(_line(Ed25519PrivateKey.generate()))


def _line(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


KEY = fresh_key()

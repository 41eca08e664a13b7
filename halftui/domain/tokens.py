"""Tokens with which an attempt proves who it is: EdDSA JWT (RFC 8725), made and judged without I/O.

A token is for one attempt at one board, lives for ten minutes at most, and counts once. Whatever is
not exactly as it is made here is refused, without saying to the outside why.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from halftui.errors import Denied

ALGORITHM = "EdDSA"
TYPE = "agent+jwt"
LONGEST_LIFE = 600  # seconds
LEEWAY = 5  # seconds that two clocks may differ
LONGEST = 2_048  # characters of a token
_CLAIMS = {"sub": str, "aid": str, "aud": str, "jti": str, "epoch": int, "iat": int, "exp": int}
_JTI = re.compile(r"[A-Za-z0-9_-]{22,64}")
_PART = re.compile(r"[A-Za-z0-9_-]+")


class TokenRefused(Denied):
    """A token was not accepted; `reason` is for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__("this token is not accepted", "the board makes a new one for each live attempt")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    attempt: str
    agent: str
    board: str
    epoch: int
    jti: str
    issued_at: int
    expires_at: int


def audience(board: str) -> str:
    """Return how a board is called in a token."""
    return f"halftui:{board}"


def mint(private: str, fingerprint: str, claims: Claims) -> str:
    """Return the token of an agent's private key (hexadecimal) with these claims."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    payload = {
        "sub": claims.attempt, "aid": claims.agent, "aud": audience(claims.board), "jti": claims.jti,
        "epoch": claims.epoch, "iat": claims.issued_at, "exp": claims.expires_at,
    }  # fmt: skip
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    return jwt.encode(payload, key, ALGORITHM, {"typ": TYPE, "kid": fingerprint})


def peek(token: str) -> tuple[str, str]:
    """Return the agent and the key's fingerprint that a token names, unproven. Raises TokenRefused."""
    head, payload, _ = _parts(token)
    if head.keys() != {"alg", "typ", "kid"} or (head["alg"], head["typ"]) != (ALGORITHM, TYPE):
        raise TokenRefused("another kind of token")
    return str(_typed(payload)["aid"]), str(head["kid"])


def verify(token: str, public: str, board: str, now: float) -> Claims:
    """Return what a token says if the key of that public line signed it for the board, and it is time.

    Raises TokenRefused. Whether its attempt lives, and whether it was used before, the caller asks.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from halftui.domain.identity import raw_public

    peek(token)
    key = Ed25519PublicKey.from_public_bytes(raw_public(public))
    options: Any = {"verify_exp": False, "verify_iat": False, "strict_aud": True, "require": list(_CLAIMS)}
    try:
        found = jwt.decode(token, key, [ALGORITHM], options, audience=audience(board))
    except jwt.PyJWTError as error:
        raise TokenRefused(str(error)) from error
    claims = _typed(found)
    _check_times(claims["iat"], claims["exp"], now)
    return Claims(
        claims["sub"], claims["aid"], board, claims["epoch"], claims["jti"], claims["iat"], claims["exp"]
    )


def _check_times(issued: int, expires: int, now: float) -> None:
    if not 0 < expires - issued <= LONGEST_LIFE:
        raise TokenRefused("it lives too long")
    if issued > now + LEEWAY:
        raise TokenRefused("it is from the future")
    if expires <= now:
        raise TokenRefused("it has expired")


def _typed(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict) or payload.keys() != _CLAIMS.keys():
        raise TokenRefused("other claims than ours")
    for name, kind in _CLAIMS.items():
        if type(payload[name]) is not kind:
            raise TokenRefused(f"{name} is of another type")
    if not _JTI.fullmatch(payload["jti"]):
        raise TokenRefused("its id is none of ours")
    return payload


def _parts(token: str) -> tuple[Any, Any, bytes]:
    if not isinstance(token, str) or len(token) > LONGEST:
        raise TokenRefused("no token at all")
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenRefused("not of three parts")
    head, payload, proof = (_decoded(part) for part in parts)
    return _object(head), _object(payload), proof


def _decoded(part: str) -> bytes:
    """Return the bytes of a part written in the one canonical way."""
    try:
        found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("no base64") from error
    if not _PART.fullmatch(part) or base64.urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise TokenRefused("no canonical base64")
    return found


def _object(text: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise TokenRefused("a name stands twice")
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise TokenRefused("no JSON") from error
    if not isinstance(found, dict):
        raise TokenRefused("no object")
    return found

"""How fast tokens are judged, and that only what `mint` made is let through."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import identity
from halftui.domain.tokens import Claims, TokenRefused, mint, peek, verify

PRIVATE = "11" * 32
PUBLIC = identity.public_of(PRIVATE)
MARK = identity.fingerprint(PUBLIC)
NOW = 1_800_000_000
CLAIMS = Claims("sh-1@1", "agent", "shop", 1, "j" * 32, NOW, NOW + 600)
TOKEN = mint(PRIVATE, MARK, CLAIMS)


def test_what_was_made_is_accepted() -> None:
    assert verify(TOKEN, PUBLIC, "shop", NOW + 599.9) == CLAIMS
    assert peek(TOKEN) == ("agent", MARK)


def test_a_refusal_does_not_tell_why() -> None:
    with pytest.raises(TokenRefused, match=r"^this token is not accepted \(") as found:
        verify(TOKEN, PUBLIC, "other", NOW)
    assert found.value.reason
    assert found.value.reason not in f"{found.value.message} {found.value.hint}"


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("AQgw-_.= \n\x00é"))
def test_no_changed_letter_is_accepted(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    if changed == TOKEN:
        return
    with pytest.raises(TokenRefused):
        verify(changed, PUBLIC, "shop", NOW)


@given(st.text(max_size=200) | st.lists(st.text("ab._-", max_size=30), max_size=5).map(".".join))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(TokenRefused):
        verify(text, PUBLIC, "shop", NOW)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_claim_may_be_of_another_kind(value: object) -> None:
    """Signed by the right key, yet not what it makes."""
    head, payload, _ = TOKEN.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    for name in claims:
        if value == claims[name] or (name in ("sub", "aid", "jti") and isinstance(value, str)):
            continue
        if name in ("epoch", "iat", "exp") and type(value) is int:
            continue
        body = base64.urlsafe_b64encode(json.dumps({**claims, name: value}).encode()).rstrip(b"=").decode()
        proof = identity.sign(PRIVATE, f"{head}.{body}".encode())
        forged = f"{head}.{body}.{base64.urlsafe_b64encode(proof).rstrip(b'=').decode()}"
        with pytest.raises(TokenRefused):
            verify(forged, PUBLIC, "shop", NOW)

"""Tokens at the door: one is let in once; all that were forged, expired, replayed or confused are not."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from halftui.domain import identity
from halftui.domain.actor import Role
from halftui.domain.happenings import Outcome
from halftui.domain.tokens import Claims, TokenRefused, mint
from halftui.ops import agents, attempts, beads, boards, identities, tokens
from halftui.ops.attempts import Claim
from halftui.store.tx import Tx
from tests.helpers.world import World

PRIVATE, OTHER = "07" * 32, "08" * 32
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the curve's base point


@dataclass
class Door:
    """A live attempt, and what its board says to tokens."""

    world: World
    claim: Claim
    now: int

    @property
    def claims(self) -> Claims:
        """What a good token says."""
        c = self.claim
        return Claims(c.attempt, c.agent_id, self.world.board, c.epoch, "j" * 32, self.now, self.now + 600)

    @property
    def payload(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return dict(json.loads(unpack(self.good().split(".")[1])))

    def good(self, **changes: Any) -> str:
        """Return a good token, or one with other claims, signed by the agent's key."""
        return mint(PRIVATE, fingerprint(PRIVATE), replace(self.claims, **changes))

    def signed(self, payload: Any, private: str = PRIVATE, **head: Any) -> str:
        """Return any payload under any head, signed by a key; a head of None is left out."""
        wanted = {"alg": "EdDSA", "typ": "agent+jwt", "kid": fingerprint(PRIVATE), **head}
        first = pack(json.dumps({k: v for k, v in wanted.items() if v is not None}))
        body = first + "." + pack(payload if isinstance(payload, str) else json.dumps(payload))
        return f"{body}.{pack(identity.sign(private, body.encode()))}"

    def saying(self, **changes: Any) -> str:
        """Return a token whose JSON has other claims; None leaves one out."""
        return self.signed({k: v for k, v in {**self.payload, **changes}.items() if v is not None})

    def let_in(self, token: str, board: str = "") -> Role:
        """Show a token at the door."""
        return self.world.engine(tokens.accept, token, board or self.world.board).role


def pack(content: str | bytes) -> str:
    """Return content as a token has it."""
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpack(part: str) -> bytes:
    """Return a part's content."""
    return base64.urlsafe_b64decode(part + "==")


def fingerprint(private: str) -> str:
    """Return a private key's fingerprint."""
    return identity.fingerprint(identity.public_of(private))


@pytest.fixture
def door(world: World) -> Door:
    """Return the door of a board with one live attempt."""
    claim = world.started(world.taken(world.bead()))
    world.engine(identities.enroll, f"agent:{claim.agent_id}", identity.public_of(PRIVATE), "sealed")
    return Door(world, claim, int(world.store.clock()))


def _pem(private: str) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key()
    return key.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)


def _hmac(door: Door, secret: bytes) -> str:
    import hashlib
    import hmac

    head = {"alg": "HS256", "typ": "agent+jwt", "kid": fingerprint(PRIVATE)}
    body = pack(json.dumps(head)) + "." + pack(json.dumps(door.payload))
    return f"{body}.{pack(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def _jwk(private: str) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": pack(identity.raw_public(identity.public_of(private)))}


def _by(door: Door, key: Any, algorithm: str) -> str:
    head = {"typ": "agent+jwt", "kid": fingerprint(PRIVATE)}
    return str(jwt.encode(door.payload, key, algorithm, head))


def _cut(door: Door, which: int, change: Callable[[str], str]) -> str:
    parts = door.good().split(".")
    parts[which] = change(parts[which])
    return ".".join(parts)


def _flipped(part: str, at: int) -> str:
    raw = bytearray(unpack(part))
    raw[at] ^= 1
    return pack(bytes(raw))


def _shifted(part: str) -> str:
    """Return the same signature with the group's order added, which a lax check accepts."""
    raw = unpack(part)
    return pack(raw[:32] + ((int.from_bytes(raw[32:], "little") + ORDER) % 2**256).to_bytes(32, "little"))


def _loose(part: str) -> str:
    """Return a part that decodes to the same bytes, with other bits in its last letter's rest."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + letters[letters.index(part[-1]) ^ 1]


def _unsigned(door: Door) -> str:
    return f"{pack(json.dumps({'alg': 'none', 'typ': 'agent+jwt'}))}.{door.good().split('.')[1]}."


def _without(name: str) -> Callable[[Door], str]:
    return lambda door: door.saying(**{name: None})


BAD: dict[str, Callable[[Door], str]] = {
    # no token at all
    "empty": lambda d: "",
    "dots": lambda d: "..",
    "a word": lambda d: "token",
    "two parts": lambda d: d.good().rpartition(".")[0],
    "four parts": lambda d: d.good() + ".x",
    "a bearer": lambda d: "Bearer " + d.good(),
    "a space before": lambda d: " " + d.good(),
    "a newline after": lambda d: d.good() + "\n",
    "a zero byte": lambda d: d.good() + "\0",
    "other letters": lambda d: d.good().replace(".", "\uff0e"),
    "too long": lambda d: d.saying(sub="x" * 3_000),
    "json instead": lambda d: json.dumps(d.payload),
    # forged heads
    "none": lambda d: d.signed(d.payload, alg="none"),
    "none without a signature": lambda d: _unsigned(d),
    "None": lambda d: d.signed(d.payload, alg="None"),
    "no algorithm": lambda d: d.signed(d.payload, alg=None),
    "the algorithm by another name": lambda d: d.signed(d.payload, alg="Ed25519"),
    "small letters": lambda d: d.signed(d.payload, alg="eddsa"),
    "HS256 in name": lambda d: d.signed(d.payload, alg="HS256"),
    "HS256 by the public line": lambda d: _hmac(d, identity.public_of(PRIVATE).encode()),
    "HS256 by the public file": lambda d: _hmac(d, _pem(PRIVATE)),
    "HS256 by the raw key": lambda d: _hmac(d, identity.raw_public(identity.public_of(PRIVATE))),
    "HS256 by nothing": lambda d: _hmac(d, b""),
    "ES256": lambda d: _by(d, ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "RS256": lambda d: _by(d, rsa.generate_private_key(65537, 2048), "RS256"),
    "Ed448": lambda d: _by(d, ed448.Ed448PrivateKey.generate(), "EdDSA"),
    "type JWT": lambda d: d.signed(d.payload, typ="JWT"),
    "type at+jwt": lambda d: d.signed(d.payload, typ="at+jwt"),
    "no type": lambda d: d.signed(d.payload, typ=None),
    "type in capitals": lambda d: d.signed(d.payload, typ="AGENT+JWT"),
    "no key's name": lambda d: d.signed(d.payload, kid=None),
    "another key's name": lambda d: d.signed(d.payload, kid=fingerprint(OTHER)),
    "a path for a key": lambda d: d.signed(d.payload, kid="../../dev/null"),
    "sql for a key": lambda d: d.signed(d.payload, kid="' OR 1=1 --"),
    "a key along with it": lambda d: d.signed(d.payload, OTHER, jwk=_jwk(OTHER)),
    "a key's address": lambda d: d.signed(d.payload, OTHER, jku="https://localhost/keys"),
    "a certificate's address": lambda d: d.signed(d.payload, OTHER, x5u="https://localhost/c"),
    "critical extension": lambda d: d.signed(d.payload, crit=["b64"], b64=False),
    "content of content": lambda d: d.signed(d.good(), cty="JWT"),
    "a head that is a list": lambda d: _cut(d, 0, lambda _: pack("[]")),
    "a head that is no json": lambda d: _cut(d, 0, lambda _: pack("{")),
    "a head with a name twice": lambda d: _cut(d, 0, lambda _: pack('{"alg":"none","alg":"EdDSA"}')),
    # forged signatures
    "another key": lambda d: d.signed(d.payload, OTHER),
    "another key and its name": lambda d: d.signed(d.payload, OTHER, kid=fingerprint(OTHER)),
    "no signature": lambda d: _cut(d, 2, lambda _: ""),
    "half a signature": lambda d: _cut(d, 2, lambda p: p[:43]),
    "zeros": lambda d: _cut(d, 2, lambda _: pack(bytes(64))),
    "a bit of R": lambda d: _cut(d, 2, lambda p: _flipped(p, 0)),
    "a bit of S": lambda d: _cut(d, 2, lambda p: _flipped(p, 40)),
    "S plus the order": lambda d: _cut(d, 2, _shifted),
    "loose bits": lambda d: _cut(d, 2, _loose),
    "padding": lambda d: d.good() + "==",
    "a signature of other claims": lambda d: _cut(d, 2, lambda _: d.good(epoch=9).split(".")[2]),
    "a signature for git": lambda d: _cut(d, 2, lambda _: pack(identity.git_signature(PRIVATE, b"x"))),
    # claims
    "no json": lambda d: d.signed("{"),
    "a list": lambda d: d.signed([d.payload]),
    "a number": lambda d: d.signed(7),
    "no claims": lambda d: d.signed({}),
    "deep json": lambda d: d.signed("[" * 1_000),
    "a claim twice": lambda d: d.signed(json.dumps(d.payload)[:-1] + ', "epoch": 1}'),
    "one more claim": lambda d: d.saying(role="admin"),
    "a role": lambda d: d.saying(rol="leader"),
    **{f"no {name}": _without(name) for name in ("sub", "aid", "aud", "jti", "epoch", "iat", "exp")},
    # times
    "expired": lambda d: d.good(issued_at=d.now - 601, expires_at=d.now - 1),
    "expires now": lambda d: d.good(issued_at=d.now - 600, expires_at=d.now),
    "of tomorrow": lambda d: d.good(issued_at=d.now + 86_400, expires_at=d.now + 86_500),
    "for too long": lambda d: d.good(expires_at=d.now + 601),
    "for ten years": lambda d: d.good(expires_at=d.now + 315_000_000),
    "ends before it begins": lambda d: d.good(issued_at=d.now + 4, expires_at=d.now + 3),
    "a time as text": lambda d: d.saying(exp=str(d.now + 60)),
    "a time with a fraction": lambda d: d.saying(exp=d.now + 60.5),
    "a time that is true": lambda d: d.saying(exp=True),
    "an endless time": lambda d: d.signed(json.dumps({**d.payload, "exp": float("inf")})),
    "a huge time": lambda d: d.saying(exp=10**30),
    "a negative time": lambda d: d.saying(iat=-600, exp=-1),
    # another board, attempt, agent
    "another board": lambda d: d.good(board="other"),
    "a board in a list": lambda d: d.saying(aud=[f"halftui:{d.world.board}"]),
    "many boards": lambda d: d.saying(aud=["*", f"halftui:{d.world.board}"]),
    "any board": lambda d: d.saying(aud="*"),
    "a board's plain id": lambda d: d.saying(aud=d.world.board),
    "a board in capitals": lambda d: d.saying(aud=f"HALFTUI:{d.world.board}"),
    "no board": lambda d: d.saying(aud=""),
    "another attempt": lambda d: d.good(attempt="hf-000@1"),
    "a bead for an attempt": lambda d: d.good(attempt=d.claim.bead),
    "another agent": lambda d: d.good(agent="00000000-0000-0000-0000-000000000000"),
    "the house for an agent": lambda d: d.good(agent="house"),
    "any agent": lambda d: d.good(agent="%"),
    "an older epoch": lambda d: d.good(epoch=d.claim.epoch - 1),
    "a newer epoch": lambda d: d.good(epoch=d.claim.epoch + 1),
    "an epoch as text": lambda d: d.saying(epoch=str(d.claim.epoch)),
    "an epoch that is true": lambda d: d.saying(epoch=True),
    "an epoch with a fraction": lambda d: d.saying(epoch=1.0),
    "an attempt as a number": lambda d: d.saying(sub=1),
    "an agent as a list": lambda d: d.saying(aid=[d.claim.agent_id]),
    # ids
    "no id": lambda d: d.saying(jti=""),
    "a short id": lambda d: d.saying(jti="1"),
    "a long id": lambda d: d.saying(jti="x" * 65),
    "an odd id": lambda d: d.saying(jti="x" * 30 + "\n"),
}  # fmt: skip


def test_there_are_enough_of_them() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_and_leaves_no_trace(door: Door, name: str) -> None:
    before = door.world.dump()
    with pytest.raises(TokenRefused, match=r"^this token is not accepted \("):
        door.let_in(BAD[name](door))
    assert door.world.dump() == before


def test_a_good_one_is_let_in_once(door: Door) -> None:
    token = door.good()
    assert door.let_in(token) is Role.WORKER
    with pytest.raises(TokenRefused) as found:
        door.let_in(token)
    assert found.value.reason == "it was used before"
    assert door.let_in(door.good(jti="k" * 32)) is Role.WORKER


def test_an_expired_id_is_forgotten_and_its_token_still_refused(door: Door, world: World) -> None:
    token = door.good()
    door.let_in(token)
    world.store.clock.now += 601  # type: ignore[attr-defined]  # the tests' clock
    with pytest.raises(TokenRefused):
        door.let_in(token)
    fresh = int(world.store.clock())
    door.let_in(door.good(jti="k" * 32, issued_at=fresh, expires_at=fresh + 60))
    assert [row[0] for row in world.dump()["spent_token"]] == ["k" * 32]


def _retired(door: Door) -> None:
    def change(tx: Tx) -> None:
        tx.change("UPDATE agent SET retired_at = 1")

    door.world.do(change)


DEATHS: dict[str, Callable[[Door], object]] = {
    "it passed": lambda d: d.world.end(d.claim),
    "it was lost": lambda d: d.world.end(d.claim, Outcome.LOST),
    "somebody stops it": lambda d: d.world.do(attempts.stop, d.claim.attempt, "enough"),
    "its bead was cancelled": lambda d: d.world.do(beads.cancel, d.claim.bead),
    "its agent was retired": _retired,
    "its key was rotated": lambda d: d.world.do(
        identities.rotate, d.claim.agent_id, identity.public_of(OTHER), "sealed"
    ),
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_token_dies_with_its_attempt(door: Door, name: str) -> None:
    token = door.good()
    DEATHS[name](door)
    with pytest.raises(TokenRefused):
        door.let_in(token)


def test_a_later_attempt_has_tokens_of_its_own(door: Door) -> None:
    token = door.good()
    door.world.end(door.claim, Outcome.LOST)
    again = door.world.claim()
    assert again is not None
    assert (again.bead, again.agent_id) == (door.claim.bead, door.claim.agent_id)
    with pytest.raises(TokenRefused):
        door.let_in(token)
    door.claim = again
    assert door.let_in(door.good()) is Role.WORKER


def test_a_token_is_of_its_board_alone(door: Door) -> None:
    other = door.world.do(boards.create, "Other", "/srv/other", "main")
    with pytest.raises(TokenRefused):
        door.let_in(door.good(), other)
    with pytest.raises(TokenRefused):
        door.let_in(door.good(board=other), other)


def test_agents_retire_by_the_usual_way(door: Door) -> None:
    door.world.end(door.claim)
    door.world.do(agents.retire, door.claim.agent_id)
    with pytest.raises(TokenRefused):
        door.let_in(door.good())

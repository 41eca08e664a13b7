"""Takes known secrets, in the forms they are likely to be echoed in, out of text."""

import base64
import codecs
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

SHORTEST = 8  # a shorter value would redact half of ordinary text
MARK = "[secret]"
_AROUND = " \t\r\"'`\\+,;:|>=#"  # what stands around the pieces of a broken text
_PATTERNS = (
    r"sk-ant-[A-Za-z0-9_-]{8,}",
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"AKIA[0-9A-Z]{16}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
)


class Redactor:
    """Redacts the secrets that it knows."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Know these secrets from now on, and no others."""
        forms: dict[str, int] = {}  # and how much of each is as much as SHORTEST of the secret
        for secret in secrets:
            if len(secret) >= SHORTEST:
                forms |= {f: -(-SHORTEST * len(f) // len(secret)) for f in _forms(secret)}
        starts = ((form, at) for form in forms for at in range(len(form) - SHORTEST + 1))
        self._forms = forms
        self._grams = frozenset(form[at : at + SHORTEST] for form, at in starts)
        exact = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._sub = re.compile("|".join([*exact, *_PATTERNS])).sub

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mark, and pieces of one where a line breaks it.

        Each line is judged by itself, so it does not matter how a secret is divided over lines or calls.
        """
        shown: str = self._sub(MARK, text)
        if not (grams := self._grams):
            return shown
        lines = shown.split("\n")
        # Every line comes this way and nearly all are left alone by it: it is written out, and for speed.
        suspects = [
            line
            for line in lines
            if (bare := line.strip(_AROUND))[:SHORTEST] in grams or bare[-SHORTEST:] in grams
        ]
        return "\n".join(map(self._edged, lines)) if suspects else shown

    def _edged(self, line: str) -> str:
        """Return a line without what it begins or ends with of a secret."""
        bare = line.strip(_AROUND)
        head = max(_common(bare, form, least) for form, least in self._forms.items())
        rest = bare[head:]
        tail = max(_common(rest[::-1], form[::-1], least) for form, least in self._forms.items())
        left = rest[: len(rest) - tail]
        return line.replace(bare, f"{MARK if head else ''}{left}{MARK if tail else ''}", 1)

    def __repr__(self) -> str:
        return "Redactor(…)"


def _common(text: str, form: str, least: int) -> int:
    """Return how many characters at the start of a text are a piece of a form; 0 if fewer than `least`."""
    longest, at = 0, form.find(text[:least])
    while at >= 0 and len(text) >= least:
        rest = form[at:]
        size = next((n for n, pair in enumerate(zip(text, rest, strict=False)) if pair[0] != pair[1]),
                    min(len(text), len(rest)))  # fmt: skip
        longest, at = max(longest, size), form.find(text[:least], at + 1)
    return longest


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    written = {secret, secret[::-1], secret.upper(), secret.lower(), codecs.encode(secret, "rot13")}
    escaped = {quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1]}
    forms = written | escaped | _numbers(raw)
    for offset in range(5):  # base32 and base64 depend on where in a group the secret starts
        before = b"\0" * offset
        coded = {_middle(base64.b64encode(before[:2] + raw), 4, offset)}
        coded |= {_middle(base64.b64encode(before[:2] + form.encode()), 4, offset) for form in tuple(coded)}
        coded |= {text.replace("+", "-").replace("/", "_") for text in coded}
        forms |= coded | {_middle(base64.b32encode(before + raw), 8, offset)}
    return {form for form in forms if len(form) >= SHORTEST}


def _numbers(raw: bytes) -> set[str]:
    """Return the bytes as hexadecimal and decimal numbers, in the usual ways of writing them."""
    small = [f"{byte:02x}" for byte in raw]
    large = [pair.upper() for pair in small]
    signs = ("", " ", ":", "%", "\\x", "\\u00")
    decimal = {sign.join(str(byte) for byte in raw) for sign in (" ", ",", ", ")}
    return {sign.join(pairs) for pairs in (small, large) for sign in signs} | decimal


def _middle(encoded: bytes, group: int, offset: int) -> str:
    """Return what of an encoded text depends on the secret alone: neither its first nor its last group."""
    return encoded.decode()[group if offset else 0 : len(encoded) - group]

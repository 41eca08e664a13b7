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
_PATTERNS = (
    r"sk-ant-[A-Za-z0-9_-]{8,}",
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"AKIA[0-9A-Z]{16}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
)


class Redactor:
    """Redacts the secrets it was made with; made anew when they change."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        exact = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join([*exact, *_PATTERNS]))

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by a mark."""
        return self._pattern.sub(MARK, text)

    def __repr__(self) -> str:
        return "Redactor(…)"


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

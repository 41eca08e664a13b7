"""Takes known secrets, in the forms they are likely to be echoed in, out of text."""

import base64
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
    forms = {secret, quote(secret, safe=""), raw.hex(), raw.hex().upper(), secret[::-1]}
    for offset in range(3):  # base64 depends on where in a triple the secret starts
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        middle = encoded[4 if offset else 0 : len(encoded) - 4]
        forms |= {middle, middle.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}

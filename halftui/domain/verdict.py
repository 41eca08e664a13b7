"""What a reviewing agent's closing words mean; words that are unclear are no verdict."""

import re
from typing import NamedTuple

APPROVE, SEND_BACK = "APPROVE", "SEND BACK"
_FIRST = re.compile(rf"^[\s*#>`_-]*({APPROVE}|{SEND_BACK})\b[ \t*`_.:!]*(.*)$", re.DOTALL)


class Verdict(NamedTuple):
    """What a reviewer decided, and why."""

    is_approved: bool
    findings: str


def read(words: str) -> Verdict | None:
    """Return the verdict with which the words begin; None if they begin with none.

    Who sends work back has to say why.
    """
    found = _FIRST.match(words.strip())
    if found is None:
        return None
    findings = found[2].strip()
    if found[1] == APPROVE:
        return Verdict(is_approved=True, findings=findings)
    return Verdict(is_approved=False, findings=findings) if findings else None

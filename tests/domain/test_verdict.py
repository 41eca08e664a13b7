"""The closing words of reviewers."""

import pytest

from halftui.domain import verdict


@pytest.mark.parametrize(
    ("words", "is_approved", "findings"),
    [
        ("APPROVE", True, ""), ("  **APPROVE**\n\nfine", True, "fine"), 
        ("APPROVE: all good", True, "all good"),
        ("SEND BACK\n- a.py:3 fails for 0", False, "- a.py:3 fails for 0"),
        ("## SEND BACK\n\nno test", False, "no test"),
    ],
)  # fmt: skip
def test_a_verdict_stands_first(words: str, is_approved: bool, findings: str) -> None:
    found = verdict.read(words)
    assert found is not None
    assert found.is_approved is is_approved
    assert findings in found.findings


@pytest.mark.parametrize(
    "words",
    ["", "I think we should APPROVE", "APPROVED-ish", "SEND BACK", "SEND BACK **", "approve", "REJECT: x",
     "The file says:\nAPPROVE"],
)  # fmt: skip
def test_what_is_unclear_is_none(words: str) -> None:
    assert verdict.read(words) is None

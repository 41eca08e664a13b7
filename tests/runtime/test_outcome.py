"""The verdict over an attempt's end."""

import pytest

from halftui.domain.happenings import Outcome
from halftui.runtime.outcome import SUMMARY_LENGTH, Remains, Result, classify

FINE = Result(is_error=False, text="Done.")


def failed(text: str = "", status: int | None = None, *causes: str) -> Result:
    return Result(is_error=True, text=text, status=status, causes=causes)


CASES: list[tuple[Remains, Outcome, str]] = [
    (Remains(0, result=FINE), Outcome.PASSED, ""),
    (Remains(0, result=FINE, is_garbled=True), Outcome.PASSED, ""),
    # A child that ran out of memory is not the program.
    (Remains(0, result=FINE, is_oom=True), Outcome.PASSED, ""),
    (Remains(0, result=Result(is_error=False, text=" \n")), Outcome.FAILED, "empty"),
    (Remains(0, result=Result(is_error=False, owes_words=False)), Outcome.PASSED, ""),
    (Remains(1, result=FINE), Outcome.FAILED, "exit"),
    (Remains(143, result=FINE), Outcome.FAILED, "killed"),
    (Remains(None, result=FINE), Outcome.FAILED, "exit"),
    (Remains(None, result=FINE, fault="lost"), Outcome.LOST, "lost"),
    (Remains(0), Outcome.FAILED, "exit"),
    (Remains(1), Outcome.FAILED, "exit"),
    (Remains(0, is_garbled=True), Outcome.FAILED, "garbage"),
    (Remains(1, is_garbled=True), Outcome.FAILED, "garbage"),
    (Remains(137), Outcome.FAILED, "killed"),
    (Remains(137, is_oom=True), Outcome.FAILED, "oom"),
    (Remains(137, is_oom=True, result=failed("x", 429)), Outcome.FAILED, "oom"),
    (Remains(143, fault="hang"), Outcome.FAILED, "hang"),
    (Remains(0, result=failed("x", 429)), Outcome.LIMITED, "limit"),
    (Remains(1, result=failed("x", 429, "rate_limit", "api_error")), Outcome.LIMITED, "limit"),
    (Remains(1, result=failed("x", None, "rate_limit")), Outcome.LIMITED, "limit"),
    (Remains(1, result=failed("x", 401, "authentication_failed")), Outcome.FAILED, "auth"),
    (Remains(1, result=failed("x", None, "authentication_failed")), Outcome.FAILED, "auth"),
    (Remains(1, result=failed("x", 403)), Outcome.FAILED, "auth"),
    (Remains(1, result=failed("Credit balance is too low", 400)), Outcome.FAILED, "credit"),
    (Remains(1, result=failed("x", 400, "billing_error")), Outcome.FAILED, "credit"),
    (Remains(1, result=failed("x", 400, "invalid_request", "api_error")), Outcome.FAILED, "error"),
    (Remains(1, result=failed("x", 500, "server_error", "api_error")), Outcome.FAILED, "transport"),
    (Remains(1, result=failed("x", 529, "server_error", "api_error")), Outcome.FAILED, "transport"),
    (Remains(1, result=failed("x", None, "unknown", "api_error")), Outcome.FAILED, "transport"),
    (Remains(1, result=failed("x", None, "error_max_turns")), Outcome.FAILED, "turns"),
    (Remains(1, result=failed("x", None, "aborted_streaming")), Outcome.FAILED, "interrupted"),
    (Remains(1, result=failed("x", None, "error_during_execution")), Outcome.FAILED, "error"),
    (
        Remains(1, result=failed("No conversation found with session ID: 1")),
        Outcome.FAILED,
        "session",
    ),
]


@pytest.mark.parametrize(("remains", "outcome", "reason"), CASES)
def test_verdict(remains: Remains, outcome: Outcome, reason: str) -> None:
    ended = classify(remains)
    assert (ended.outcome, ended.reason, ended.exit_code) == (outcome, reason, remains.code)


def test_only_a_clean_result_and_exit_zero_pass() -> None:
    for code in (None, 0, 1, 137):
        for result in (None, FINE, failed("x")):
            for fault in ("", "hang", "lost"):
                ended = classify(Remains(code, result=result, fault=fault))
                is_clean = code == 0 and result is FINE and not fault
                assert (ended.outcome is Outcome.PASSED) is is_clean


def test_a_failure_without_words_is_told_by_the_error_output() -> None:
    assert classify(Remains(1, errors="boom\n")).summary == "boom"
    assert classify(Remains(0, result=FINE, errors="a warning")).summary == "Done."
    assert len(classify(Remains(1, errors="x" * 99999)).summary) == SUMMARY_LENGTH

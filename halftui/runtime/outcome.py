"""How an attempt ended, decided from all that a program left behind."""

from dataclasses import dataclass

from halftui.domain.happenings import Ended, Outcome

SUMMARY_LENGTH = 8000
SERVER_ERROR = 500
KILLED = range(129, 193)  # a shell's code for a death by signal: 128 + its number

# What the Claude CLI calls the cause of a failure, and the word of the outcome table.
_CAUSES = {
    "rate_limit": "limit",
    "authentication_failed": "auth",
    "billing_error": "credit",
    "error_max_turns": "turns",
    "max_turns": "turns",
    "error_max_budget_usd": "budget",
    "aborted_streaming": "interrupted",
    "aborted_tools": "interrupted",
}
_STATUSES: dict[int | None, str] = {401: "auth", 402: "credit", 403: "auth", 429: "limit"}
_PHRASES = (
    ("credit balance is too low", "credit"),
    ("No conversation found with session ID", "session"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a program said of its own end. `causes` are its words for it, the surest first."""

    is_error: bool
    text: str = ""
    status: int | None = None
    causes: tuple[str, ...] = ()
    owes_words: bool = True  # False for a program whose exit code alone decides


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left when a program is gone. `fault` is the board's own word: hang or lost."""

    code: int | None
    is_oom: bool = False
    result: Result | None = None
    fault: str = ""
    is_garbled: bool = False  # its output held lines that nobody can read
    errors: str = ""  # the end of its standard error


def classify(remains: Remains) -> Ended:
    """Return the verdict. PASSED needs a result in words without error, and exit code 0."""
    result = remains.result
    reason = _reason(remains)
    text = (result.text if result else "") or (remains.errors.strip() if reason else "")
    return Ended(
        _outcome(reason),
        reason,
        summary=text[-SUMMARY_LENGTH:],
        status=result.status if result else None,
        exit_code=remains.code,
    )


def _outcome(reason: str) -> Outcome:
    special = {"": Outcome.PASSED, "limit": Outcome.LIMITED, "lost": Outcome.LOST}
    return special.get(reason, Outcome.FAILED)


def _reason(remains: Remains) -> str:
    """Return the outcome table's word; empty for success."""
    if remains.is_oom and remains.code != 0:
        return "oom"
    if remains.result is not None and remains.result.is_error:
        return _cause(remains.result)
    if remains.fault:
        return remains.fault
    if remains.code in KILLED:
        return "killed"
    if remains.result is None and remains.is_garbled:
        return "garbage"
    if remains.result is None or remains.code != 0:
        return "exit"
    # A stream that breaks early can leave the CLI with a "success" that says nothing at all.
    return "empty" if remains.result.owes_words and not remains.result.text.strip() else ""


def _cause(result: Result) -> str:
    for phrase, reason in _PHRASES:
        if phrase.casefold() in result.text.casefold():
            return reason
    if result.status in _STATUSES:
        return _STATUSES[result.status]
    for cause in result.causes:
        if cause in _CAUSES:
            return _CAUSES[cause]
    is_unreached = result.status is None or result.status >= SERVER_ERROR
    return "transport" if is_unreached and "api_error" in result.causes else "error"

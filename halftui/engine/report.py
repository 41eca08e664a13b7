"""How a happening reads in a pane, and in one line on the card."""

from halftui.domain.happenings import (
    Ended,
    Happening,
    Outcome,
    Printed,
    Retrying,
    Returned,
    Said,
    Thought,
    Used,
)

LONGEST_RESULT = 40  # lines of a tool's result that are kept
_KINDS = {Said: "say", Thought: "think", Printed: "out"}
Lines = list[tuple[str, str]]  # kind, text


def lines_of(happening: Happening) -> Lines:
    """Return what a pane shows of a happening."""
    match happening:
        case Said(text) | Thought(text) | Printed(text):
            return [(_KINDS[type(happening)], text)]
        case Used(_, tool, _, _) if tool.rpartition("__")[2] == "ask":
            return []  # the question itself has a line of its own
        case Used(_, _, summary, detail):
            return [
                ("tool", summary),
                *([("diff", detail)] if detail and not summary.endswith(detail) else []),
            ]
        case Returned(_, is_ok, text):
            return [("result" if is_ok else "error", _shorter(text))] if text else []
        case Retrying(status, attempt, delay):
            return [
                ("note", f"the provider refused ({status or 'no answer'}), try {attempt} in {delay:.0f} s")
            ]
        case Ended(outcome, reason, summary):
            return [_end(outcome, reason, summary)]
    return []


def now_of(happening: Happening) -> str:
    """Return what the agent does at the moment, or "" if the happening says nothing of it."""
    match happening:
        case Used(_, _, summary):
            return summary
        case Said(text) | Thought(text):
            return text.strip().partition("\n")[0]
        case Printed(text):
            return text
        case Retrying(status):
            return f"waits for the provider ({status or 'no answer'})"
    return ""


def _end(outcome: Outcome, reason: str, summary: str) -> tuple[str, str]:
    if outcome is Outcome.PASSED:
        return "ok", "finished"
    said = summary.strip().partition("\n")[0]
    return "error", f"{outcome.value}: {reason}{f' – {said}' if said else ''}"


def _shorter(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= LONGEST_RESULT:
        return "\n".join(lines)
    return "\n".join([*lines[:LONGEST_RESULT], f"… {len(lines) - LONGEST_RESULT} more lines"])

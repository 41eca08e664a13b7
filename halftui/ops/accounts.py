"""Which account an attempt uses: the least used one that neither rests, is parked, full, spent nor broken."""

from datetime import UTC, datetime
from typing import Any

from halftui.domain.assign import BREAKER_PAUSE, BREAKER_WINDOW, FAULTS, closed_until
from halftui.errors import Unavailable
from halftui.ops import spending
from halftui.store.store import Rows

UNOPENABLE = "its token can't be opened with this key"
CREDENTIALS = {  # kinds that a runtime can use
    "claude": ("oauth", "api-key"), "codex": ("openai-key",), "gemini": ("google-key",),
}  # fmt: skip
NEEDS_ACCOUNT = tuple(CREDENTIALS)  # runtimes that speak with a provider

Wait = tuple[str, float | None]  # why, and until when if that is known

_BY_USE = """
SELECT s.id, s.name, s.parked, s.cooling_until, s.cap,
  (SELECT count(*) FROM attempt t WHERE t.subscription_id = s.id AND t.state <> 'ended') AS live
FROM subscription s WHERE s.sealed <> '' AND s.kind IN ({kinds}) ORDER BY live, s.name
"""
_ENDS = """
SELECT outcome, reason, ended_at FROM attempt WHERE runtime = :r AND subscription_id {whose}
  AND ended_at IS NOT NULL AND outcome IN ('passed', 'failed', 'lost') ORDER BY ended_at DESC LIMIT :most
"""
_PROBES = """
SELECT 1 FROM attempt WHERE runtime = :r AND subscription_id {whose} AND state <> 'ended'
  AND started_at >= :since LIMIT 1
"""


def choose(rows: Rows, runtime: str = "claude", current: str | None = None) -> str | None:
    """Return the id of the account for an attempt with this runtime; None: the platform's own credential.

    The one with the fewest live attempts, ties by name; an attempt's `current` one is not counted
    against its cap. The platform's is used if none is registered or none can be opened. Raises
    Unavailable, with `until` if that is known, if accounts are there and none may be used now.
    """
    if runtime not in CREDENTIALS:
        return None
    waits: list[Wait] = []
    kinds = ", ".join(f"'{kind}'" for kind in CREDENTIALS[runtime])
    for account in rows.rows(_BY_USE.format(kinds=kinds)):
        if account[2] == UNOPENABLE:
            continue
        if (wait := _wait(rows, runtime, account, current)) is None:
            return str(account[0])
        waits.append(wait)
    if not waits and (until := _broken(rows, runtime, "")) is not None:
        waits = [(f"{runtime} fails too often; tried again at {clock(until)}", until)]
    if waits:
        raise _none(waits)
    return None


def _wait(rows: Rows, runtime: str, account: tuple[Any, ...], current: str | None) -> Wait | None:
    """Return why an account may not be used now and until when; None if it may."""
    ident, name, parked, cooling_until, cap, live = account
    if parked:
        return f"{name} is parked ({parked})", None
    if cooling_until is not None and cooling_until > rows.now:
        return f"{name} rests until {clock(cooling_until)}", float(cooling_until)
    if cap and live >= cap and ident != current:
        return f"all {cap} slots of {name} are taken", None
    if (until := _broken(rows, runtime, ident)) is not None:
        return f"{name} fails too often with {runtime}; tried again at {clock(until)}", until
    over = spending.spent(rows, "subscription", [ident])
    return (f"{name}: {over[ident]}", None) if over else None


def usable(rows: Rows, runtime: str, ident: str | None) -> bool:
    """Return True if an attempt that has this account may go on with it."""
    if ident is None:
        return True
    found = rows.rows("SELECT sealed, parked, cooling_until FROM subscription WHERE id = :i", i=ident)
    if not found or not found[0][0] or found[0][1]:
        return False
    is_resting = found[0][2] is not None and found[0][2] > rows.now
    return not is_resting and not spending.spent(rows, "subscription", [ident])


def clock(moment: float) -> str:
    """Return a moment as people write it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _broken(rows: Rows, runtime: str, ident: str) -> float | None:
    """Return until when a breaker is open, None if it is not; one probe at a time goes through."""
    whose, values = ("= :s", {"r": runtime, "s": ident}) if ident else ("IS NULL", {"r": runtime})
    found = rows.rows(_ENDS.format(whose=whose), most=BREAKER_WINDOW, **values)
    ends = [(outcome != "passed" and reason in FAULTS, float(at)) for outcome, reason, at in found]
    until = closed_until(ends, rows.now)
    if until is None or until > rows.now:
        return until
    probes = rows.rows(_PROBES.format(whose=whose), since=until, **values)
    return rows.now + BREAKER_PAUSE if probes else None


def _none(waits: list[Wait]) -> Unavailable:
    times = [at for _, at in waits if at is not None]
    until = datetime.fromtimestamp(min(times), UTC) if times else None
    said = "; ".join(sentence for sentence, _ in waits)
    return Unavailable(f"no account can be used: {said}", "halftui subscription list shows them", until)

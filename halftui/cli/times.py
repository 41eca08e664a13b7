"""Reads the times that people type."""

from datetime import UTC, datetime, timedelta

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def when(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """Return UTC seconds of `2026-12-24T18:00` (local time if it names no zone) or `+90m`, `+2h`, `+3d`."""
    if text is None:
        return None
    try:
        return (_from_now(text.strip()) or datetime.fromisoformat(text.strip())).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{text!r} is no time; write 2026-12-24T18:00 or +2h") from None


def _from_now(text: str) -> datetime | None:
    if not text.startswith("+") or text[-1] not in _UNITS:
        return None
    return datetime.now(UTC) + timedelta(**{_UNITS[text[-1]]: float(text[1:-1])})

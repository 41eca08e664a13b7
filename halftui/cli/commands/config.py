"""`halftui config`: what is set, and where."""

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.settings import NAMES, without_password


@group("config")
def config() -> None:
    """Show the settings."""


@config.command("show", example="halftui config show")
@pass_call
def show(call: Call) -> None:
    """Show every setting and where its value came from."""
    settings = call.settings
    effective = {"home": str(settings.home_folder), "database": settings.database_url}
    rows = [
        {"name": n, "value": _shown(n, effective.get(n, getattr(settings, n))), "origin": settings.origin(n)}
        for n in NAMES
    ]
    call.list(rows, ("name", "value", "origin"))


def _shown(name: str, value: object) -> object:
    return without_password(value) if isinstance(value, str) and name in ("database", "api_url") else value

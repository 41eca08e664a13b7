"""`halftui budget` and `halftui usage`: what may be used, and what was."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, group, pass_call
from halftui.errors import Misconfigured
from halftui.ops import listings, spending

COLUMNS = ("scope", "name", "measure", "most", "used")
USED = ("what", "tokens_in", "tokens_out", "cost_usd", "turns", "minutes")


@group("budget")
def budget() -> None:
    """Limit the tokens, USD, turns and minutes of attempts, beads, convoys, accounts and days."""


@budget.command("list", example="halftui budget list")
@pass_call
def list_budgets(call: Call) -> None:
    """List budgets, with what was used; an empty subject means each one of its scope."""
    call.list(call.service.read(spending.budgets), COLUMNS)


@budget.command("set", example="halftui budget set bead hf-3k2 usd=2 minutes=60")
@click.argument("scope", type=click.Choice(spending.SCOPES))
@click.argument("subject_and_limits", nargs=-1, required=True, metavar="[SUBJECT] MEASURE=NUMBER...")
@pass_call
def set_budgets(call: Call, scope: str, subject_and_limits: tuple[str, ...]) -> None:
    """Set limits; without a subject for each one of the scope, of the scope day for all boards together.

    A spent attempt or bead is stopped and held; a spent convoy, account or day starts nothing more.
    """
    from halftui.ops import budgets

    subject, limits = _split(call, scope, subject_and_limits)
    for measure, most in limits:
        call.service.write(budgets.set_budget, scope, subject, measure, most)
    words = ", ".join(f"{most:,.12g} {measure}" for measure, most in limits)
    whose = subject_and_limits[0] if subject else "(each)"
    call.say(f"the limit of {scope} {whose} is {words}", call.service.read(spending.budgets))


@budget.command("clear", example="halftui budget clear bead hf-3k2 usd")
@click.argument("scope", type=click.Choice(spending.SCOPES))
@click.argument("subject_and_measure", nargs=-1, required=True, metavar="[SUBJECT] MEASURE")
@pass_call
def clear(call: Call, scope: str, subject_and_measure: tuple[str, ...]) -> None:
    """Take a limit away."""
    from halftui.ops import budgets

    *subjects, measure = subject_and_measure
    subject = _subject(call, scope, subjects[0]) if subjects else ""
    call.service.write(budgets.set_budget, scope, subject, measure, None)
    whose = subjects[0] if subject else "(each)"
    call.say(f"{scope} {whose} has no limit of {measure}", call.service.read(spending.budgets))


@command("usage", example="halftui usage --by agent --days 7")
@click.option("--by", type=click.Choice(tuple(spending.BY)), default="bead", show_default=True)
@click.option("--days", type=click.IntRange(1, 36_500), default=1, show_default=True, metavar="N",
              help="Today and the days before it (UTC).")  # fmt: skip
@pass_call
def usage(call: Call, by: str, days: int) -> None:
    """Show what was used on a board, the dearest first."""
    call.list(call.service.read(spending.usage, by, call.board.id, days), USED)


def _split(call: Call, scope: str, words: tuple[str, ...]) -> tuple[str, list[tuple[str, float]]]:
    first, rest = ("", words) if "=" in words[0] else (words[0], words[1:])
    limits = [_limit(word) for word in rest]
    if not limits:
        raise Misconfigured("no limit was named", "write MEASURE=NUMBER, as in usd=2")
    return _subject(call, scope, first) if first else "", limits


def _limit(word: str) -> tuple[str, float]:
    measure, sign, number = word.partition("=")
    hint = f"write MEASURE=NUMBER with one of {', '.join(spending.MEASURES)}"
    if not sign or measure not in spending.MEASURES:
        raise Misconfigured(f"{word!r} is no limit", hint)
    try:
        return measure, float(number)
    except ValueError:
        raise Misconfigured(f"{word!r} is no limit", hint) from None


def _subject(call: Call, scope: str, text: str) -> str:
    """Return the id of what a person named."""
    match scope:
        case "bead":
            return call.bead(text)
        case "attempt":
            return call.service.read(listings.attempt_of, text, call.board.id)
        case "convoy":
            return call.service.read(listings.resolve_convoy, text, call.board.id)
        case "subscription":
            return call.service.read(listings.subscription_of, text)
    return call.board.id if text in (call.board.id, call.board.name) else _other_board(call, text)


def _other_board(call: Call, text: str) -> str:
    from halftui.ops import views

    return call.service.read(views.board, text).id

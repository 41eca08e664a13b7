"""`halftui inbox` and `halftui answer`: what agents ask of people."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, group, pass_call
from halftui.cli.watching import watched
from halftui.domain.shown import Ask
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured
from halftui.ops import listings, views

COLUMNS = ("id", "bead", "agent", "kind", "text", "options")
MORE = ("tool", "detail", "bead_title", "attempt", "asked_at")


@group("question")
def question() -> None:
    """Show and answer what agents ask."""


@question.command("list", example="halftui question list -o json")
@pass_call
def list_questions(call: Call) -> None:
    """List the open questions, the oldest first."""
    _list(call)


@command("inbox", example="halftui inbox")
@pass_call
@watched
def inbox(call: Call) -> None:
    """List what agents ask of people, the oldest first, why a convoy stands still, and what can't be sent."""
    _list(call)
    for convoy in () if call.is_for_machines else call.service.read(views.convoys, call.board.id):
        for reason in convoy.stranded:
            call.write(clean_line(f"stranded: {convoy.name}: {reason}") + "\n")
    if not call.is_for_machines:
        from halftui.ops import pulls

        for bead, why in call.service.read(pulls.stuck, call.board.id):
            call.write(clean_line(f"stuck: {bead}: {why}") + "\n")


@command("answer", example="halftui answer 3f 'use the second one'")
@click.argument("question")
@click.argument("text", default="")
@click.option("--allow", is_flag=True, help="Permit what it asks for.")
@click.option("--always", is_flag=True, help="Permit it, and from now on without asking on this board.")
@click.option("--refuse", is_flag=True, help="Do not permit it; the text says why.")
@pass_call
def answer(call: Call, question: str, text: str, *, allow: bool, always: bool, refuse: bool) -> None:
    """Answer a question by a text or an option's number, a permission by --allow or --refuse."""
    from halftui.ops import questions

    allow = allow or always
    ident = call.service.read(listings.ask_of, question, call.board.id)
    asked = next(a for a in call.service.read(views.asks, call.board.id) if a.id == ident)
    said = _checked(asked, text, allow=allow, refuse=refuse)
    call.service.write(questions.answer, ident, said, is_allowed=allow, is_always=always)
    word = ("allowed" if allow else "refused") if asked.kind == "permission" else f"answered: {said}"
    call.say(f"{asked.agent} on {asked.bead} is {word}", {"id": ident, "text": said, "is_allowed": allow})


def _checked(asked: Ask, text: str, *, allow: bool, refuse: bool) -> str:
    if asked.kind == "permission":
        if allow == refuse:
            raise Misconfigured("this asks for a permission", "say --allow or --refuse")
        return text
    if allow or refuse:
        raise Misconfigured("this asks for words, not for a permission", "give a text or an option's number")
    if not text.strip():
        raise Misconfigured("an answer needs a text", "give a text or an option's number")
    if asked.options and text.isascii() and text.isdigit():
        if not 1 <= int(text) <= len(asked.options):
            raise Misconfigured(f"there is no option {text}", f"there are 1 to {len(asked.options)}")
        return asked.options[int(text) - 1][0]
    return text


def _list(call: Call) -> None:
    call.list(call.service.read(views.asks, call.board.id), COLUMNS, MORE)


question.add_command(inbox, "inbox")
question.add_command(answer, "answer")

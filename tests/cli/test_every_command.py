"""The whole tree of commands: each has help, an example, an access entry, an event, and is run here.

And the whole matrix: every role at every command, in this process and as a process of its own.
"""

import json
import sqlite3
from contextlib import closing

import click
import pytest
import yaml

from halftui.cli.parser import NOUNS, cli
from halftui.domain.actor import Role
from halftui.ops.access import ALLOWED
from halftui.store.store import Store
from tests.cli.stage import Stage, case, refusal, stage, template
from tests.helpers.commands import EXAMPLES
from tests.helpers.elm import let_elm_lead
from tests.helpers.stores import ANN

__all__ = ["stage", "template"]

DENIED = 4
BY_ENGINE = {verb for verb, roles in ALLOWED.items() if roles == {Role.ENGINE}}
# Verbs of screens, of guests' ways in, and of the tools that the board lends agents.
ELSEWHERE = {
    "event.undo", "event.redo", "person.dress", "key.join", "bead.push",
    "message.send", "tool.use", "tool.refuse", "bead.note", "bead.attach", "attempt.submit",
    "house.clear",  # gc, behind the door
    "merge.queue",  # bead approve, on a board with checks
}  # fmt: skip
WRITING = sorted(name for name, example in EXAMPLES.items() if example.verbs)


def _tree() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    context = click.Context(cli)
    for noun in NOUNS:
        command = cli.get_command(context, noun)
        assert command is not None
        verbs = command.commands if isinstance(command, click.Group) else {"": command}
        found |= {f"{noun} {verb}".strip(): child for verb, child in verbs.items()}
    return found


TREE = _tree()


def test_every_command_has_an_example_here() -> None:
    assert sorted(TREE) == sorted(EXAMPLES)


def test_every_verb_has_a_command() -> None:
    used = {verb for example in EXAMPLES.values() for verb in example.verbs}
    assert used <= set(ALLOWED)
    assert set(ALLOWED) - used - BY_ENGINE - ELSEWHERE == set()


@pytest.mark.parametrize("name", sorted(TREE))
def test_help_and_example(name: str) -> None:
    command = TREE[name]
    text = command.get_help(click.Context(command, info_name=name))
    assert (command.help or "").strip()
    assert "Example: halftui " in " ".join(text.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert len(parameter.opts[0]) > 1


def _events(stage: Stage) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(stage.folder / "home" / "halftui.db")) as opened:
        return [(str(verb), str(actor)) for verb, actor in opened.execute("SELECT verb, actor FROM event")]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_it_works_for_an_admin_and_leaves_its_event(stage: Stage, name: str) -> None:
    example = EXAMPLES[name]
    before = len(_events(stage))
    ran = stage.run(example)
    assert ran.code == example.code, ran
    assert "Traceback" not in ran.out + ran.err
    if example.code == 0:
        assert ran.err == "" or name in ("image build",), ran.err
    after = _events(stage)[before:] if name != "restore" else _events(stage)[-1:]
    verbs = {verb.partition(".")[0] for verb, _ in after}
    if example.verbs and example.code == 0:
        assert {verb.partition(".")[0] for verb in example.verbs} & verbs or name == "audit sign", after
    elif not example.verbs:
        assert after == [], "what reads leaves no event"


@case
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_matrix_in_this_process(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, role: Role, *, leads: bool
) -> None:
    example = EXAMPLES[name]
    if role is Role.ADMIN:
        return  # above, with what it does
    if role is Role.LEADER and leads:
        with closing(Store(f"sqlite:///{stage.folder / 'home' / 'halftui.db'}")) as store:
            store.write(ANN, let_elm_lead)
    monkeypatch.setenv("HALFTUI_TEST_ROLE", role.value)
    before = _events(stage)
    ran = stage.run(example)
    if not (wanted := refusal(role, example, leads=leads)):
        assert ran.code == example.code, ran
        return
    assert (ran.code, ran.out) == (DENIED, "")
    assert ran.err.startswith(wanted)
    assert _events(stage) == before, "a refusal leaves nothing"


@pytest.mark.parametrize("name", WRITING)
def test_a_viewer_changes_nothing_as_a_process(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HALFTUI_TEST_ROLE", "viewer")
    before = _events(stage)
    ran = stage.spawn(EXAMPLES[name])
    assert (ran.returncode, ran.stdout) == (DENIED, ""), ran.stderr
    assert _events(stage) == before


LISTS = (
    "bead list", "board list", "convoy list", "agent list", "identity list", "event list", "inbox",
    "subscription list", "config show", "image list", "budget list", "usage", "get beads", "whoami",
)  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_four_forms(stage: Stage, name: str) -> None:
    forms = ("table", "wide", "json", "yaml")
    texts = {form: stage.line.ok(*name.split(), "-o", form).out for form in forms}
    assert texts["json"][0] in "[{"
    assert yaml.safe_load(texts["yaml"]) == json.loads(texts["json"])
    assert texts["table"] != texts["json"]

"""Whatever is typed wrong ends with one sentence, a hint, and the right exit code, and changes nothing."""

import os
from pathlib import Path

import click
import pytest

from halftui.cli.parser import NOUNS, cli
from halftui.domain.happenings import Question
from halftui.errors import Conflict, Denied, Misconfigured, NotFound, Refused, Unavailable
from halftui.ops import questions
from tests.cli.conftest import Line
from tests.helpers.world import World

USAGE = MISCONFIGURED = Misconfigured.exit_code
# The command line, its exit code, and a part of what it says. {a} and {b} are open beads, {q} and {p} are an
# open question and an open permission, {w} is a bead at work.
BAD: list[tuple[str, int, str]] = [
    ("nonsense", USAGE, "No such command"),
    ("bead nonsense", USAGE, "No such command"),
    ("--nonsense", USAGE, "No such option"),
    ("bead list --nonsense", USAGE, "No such option"),
    ("-o xml bead list", USAGE, "'xml' is not one of"),
    ("bead list -o", USAGE, "requires an argument"),
    ("bead list extra", USAGE, "unexpected extra argument"),
    ("bead list --limit -1", USAGE, "not in the range"),
    ("bead list --limit many", USAGE, "not a valid integer"),
    ("bead list --limit 99999999999999999999", USAGE, "not in the range"),
    ("bead list --lane attic", USAGE, "'attic' is not one of"),
    ("bead create", USAGE, "Missing argument"),
    ("bead create ''", MISCONFIGURED, "a title has 1 to 500 characters"),
    ("bead create ' '", MISCONFIGURED, "a title has 1 to 500 characters"),
    ("bead create t -p 9", MISCONFIGURED, "priority can't be 9"),
    ("bead create t -p high", USAGE, "not a valid integer"),
    ("bead create t -p -1", MISCONFIGURED, "priority can't be -1"),
    ("bead create t --mode sometimes", MISCONFIGURED, "mode can't be sometimes"),
    ("bead create t --runtime emacs", MISCONFIGURED, "runtime can't be emacs"),
    ("bead create t --due tomorrow", USAGE, "'tomorrow' is no time"),
    ("bead create t --due +xd", USAGE, "'+xd' is no time"),
    ("bead create t --due +infd", USAGE, "is no time"),
    ("bead create t --due +99999999999d", USAGE, "is no time"),
    ("bead create t --due 0001-01-01T00:00Z", MISCONFIGURED, "due can't be"),
    ("bead create t --not-before ''", USAGE, "'' is no time"),
    ("bead create t --after none", NotFound.exit_code, "there is no bead none"),
    ("bead create t --after ''", NotFound.exit_code, "there is no bead"),
    ("bead create t --parent none", NotFound.exit_code, "there is no bead none"),
    ("bead create t --convoy none", NotFound.exit_code, "there is no convoy none"),
    ("bead show", USAGE, "Missing argument"),
    ("bead show none", NotFound.exit_code, "there is no bead none"),
    ("bead show sh-", Refused.exit_code, "could be sh-"),
    ("bead show %", NotFound.exit_code, "there is no bead %"),
    ("bead show \x1b]0;x\x07\u202e", NotFound.exit_code, "there is no bead ␣"),
    ("bead edit {a}", MISCONFIGURED, "nothing to change was named"),
    ("bead edit {a} --title ''", MISCONFIGURED, "a title has 1 to 500 characters"),
    ("bead edit {a} --clear title", USAGE, "'title' is not one of"),
    ("bead edit none --title x", NotFound.exit_code, "there is no bead none"),
    ("bead link {a} {a}", Refused.exit_code, "that would close a cycle: {a} → {a}"),
    ("bead link {a} none", NotFound.exit_code, "there is no bead none"),
    ("bead link {a}", USAGE, "Missing argument"),
    ("bead link {a} {b} --kind ''", MISCONFIGURED, "an edge can't be of no kind"),
    ("bead link {a} {b} --on-failure explode", USAGE, "'explode' is not one of"),
    ("bead link {a} {b} --gate some", USAGE, "'some' is not one of"),
    ("bead rank {a}", MISCONFIGURED, "a place needs one neighbour"),
    ("bead rank {a} --before {b} --behind {b}", MISCONFIGURED, "a place needs one neighbour"),
    ("bead rank {a} --before none", NotFound.exit_code, "there is no bead none"),
    ("bead dispatch", USAGE, "Missing argument"),
    ("bead dispatch {w}", Refused.exit_code, "only an open bead can be started"),
    ("bead claim {w}", Conflict.exit_code, "is already"),
    ("bead submit {a} -m x", Denied.exit_code, "is not person:ann's"),
    ("bead submit {a}", USAGE, "Missing option"),
    ("bead fail {w} -m x", Refused.exit_code, "an agent works on {w}"),
    ("bead release {a}", Refused.exit_code, "{a} is open, so release is not possible"),
    ("bead reopen {a}", Refused.exit_code, "{a} is open, so reopen is not possible"),
    ("bead reject {a} -m ''", MISCONFIGURED, "needs a reason"),
    ("bead reject {a} -m x", Refused.exit_code, "{a} is open, so reject is not possible"),
    ("bead cancel {a} none", NotFound.exit_code, "there is no bead none"),
    ("bead diff {a}", NotFound.exit_code, "has no work yet"),
    ("bead unlink {a}", USAGE, "Missing argument"),
    ("convoy create", MISCONFIGURED, "a convoy needs a name"),
    ("convoy create ''", MISCONFIGURED, "a convoy needs a name"),
    ("convoy create x none", NotFound.exit_code, "there is no bead none"),
    ("convoy show none", NotFound.exit_code, "there is no convoy none"),
    ("convoy start empty", Refused.exit_code, "has no beads"),
    ("convoy add empty", USAGE, "Missing argument"),
    ("convoy cancel none", NotFound.exit_code, "there is no convoy none"),
    ("agent retire", USAGE, "Missing argument"),
    ("agent retire Nobody", NotFound.exit_code, "there is no agent Nobody"),
    ("agent retire Toast", Refused.exit_code, "Toast is at work"),
    ("attempt list none", NotFound.exit_code, "there is no bead none"),
    ("attempt lines {a}", NotFound.exit_code, "no agent has worked on {a} yet"),
    ("attempt lines {a}@1", NotFound.exit_code, "there is no attempt {a}@1"),
    ("attempt lines @", NotFound.exit_code, "there is no attempt @"),
    ("attempt lines {w} --last -1", USAGE, "not in the range"),
    ("attempt stop {a}", NotFound.exit_code, "no agent has worked on {a} yet"),
    ("answer", USAGE, "Missing argument"),
    ("answer none x", NotFound.exit_code, "there is no open question none"),
    ("answer {q}", MISCONFIGURED, "an answer needs a text"),
    ("answer {q} --allow", MISCONFIGURED, "asks for words"),
    ("answer {p}", MISCONFIGURED, "asks for a permission"),
    ("answer {p} --allow --refuse", MISCONFIGURED, "asks for a permission"),
    ("subscription register ''", MISCONFIGURED, "no token was given"),
    ("subscription register x --kind free", USAGE, "'free' is not one of"),
    ("subscription remove none", NotFound.exit_code, "there is no subscription none"),
    ("event list none", NotFound.exit_code, "there is no bead none"),
    ("event list --last 0", USAGE, "not in the range"),
    ("board edit", USAGE, "Missing argument"),
    ("board edit cap", MISCONFIGURED, "'cap' is no setting"),
    ("board edit =4", MISCONFIGURED, "'=4' is no setting"),
    ("board edit cap=many", MISCONFIGURED, "cap can't be 'many'"),
    ("board edit cap=1e3", MISCONFIGURED, "cap can't be '1e3'"),
    ("board edit recipe=@/no/such/file", MISCONFIGURED, "can't be read"),
    ("board edit recipe=gcc", MISCONFIGURED, "a recipe can't begin with 'gcc'"),
    ("board edit recipe=FROM", MISCONFIGURED, "a recipe can't begin with"),
    ("board edit cap=-1", MISCONFIGURED, "cap can't be -1"),
    ("board edit mode=sometimes", MISCONFIGURED, "mode can't be 'sometimes'"),
    ("board edit nonsense=1", MISCONFIGURED, "a board has no setting nonsense"),
    ("board edit prefix=../..", MISCONFIGURED, "prefix can't be"),
    ("board show none", NotFound.exit_code, "there is no board none"),
    ("--board none bead list", NotFound.exit_code, "there is no board none"),
    ("--board '' board show x", NotFound.exit_code, "there is no board x"),
    ("--database nonsense bead list", MISCONFIGURED, "database in flag can't be 'nonsense'"),
    ("--database mysql://x bead list", MISCONFIGURED, "database in flag can't be 'mysql://x'"),
    (
        "--database sqlite:////nowhere/x.db bead list",
        Unavailable.exit_code,
        "there is no HalfTUI database yet",
    ),
    ("--database sqlite:////etc/passwd bead list", MISCONFIGURED, "the database"),
    ("--home /nowhere bead list", Unavailable.exit_code, "there is no HalfTUI database yet"),
    ("init /nowhere/at/all", MISCONFIGURED, "/nowhere/at/all is no folder"),
    ("init --cap x", USAGE, "not a valid integer"),
    ("init", Refused.exit_code, "has the board Shop already"),
    ("config nonsense", USAGE, "No such command"),
    ("image build extra", USAGE, "unexpected extra argument"),
]


@pytest.fixture
def names(line: Line, world: World) -> dict[str, str]:
    """Return what stands for the words in braces."""
    working = line.bead("w")
    claim = world.started(world.taken(working))
    asked = {
        k: world.engine(questions.ask, claim.attempt, Question(k, "?")) for k in ("question", "permission")
    }
    line.ok("convoy", "create", "empty")
    open_ones = {"a": line.bead("a"), "b": line.bead("b")}
    return {**open_ones, "w": working, "q": asked["question"], "p": asked["permission"]}


def _words(text: str, names: dict[str, str]) -> list[str]:
    parts = text.replace("' '", "SPACE").replace("''", "NOTHING").format(**names).split()
    return [{"SPACE": " ", "NOTHING": ""}.get(part, part) for part in parts]


@pytest.mark.parametrize(("text", "code", "says"), BAD, ids=[b[0] for b in BAD])
def test_bad_input(line: Line, world: World, names: dict[str, str], text: str, code: int, says: str) -> None:
    rows = world.dump()
    ran = line(*_words(text, names))
    assert ran.code == code, ran
    assert ran.err.startswith("error: ")
    assert says.format(**names) in ran.err
    assert ran.err.count("\n") == 2, "one sentence and a hint"
    assert ran.err.splitlines()[1].startswith("hint: ")
    assert ran.out == ""
    assert "\x1b" not in ran.err
    assert world.dump() == rows


@pytest.mark.parametrize("token", ["", " ", "\n", "two words", "a\x00b", "a\x1b[2J", "é", "x" * 16_385])
def test_bad_tokens_are_not_stored_nor_shown(line: Line, world: World, token: str) -> None:
    rows = world.dump()
    ran = line("subscription", "register", "work", stdin=token)
    assert ran.code == MISCONFIGURED
    assert not token.strip() or token.strip() not in ran.out + ran.err
    assert world.dump() == rows


def test_bytes_that_are_no_text(line: Line) -> None:
    bead = line.ok("bead", "create", os.fsdecode(b"caf\xe9 \xff"), "-o", "json").json
    assert bead["title"] == "caf\ufffd \ufffd"
    assert line("bead", "show", os.fsdecode(b"\xff\xfe")).code == NotFound.exit_code
    assert line("init", os.fsdecode(b"/no/\xff")).code == MISCONFIGURED


@pytest.mark.parametrize(
    "text",
    ["cap = ", "cap = 'x'", "cap = -1", "cap = 1.5", "cap = true", "cap = [1]", "nonsense = 1",
     "[table]\nx = 1", "log_level = 'loud'", "sandbox = 'vm'", "cpus = nan", "cpus = inf", "theme = 3",
     'theme = "a\\u001b[2J"',
     "lease_seconds = 0", "\x00", "home = 1", "= 4", "cap = 99999999999999999999999"],
)  # fmt: skip
def test_bad_settings_are_named_by_place(line: Line, tmp_path: Path, text: str) -> None:
    file = tmp_path / "config" / "halftui" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    ran = line("bead", "list")
    assert ran.code == MISCONFIGURED
    assert str(file) in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAP", "many"),
        ("CAP", "-1"),
        ("CPUS", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("PERMISSIONS", "yes"),
        ("CAP", ""),
    ],
)
def test_a_bad_environment_is_named(
    line: Line, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HALFTUI_{name}", value)
    ran = line("bead", "list")
    assert (ran.code, "in environment can't be" in ran.err) == (MISCONFIGURED, True)


def test_a_config_that_is_a_folder(line: Line, tmp_path: Path) -> None:
    (tmp_path / "config" / "halftui" / "config.toml").mkdir(parents=True)
    assert line("bead", "list").code == MISCONFIGURED


@pytest.mark.parametrize("argv", [("bead", "create", "x"), ("board", "pause"), ("convoy", "create", "x")])
def test_a_viewer_may_look_only(line: Line, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]) -> None:
    monkeypatch.setenv("HALFTUI_TEST_ROLE", "viewer")
    assert line.ok("bead", "list", "-o", "json").json == []
    ran = line(*argv)
    assert (ran.code, ran.out) == (Denied.exit_code, "")
    assert "may not do" in ran.err


def test_an_answer_outside_of_the_options(line: Line, world: World) -> None:
    from halftui.domain.happenings import Option

    claim = world.started(world.taken(line.bead()))
    asked = world.engine(questions.ask, claim.attempt, Question("question", "?", (Option("a"), Option("b"))))
    for text in ("0", "3", "99999999999999999999999"):
        assert line("answer", asked, text).code == MISCONFIGURED
    assert line.ok("answer", asked, "²").out.endswith("is answered: ²\n")


def _commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(cli)
    for noun in sorted(NOUNS):
        command = cli.get_command(context, noun)
        assert command is not None
        verbs = command.commands if isinstance(command, click.Group) else {}
        found += [(f"{noun} {name}", verb) for name, verb in verbs.items()] or [(noun, command)]
    return found


@pytest.mark.parametrize(("name", "command"), _commands(), ids=[n for n, _ in _commands()])
def test_every_command_has_help_with_an_example(empty: Line, name: str, command: click.Command) -> None:
    shown = empty.ok(*name.split(), "--help").out
    example = shown.partition("Example: ")[2]
    assert example.startswith("halftui ")
    assert (command.help or "").rstrip().endswith(".")
    assert "--output" in shown


def test_every_example_is_of_its_command() -> None:
    for name, command in _commands():
        verb = name.split()[-1]
        assert verb in getattr(command, "example", ""), name

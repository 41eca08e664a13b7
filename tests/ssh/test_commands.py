"""Commands over SSH: the same as locally, with exit codes, both streams and standard input kept."""

import asyncio
import json
from pathlib import Path

import click
import pytest

from halftui.cli import guests
from halftui.cli.parser import NOUNS, cli
from halftui.domain.actor import Role, person
from halftui.errors import Denied, NotFound
from tests.helpers.ssh import Host


async def test_streams_and_codes(host: Host) -> None:
    host.admit("ann", "operator")
    made = await host.run(
        "ann", "bead", "create", "'Two words'", "-d", "-", "-o", "json", stdin="ä\nb".encode()
    )
    assert (made.code, made.err) == (0, "")
    bead = json.loads(made.out)
    assert (bead["title"], bead["description"]) == ("Two words", "ä\nb")
    missing = await host.run("ann", "bead", "show", "nope")
    assert (missing.code, missing.out) == (NotFound.exit_code, "")
    assert missing.err == "error: there is no bead nope\nhint: halftui bead list shows them\n"
    assert (await host.run("ann", "nonsense")).code == 2
    assert "Usage" in (await host.run("ann", "bead", "--help")).out
    assert (await host.run("ann", "'unclosed")).code == 2


async def test_a_server_whose_folder_is_gone_serves_on(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "start").mkdir()
    monkeypatch.chdir(tmp_path / "start")
    (tmp_path / "start").rmdir()
    host.admit("ann", "operator")
    made = await host.run("ann", "bead", "create", "work")
    assert (made.code, made.err) == (0, "")
    assert "work" in (await host.run("ann", "bead", "list")).out
    monkeypatch.undo()


async def test_who_did_it_is_the_guest(host: Host) -> None:
    host.admit("ann", "operator")
    await host.run("ann", "bead", "create", "hers")
    events = json.loads((await host.run("ann", "event", "list", "-o", "json")).out)
    assert [(e["actor"], e["verb"]) for e in events if e["verb"] == "bead.create"] == [
        ("person:ann", "bead.create")
    ]


@pytest.mark.parametrize(
    ("role", "makes", "accepts", "admits"),
    [("viewer", 4, 4, 4), ("operator", 0, 4, 4), ("maintainer", 0, 0, 4), ("admin", 0, 0, 0)],
)
async def test_roles_hold(host: Host, role: str, makes: int, accepts: int, admits: int) -> None:
    host.admit("ann", role)
    host.admit("bo", "operator")
    bead = host.bead("work")
    assert (await host.run("ann", "bead", "list")).code == 0
    assert (await host.run("ann", "bead", "create", "x")).code == makes
    await host.run("bo", "bead", "claim", bead)
    await host.run("bo", "bead", "submit", bead, "-m", "made")
    assert (await host.run("ann", "bead", "approve", bead)).code == accepts
    assert (await host.run("ann", "key", "invite", "cy", "--role", "viewer")).code == admits


async def test_nothing_of_the_server_is_reached(host: Host) -> None:
    host.admit("ann", "admin")
    for words in (
        ["init", "/"], ["demo"], ["serve"], ["--serve"], ["doctor"], ["image", "list"], ["image", "build"],
        ["config", "show"], ["status"], ["init", "--help"],
        ["--home", "/", "bead", "list"], ["--database", "sqlite:////x.db", "bead", "list"],
    ):  # fmt: skip
        ran = await host.run("ann", *(["--"] if words[0].startswith("-") else []), *words)
        assert ran.code == Denied.exit_code, (words, ran)
        assert str(host.folder) not in ran.out + ran.err


async def test_shell_words_are_words(host: Host) -> None:
    host.admit("ann", "operator")
    ran = await host.run("ann", "bead", "create", "'$(id) `id` ; id | cat > x && y'", "-o", "json")
    assert json.loads(ran.out)["title"] == "$(id) `id` ; id | cat > x && y"


async def test_a_terminal_without_a_command_is_the_board_and_none_is_told(host: Host) -> None:
    host.admit("ann", "viewer")
    ran = await host.run("ann")
    assert ran.code == 2
    assert "the board needs a terminal" in ran.err


async def test_a_command_on_a_terminal(host: Host) -> None:
    host.admit("ann", "viewer")
    host.bead("a card with a title that is longer than the terminal is wide, and so is cut")
    async with host.terminal("ann", "bead", "list", size=(60, 20)) as ann:
        assert await ann.ended() == 0
        assert "…" in ann.text
    assert b"\x1b[1m" in ann.bytes
    assert b"\r\n" in ann.bytes


async def test_a_broken_off_command_ends_on_the_server_too(host: Host) -> None:
    host.admit("ann", "operator")
    from halftui.domain.actor import ENGINE
    from halftui.domain.names import POOL
    from halftui.ops import attempts, beads, transcripts

    bead = host.bead("long work")
    host.house.service.write(beads.dispatch, bead)
    store = host.house.store
    claim = store.write(ENGINE, attempts.claim, host.board.id, 3_600.0, 4, POOL)
    assert claim is not None
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    store.write(ENGINE, transcripts.append, claim.attempt, [(1, 0.0, "say", "I begin")], "")
    async with host.terminal("ann", "attempt", "lines", bead, "--follow") as ann:
        await ann.until("I begin")
        ann.send("\x03")
        assert await ann.ended() == 130
    process = await asyncio.create_subprocess_exec(
        *host.argv("ann", "attempt", "lines", bead, "--follow"),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert b"I begin" in await process.stdout.readline()
    process.kill()
    await process.wait()
    await host.empty()


async def test_output_that_nobody_reads_is_bounded(host: Host) -> None:
    host.admit("ann", "viewer")
    for number in range(40):
        host.bead(f"{number} {'x' * 400}")
    process = await asyncio.create_subprocess_exec(
        *host.argv("ann", "bead", "list", "--limit", "0", "-o", "json"),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert len(json.loads(out)) == 40


def _paths(command: click.Command, path: str) -> list[str]:
    if not isinstance(command, click.Group):
        return [path]
    with click.Context(command) as context:
        found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [p for name, child in found if child for p in _paths(child, f"{path} {name}".strip())]


def test_every_command_is_allowed_or_refused_on_purpose() -> None:
    assert NOUNS
    assert set(_paths(cli, "")) == guests.ALLOWED | guests.REFUSED
    assert not guests.ALLOWED & guests.REFUSED


def test_no_allowed_command_takes_a_file() -> None:
    def files(command: click.Command, path: str) -> list[str]:
        if isinstance(command, click.Group):
            with click.Context(command) as context:
                found = [(n, command.get_command(context, n)) for n in command.list_commands(context)]
            return [f for name, child in found if child for f in files(child, f"{path} {name}".strip())]
        kinds = (click.File, click.Path)
        takes = [p.name for p in command.params if isinstance(p.type, kinds)]
        return [f"{path} {name}" for name in takes if path in guests.ALLOWED]

    assert files(cli, "") == []


def test_what_is_not_listed_is_refused() -> None:
    with pytest.raises(Denied, match="is not for guests"):
        guests.check("something new")


async def test_a_line_typed_on_the_board_has_the_guests_rights_and_no_more(host: Host) -> None:
    host.admit("ann", "operator")
    service = host.house.service_of(person("ann", Role("operator")))
    console = host.server.hosting.console(service, host.board.id)
    assert console.run("bead create typed", 80)[0] == 0
    [bead] = json.loads(console.run("bead list -o json", 80)[1])
    assert bead["title"] == "typed"
    for line in (
        "key invite cy --role viewer", "init /", "demo", "serve", "--serve", "doctor", "image build",
        "config show", "status", "backup /tmp/x", "--home / bead list", "--database sqlite:////x bead list",
        "import /etc/passwd", "export /tmp/x", "apply -f /etc/passwd", "convoy create -f /etc/passwd",
    ):  # fmt: skip
        assert console.run(line, 80)[0] == Denied.exit_code, line
    for line in (
        f"wait bead {bead['id']}",
        f"attempt lines {bead['id']} -fo json",
        "wait board --timeout 1h",
    ):
        assert "nothing can wait here" in console.run(line, 80)[1], line
    assert "a board is open already" in console.run("", 80)[1]


async def test_commands_are_typed_on_the_board_and_nobody_sees_anothers(host: Host) -> None:
    host.admit("ann", "operator")
    host.admit("bo", "viewer")
    async with host.terminal("ann") as ann, host.terminal("bo") as bo:
        await ann.until("Ready 0")
        await bo.until("Ready 0")
        ann.send(":")
        await ann.until("add")
        ann.send("add 'by a typed line'\r")
        await ann.until("Ready 1")
        await bo.until("Ready 1")
        bo.send(":")
        await bo.until("attempt")
        bo.send("\x1b[A")
        await asyncio.sleep(0.3)
        assert "add 'by" not in bo.text
        bo.send("bead create x\r")
        await bo.until("may not do bead.create")
    events = json.loads((await host.run("ann", "event", "list", "-o", "json")).out)
    assert {e["actor"] for e in events if e["verb"] == "bead.create"} == {"person:ann"}


async def test_a_wait_ends_with_its_guest(host: Host) -> None:
    host.admit("ann", "viewer")
    bead = host.bead("never done")
    process = await asyncio.create_subprocess_exec(
        *host.argv("ann", "wait", "bead", bead), stdin=asyncio.subprocess.DEVNULL
    )
    await host.entered()
    await asyncio.sleep(0.5)
    process.kill()
    await process.wait()
    await host.empty()


async def test_the_files_of_the_serving_machine_are_not_the_guests(host: Host, tmp_path: Path) -> None:
    host.admit("ann", "admin")
    secret, out = tmp_path / "secret.jsonl", tmp_path / "out.jsonl"
    secret.write_text('{"id": "x-1", "title": "canary"}\n', encoding="utf-8")
    for words in (("import", str(secret)), ("export", str(out)), ("convoy", "create", "-f", str(secret))):
        ran = await host.run("ann", *words)
        assert (ran.code, ran.out) == (Denied.exit_code, "")
        assert "canary" not in ran.err
        assert "< FILE" in ran.err
    assert not out.exists()
    taken = await host.run("ann", "import", "-", stdin=secret.read_bytes())
    assert (taken.code, taken.err) == (0, "")
    assert "canary" in (await host.run("ann", "export")).out

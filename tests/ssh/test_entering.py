"""Who comes in: by the user name and that name's own keys, and by nothing else."""

import asyncio
import re
from pathlib import Path

import asyncssh
import pytest

from halftui.ops import entrance, people
from tests.helpers.people import make_key
from tests.helpers.ssh import Host, execute


async def test_a_key_opens_the_door_for_its_person(host: Host) -> None:
    host.admit("ann", "operator")
    ran = await host.run("ann", "board", "list")
    assert (ran.code, ran.err) == (0, "")
    assert "shop" in ran.out
    assert await host.run("ann", "board", "list") == ran, "and again"


async def test_nobody_is_made_by_logging_in(host: Host, tmp_path: Path) -> None:
    make_key(tmp_path / "cy")
    host.keys["cy"] = tmp_path / "cy"
    for name in ("cy", "owner", "root", "engine", "patrol", "person:cy"):
        host.keys[name] = tmp_path / "cy"
        ran = await host.run(name, "bead", "list")
        assert (ran.code, ran.out) == (255, "")
        assert "Permission denied (publickey)" in ran.err
    assert host.house.store.read(entrance.keys) == ()


async def test_one_persons_key_does_not_open_for_another(host: Host) -> None:
    host.admit("ann", "admin")
    host.admit("bo", "viewer")
    host.keys["ann"], host.keys["bo"] = host.keys["bo"], host.keys["ann"]
    assert (await host.run("ann", "bead", "list")).code == 255
    assert (await host.run("bo", "bead", "list")).code == 255


@pytest.mark.parametrize("order", [("admin", "mine"), ("mine", "admin")])
@pytest.mark.parametrize("name", ["admin", "mine"])
async def test_an_offered_key_is_no_proof(
    host: Host, tmp_path: Path, order: tuple[str, str], name: str
) -> None:
    """With another's public key offered beside one's own, one is still oneself, or nobody."""
    host.admit("admin", "admin")
    host.admit("mine", "viewer")
    stolen = tmp_path / "stolen.pub"  # the public half alone: ssh offers it and can't sign
    stolen.write_text(host.keys["admin"].with_suffix(".pub").read_text())
    files = {"admin": str(stolen), "mine": str(host.keys["mine"])}
    del host.keys["admin"], host.keys["mine"]
    options = [word for which in order for word in ("-i", files[which])]
    ran = await host.run(name, "bead", "create", "whose", options=options)
    assert ran.code == (255 if name == "admin" else 4)
    assert "whose" not in (await host.run(name, "bead", "list", options=options)).out


async def test_six_keys_are_tried_and_no_more(host: Host, tmp_path: Path) -> None:
    host.admit("ann", "viewer")
    options: list[str] = []
    for number in range(6):
        make_key(tmp_path / f"wrong{number}")
        options += ["-i", str(tmp_path / f"wrong{number}")]
    right = str(host.keys.pop("ann"))
    assert (await host.run("ann", "board", "list", options=[*options[:10], "-i", right])).code == 0
    ran = await host.run("ann", "board", "list", options=[*options, "-i", right])
    assert ran.code == 255
    assert "too many keys" in ran.err
    assert host.server.counts["logins_refused"] == 1


async def test_passwords_and_other_ways_are_not_offered(host: Host) -> None:
    host.admit("ann", "viewer")
    ran = await host.run("ann", options=["-o", "PreferredAuthentications=password,keyboard-interactive"])
    assert ran.code == 255
    assert "Permission denied (publickey)" in ran.err


async def test_an_invite_brings_a_key_of_ones_own(host: Host, tmp_path: Path) -> None:
    host.house.service.write(people.invite, "bo", "open-sesame", host.house.store.clock() + 60, "operator")
    make_key(tmp_path / "bo")
    host.keys["bo"] = tmp_path / "bo"
    ran = await host.run("bo", "bead", "list", stdin=b"wrong\n")
    assert ran.code == 4
    assert "not the code" in ran.err
    ran = await host.run("bo", "bead", "create", "x", stdin=b"open-sesame\n")
    assert ran.code == 0
    assert "bo may come in as operator with SHA256:" in ran.out
    assert (await host.run("bo", "bead", "create", "mine")).code == 0
    assert "mine" in (await host.run("bo", "bead", "list")).out
    other = tmp_path / "other"
    make_key(other)
    host.keys["bo"] = other
    assert (await host.run("bo", stdin=b"open-sesame\n")).code == 255, "the invite is used up"


async def test_who_was_invited_can_do_nothing_else(host: Host, tmp_path: Path) -> None:
    host.house.service.write(people.invite, "bo", "open-sesame", host.house.store.clock() + 60, "admin")
    make_key(tmp_path / "bo")
    bo = asyncssh.read_private_key(tmp_path / "bo")
    async with asyncssh.connect(
        "127.0.0.1", host.port, username="bo", client_keys=[bo], known_hosts=None, config=[]
    ) as connection:
        first = await connection.run("bead list", input="wrong\n", check=False)
        assert first.exit_status == 4
        with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ConnectionLost)):
            await connection.run("bead list", input="open-sesame\n", check=False)
    for words in (["git-upload-pack", "/shop"], ["key", "list"], ["--help"]):
        host.keys["bo"] = tmp_path / "bo"
        ran = await host.run("bo", "--", *words, stdin=b"")
        assert ran.code == 4
        assert "Type the code" in ran.out


async def test_an_invite_on_a_terminal_is_typed_unseen(host: Host, tmp_path: Path) -> None:
    host.house.service.write(people.invite, "bo", "open-sesame", host.house.store.clock() + 60, "viewer")
    make_key(tmp_path / "bo")
    host.keys["bo"] = tmp_path / "bo"
    async with host.terminal("bo") as guest:
        await guest.until("Type the code")
        guest.send("open-sesame\r")
        await guest.until("Connect again")
        assert await guest.ended() == 0
        assert "open-sesame" not in guest.text


async def test_removing_a_key_ends_what_it_opened(host: Host) -> None:
    host.admit("ann", "operator")
    host.admit("bo", "viewer")
    async with host.terminal("ann") as ann, host.terminal("bo") as bo:
        await ann.until("Ready")
        await bo.until("Ready")
        host.house.service.write(people.remove, "ann")
        await ann.until("Your key was removed from this board")
        assert await ann.ended() != -1
        assert (await host.run("ann", "board", "list")).code == 255
        host.bead("still there")
        await bo.until("still there")
    assert {v.member.name for v in host.server.visitors if v.member} <= {"bo"}


async def test_another_role_holds_at_once(host: Host) -> None:
    host.admit("ann", "operator")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        host.house.service.write(people.edit, "ann", "viewer")
        await ann.until("Your role on this board is another one now")
        await ann.ended()
    assert (await host.run("ann", "bead", "create", "x")).code == 4


async def test_nothing_but_sessions(host: Host, tmp_path: Path) -> None:
    """No forwarding in any direction, no file transfer, no agent, no screen of another machine."""
    host.admit("ann", "admin")
    for options in (
        ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"],
        ["-W", "127.0.0.1:22"],
        ["-s"],
    ):
        words = ["sftp"] if options == ["-s"] else ["board", "list"] if "-R" in options else []
        ran = await host.run("ann", *words, options=options)
        assert ran.code == 255, (options, ran)
    ran = await host.run("ann", "board", "list", options=["-A", "-X"], env={"DISPLAY": ":9"})
    assert ran.code == 0
    got = await execute(
        "scp", "-O", "-P", str(host.port), "-i", str(host.keys["ann"]), "-o", "BatchMode=yes",
        "-o", f"UserKnownHostsFile={tmp_path / 'known'}", "ann@127.0.0.1:/etc/passwd", str(tmp_path),
    )  # fmt: skip
    assert got.code != 0
    assert not (tmp_path / "passwd").exists()


async def test_only_modern_algorithms_with_strict_exchange(host: Host) -> None:
    host.admit("ann", "viewer")
    said = (await host.run("ann", "board", "list", options=["-vvv", "-o", "LogLevel=DEBUG3"])).err
    proposal = said.partition("peer server KEXINIT proposal")[2]
    offered = {
        what: set(re.search(rf"{what}: (.*)", proposal)[1].strip().split(","))  # type: ignore[index]
        for what in ("KEX algorithms", "host key algorithms", "ciphers ctos", "MACs ctos", "compression ctos")
    }
    assert "kex-strict-s-v00@openssh.com" in offered["KEX algorithms"]
    assert "will use strict KEX ordering" in said
    assert offered["host key algorithms"] == {"ssh-ed25519"}
    assert offered["compression ctos"] == {"none"}
    whole = ",".join(sorted(set().union(*offered.values())))
    for weak in ("sha1", "group1-", "group14", "cbc", "arcfour", "3des", "md5", "umac", "ssh-dss", "ssh-rsa"):
        assert weak not in whole
    assert all("etm" in mac for mac in offered["MACs ctos"])


@pytest.mark.parametrize(
    "option", ["KexAlgorithms=diffie-hellman-group14-sha1", "Ciphers=aes128-cbc", "MACs=hmac-sha1",
               "HostKeyAlgorithms=ssh-rsa", "PubkeyAcceptedAlgorithms=ssh-rsa"],
)  # fmt: skip
async def test_weak_clients_are_refused(host: Host, option: str) -> None:
    host.admit("ann", "viewer")
    options = ["-o", option]
    if option.startswith("MACs"):
        options += ["-o", "Ciphers=aes256-ctr"]  # other ciphers bring their own
    assert (await host.run("ann", "board", "list", options=options)).code == 255


async def test_the_host_key_is_made_once_and_kept_from_others(host: Host) -> None:
    file = host.house.home / "ssh" / "host_ed25519"
    assert file.stat().st_mode & 0o777 == 0o600
    assert host.fingerprint in (await execute("ssh-keygen", "-lf", str(file))).out


async def test_a_username_that_changes_in_the_middle(host: Host) -> None:
    """A client that offers one name's key and signs as another is whom it signed as."""
    host.admit("admin", "admin")
    host.admit("mine", "viewer")
    mine = asyncssh.read_private_key(host.keys["mine"])
    with pytest.raises(asyncssh.PermissionDenied):
        async with asyncssh.connect(
            "127.0.0.1", host.port, username="admin", client_keys=[mine], known_hosts=None, config=[]
        ):
            pass
    async with asyncssh.connect(
        "127.0.0.1", host.port, username="mine", client_keys=[mine], known_hosts=None, config=[]
    ) as connection:
        ran = await connection.run("bead create x", check=False)
        assert ran.exit_status == 4
    await asyncio.sleep(0)

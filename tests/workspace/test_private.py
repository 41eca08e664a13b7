"""Addresses over https that want a credential: real git, a real server."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.domain.address import given, scope_of
from halftui.errors import Misconfigured, Unauthorized, Unavailable
from halftui.workspace.host import Host
from halftui.workspace.origin import Origin, locate
from halftui.workspace.repository import Repository
from tests.helpers.https import TOKEN, USER, GitServer, serve
from tests.workspace.scene import World, git


@pytest.fixture
def forge(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """Serve the world's project as shop.git."""
    root = tmp_path / "served"
    root.mkdir()
    git(root, "clone", "-q", "--bare", str(world.project), "shop.git")
    git(root / "shop.git", "config", "http.receivepack", "true")
    with serve(root, tmp_path) as served:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(served.ca))
        yield served


def host(forge: GitServer, token: str = TOKEN, scope: str = "") -> Host:
    return Host(scope or forge.scope, USER, lambda: token)


def find(forge: GitServer, given_to: Host | None = None) -> Origin:
    return locate(forge.repository(), "main", given_to or host(forge))


def test_work_is_fetched_and_pushed(world: World, forge: GitServer) -> None:
    origin = find(forge)
    sha = world.work("b-1", {"new.txt": "new\n"})
    world.repo.land(world.merge("b-1", sha), origin, "main")
    assert git(forge.root / "shop.git", "rev-parse", "main") == world.repo.tip("main")
    git(world.project, "pull", "-q", str(forge.root / "shop.git"), "main")
    (world.project / "late.txt").write_text("late\n")
    git(world.project, "add", "-A")
    git(world.project, "commit", "-q", "-m", "late")
    git(world.project, "push", "-q", str(forge.root / "shop.git"), "main")
    world.repo.refresh(find(forge))
    assert world.repo.tip("main") == git(world.project, "rev-parse", "main")
    assert set(forge.heard) == {f"{USER}:{TOKEN}"}


def test_a_new_board_is_made_from_it(forge: GitServer, tmp_path: Path) -> None:
    made = Repository(tmp_path / "other.git")
    made.create(find(forge))
    assert made.holds("main")


def test_without_a_credential_nothing_is_sent(forge: GitServer) -> None:
    with pytest.raises(Unauthorized, match="wants a token") as caught:
        locate(forge.repository(), "main")
    assert caught.value.hint == f"halftui secrets set {forge.scope}"
    assert forge.heard == []


def test_a_wrong_one_is_tried_once_and_told(forge: GitServer) -> None:
    told: list[tuple[str, str]] = []
    wrong = Host(forge.scope, USER, lambda: "not-the-token-at-all", lambda *said: told.append(said))
    with pytest.raises(Unauthorized, match="refuses the token"):
        find(forge, wrong)
    assert forge.heard == [f"{USER}:not-the-token-at-all"]
    assert told == [("ls-remote", f"{forge.scope.removeprefix('https://')} refuses the token")]


def test_a_push_that_is_not_allowed_is_told(world: World, forge: GitServer) -> None:
    forge.refuses_push = True
    before, sha = world.repo.tip("main"), world.work("b-1", {"new.txt": "new\n"})
    with pytest.raises(Unauthorized, match="refuses the token for a push") as caught:
        world.repo.land(world.merge("b-1", sha), find(forge), "main")
    assert TOKEN not in str(caught.value)
    assert world.repo.tip("main") == before


def test_reading_may_be_free_where_writing_is_not(world: World, forge: GitServer) -> None:
    forge.is_read_free = True
    sha = world.work("b-1", {"new.txt": "new\n"})
    with pytest.raises(Unauthorized, match="wants a token"):
        world.repo.land(world.merge("b-1", sha), locate(forge.repository(), "main"), "main")
    world.repo.land(world.merge("b-1", sha), find(forge), "main")
    assert git(forge.root / "shop.git", "rev-parse", "main") == world.repo.tip("main")


def test_a_redirect_gets_nothing(forge: GitServer, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    with serve(forge.root, other) as thief:
        both = tmp_path / "both.pem"
        both.write_bytes(forge.ca.read_bytes() + thief.ca.read_bytes())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIT_SSL_CAINFO", str(both))
            forge.leads_to = thief.url
            with pytest.raises(Misconfigured, match="301"):
                find(forge)
    assert thief.asked == []
    assert forge.heard == []


@pytest.mark.parametrize("scope", ["https://127.0.0.1", "https://127.0.0.1:1", "https://localhost:{port}"])
def test_another_server_gets_nothing(forge: GitServer, scope: str) -> None:
    """The key of another port or name is no key here, even if git were told to use it."""
    other = host(forge, scope=scope.format(port=forge.url.rpartition(":")[2]))
    with pytest.raises(Unauthorized):
        find(forge, other)
    assert forge.heard == []


def test_the_socket_answers_for_its_server_alone(forge: GitServer) -> None:
    from halftui.workspace.host import _reply

    ours = host(forge, scope="https://git.example.org:8443")
    yes = b"protocol=https\nhost=Git.Example.org:8443\n"
    assert TOKEN.encode() in _reply(yes, ours, TOKEN)
    for other in (
        b"", b"protocol=https\nhost=git.example.org\n", b"protocol=http\nhost=git.example.org:8443\n",
        b"protocol=https\nhost=git.example.org:8443\nusername=eve\n", b"protocol=https\nhost=evil.example\n",
        b"protocol=cert\nhost=\npath=/x\n", b"protocol=https\nhost=git.example.org:8443.evil.example\n",
        b"protocol=https\nhost=git.example.org:8443@evil.example\n", b"\xff\xfe",
    ):  # fmt: skip
        assert _reply(other, ours, TOKEN) == b"\n", other


def test_an_unproven_server_gets_nothing(forge: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    with pytest.raises(Unavailable, match="certificate"):
        find(forge)
    assert forge.heard == []


def test_settings_of_others_run_nothing(
    world: World, forge: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the user's settings nor the machine's name a program that git asks, or another address."""
    home = tmp_path / "user"
    home.mkdir()
    lines = [
        f"[credential]\n\thelper = {world.canary}\n[core]\n\taskPass = {world.canary}\n",
        f'[url "https://evil.example/"]\n\tinsteadOf = {forge.url}/\n[protocol]\n\tallow = always\n',
        f'[credential "{forge.url}"]\n\thelper = {world.canary}\n',
    ]
    (home / ".gitconfig").write_text("".join(lines))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_ASKPASS", world.canary)
    monkeypatch.setenv("SSH_ASKPASS", world.canary)
    with pytest.raises(Unauthorized):
        locate(forge.repository(), "main")
    assert find(forge).branch == "main"
    assert not world.has_run


def test_it_is_seen_nowhere(world: World, forge: GitServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While git runs, no process has it among its words or in its environment; nor has a file of ours."""
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for place in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
                _note(place, seen)
            time.sleep(0.001)

    monkeypatch.setenv("GIT_TRACE_CURL", str(world.home / "trace"))
    watching = threading.Thread(target=look)
    watching.start()
    try:
        sha = world.work("b-1", {"new.txt": "new\n"})
        world.repo.land(world.merge("b-1", sha), find(forge), "main")
    finally:
        over.set()
        watching.join()
    assert any("keyhole" in text for text in seen)  # so it did look while git asked
    assert not any(TOKEN in text for text in seen)
    found = subprocess.run(
        ["grep", "-rlF", TOKEN, str(world.home)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


def _note(place: Path, seen: list[str]) -> None:
    try:
        seen.append(place.read_bytes().decode("utf-8", "replace"))
    except OSError:  # it ended
        return


def test_what_a_server_repeats_is_hidden(forge: GitServer) -> None:
    """Some put what they were sent into their words, and git prints those."""
    forge.repeats = True
    with pytest.raises(Unavailable, match=r"you sent Basic \[secret\]") as caught:
        find(forge)
    assert TOKEN not in str(caught.value)


def test_a_server_that_is_down_is_no_refusal(forge: GitServer) -> None:
    forge.is_down = True
    with pytest.raises(Unavailable) as caught:
        find(forge)
    assert not isinstance(caught.value, Unauthorized)


def test_a_credential_that_does_not_open_ends_it(forge: GitServer) -> None:
    def fail() -> str:
        raise Unavailable("a stored credential can't be opened with this key")

    with pytest.raises(Unavailable, match="can't be opened"):
        find(forge, Host(forge.scope, USER, fail))
    assert forge.asked == []


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("https://Git.Example.org/a/b.git", "https://git.example.org"),
        ("https://git.example.org:443", "https://git.example.org"),
        ("https://git.example.org:0443/x", "https://git.example.org"),
        ("HTTPS://git.example.org:8443/x", "https://git.example.org:8443"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
        ("https://bo@git.example.org/x", ""),
        ("https://git.example.org\\@evil.example/x", ""),
        ("https://git.example.org%2f@evil.example/x", ""),
        ("https://git.example.org /x", ""),
        ("http://git.example.org/x", ""),
        ("ssh://git.example.org/x", ""),
        ("/srv/https://x", ""),
        ("https://", ""),
    ],
)
def test_scopes(address: str, scope: str) -> None:
    assert scope_of(address) == scope


def test_a_scope_is_one_server() -> None:
    assert given(" https://git.example.org/ ") == "https://git.example.org"
    for bad in ("git.example.org", "https://git.example.org/team", "http://x", "", "https://a@b"):
        with pytest.raises(Misconfigured):
            given(bad)

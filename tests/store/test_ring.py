"""Keys in the system's keyring: chosen, moved there and back, and what is said where there is none.

No desktop's keyring runs where tests run. The library's own backends are asked: the one that fails, the
one that forgets, and one that keeps its secrets in a file.
"""

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keyring
import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked
from keyrings.alt.file import PlaintextKeyring

from halftui.errors import Misconfigured, Unavailable
from halftui.main.doctor import checks
from halftui.main.house import House
from halftui.main.safe import HouseSafe
from halftui.ops import subscriptions
from halftui.settings import Settings
from halftui.store.ring import Ring
from halftui.store.vault import Vault
from tests.helpers.boards import make_repository

Use = Callable[[Any], None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Return what puts a keyring in the machine's place."""
    return lambda backend: monkeypatch.setattr(keyring.core, "_keyring_backend", backend)


@pytest.fixture
def kept(tmp_path: Path, use: Use) -> PlaintextKeyring:
    """Return a keyring that keeps."""
    backend = _made(PlaintextKeyring)
    backend.file_path = str(tmp_path / "ring")
    use(backend)
    return backend


@pytest.fixture
def ring(kept: PlaintextKeyring) -> Ring:
    """Return a place in it."""
    return Ring("/ann/.config/halftui")


def _made(backend: Any) -> Any:
    return backend()


def test_it_seals_and_opens_without_a_file(tmp_path: Path, ring: Ring) -> None:
    vault = Vault(tmp_path / "key", ring)
    with vault.sealed("a", "canary") as sealed:
        assert vault.open("a", sealed) == "canary"
    assert Vault(tmp_path / "key", ring).open("a", sealed) == "canary"
    assert not (tmp_path / "key").exists()
    assert len(ring.read()) == 1
    assert "Plaintext" in vault.place
    with pytest.raises(Unavailable):
        Vault(tmp_path / "key", Ring("/bo/.config/halftui")).open("a", sealed)


def test_a_rotation_leaves_the_new_key_alone(tmp_path: Path, ring: Ring) -> None:
    vault = Vault(tmp_path / "key", ring)
    [before] = [vault.seal("a", "canary")]
    [old] = ring.read()
    with vault.rotating():
        assert len(ring.read()) == 2
        after = vault.reseal("a", before)
    assert len(ring.read()) == 1
    assert ring.read() != [old]
    assert vault.open("a", after) == "canary"
    with pytest.raises(Unavailable):
        vault.open("a", before)


def test_keys_move_into_the_keyring_and_back(tmp_path: Path, ring: Ring) -> None:
    file = tmp_path / "key"
    first = Vault(file).seal("a", "canary")
    vault = Vault(file, ring)
    assert vault.open("a", first) == "canary", "what is in the file opens still"
    assert "until: halftui secrets rotate" in vault.place
    with vault.rotating():
        second = vault.reseal("a", first)
    assert not file.exists()
    assert vault.open("a", second) == "canary"
    back = Vault(file)
    with back.rotating(ring):
        third = back.reseal("a", second)
    assert (back.open("a", third), ring.read()) == ("canary", [])
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_rotation_that_breaks_off_leaves_all_readable(tmp_path: Path, ring: Ring) -> None:
    vault = Vault(tmp_path / "key", ring)
    sealed = vault.seal("a", "canary")
    with pytest.raises(RuntimeError), vault.rotating():
        raise RuntimeError
    assert vault.open("a", sealed) == "canary"
    assert vault.open("b", vault.seal("b", "other")) == "other"


def test_a_file_that_others_may_read_is_refused_beside_a_keyring_too(tmp_path: Path, ring: Ring) -> None:
    Vault(tmp_path / "key").seal("a", "canary")
    (tmp_path / "key").chmod(0o644)
    vault = Vault(tmp_path / "key", ring)
    with pytest.raises(Misconfigured, match="others may read the key file"):
        vault.seal("b", "x")


def test_without_a_keyring_it_says_so_and_makes_no_file(tmp_path: Path, use: Use, ring: Ring) -> None:
    use(_made(fail.Keyring))
    vault = Vault(tmp_path / "key", ring)
    with pytest.raises(Misconfigured, match="no keyring that answers") as found:
        vault.seal("a", "x")
    assert "key_store=file" in found.value.hint
    with pytest.raises(Misconfigured, match="no keyring that answers"):
        print(vault.place)  # noqa: T201 - a property is asked
    assert not (tmp_path / "key").exists()


def test_a_keyring_that_forgets_is_found_out(tmp_path: Path, use: Use, ring: Ring) -> None:
    use(_made(null.Keyring))
    with pytest.raises(Misconfigured, match="does not keep what it is given"):
        Vault(tmp_path / "key", ring).seal("a", "x")


def test_a_locked_one_is_no_bug(tmp_path: Path, use: Use, ring: Ring) -> None:
    def locked(*_: object) -> None:
        raise KeyringLocked

    use(SimpleNamespace(name="a locked one", get_password=locked))
    with pytest.raises(Unavailable, match="does not open: KeyringLocked"):
        Vault(tmp_path / "key", ring).seal("a", "x")


def test_what_is_no_key_is_refused(tmp_path: Path, kept: PlaintextKeyring, ring: Ring) -> None:
    keyring.set_password("halftui", "/ann/.config/halftui", "nonsense")
    with pytest.raises(Misconfigured, match="holds no key"):
        Vault(tmp_path / "key", ring).seal("a", "x")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, ring: Ring) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "keyring":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [n for n in sys.modules if n.partition(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Misconfigured, match="library is not installed") as found:
        ring.read()
    assert "halftui[keyring]" in found.value.hint


def test_the_whole_house(tmp_path: Path, kept: PlaintextKeyring) -> None:
    env = {"HOME": str(tmp_path), "HALFTUI_USER": "ann", "PATH": "/usr/bin:/bin"}

    def house(key_store: str) -> House:
        return House(Settings(home=str(tmp_path / "home"), sandbox="local", key_store=key_store), env)

    first = house("file")
    first.init(make_repository(tmp_path / "shop"))
    with first.vault.sealed("s-1", "canary") as sealed:
        first.service.write(subscriptions.register, "work", "oauth", sealed, "s-1")
    second = house("keyring")
    said = {check.name: check for check in checks(second, tmp_path / "shop")}["keys"]
    assert said.is_ok
    assert "keyring" in said.says
    assert HouseSafe(second).rotate_secrets() == 1
    assert not (second.config / "key").exists()
    with pytest.raises(Misconfigured, match="is what is set"):
        HouseSafe(second).rotate_secrets(leaves_keyring=True)
    third = house("file")
    assert HouseSafe(third).rotate_secrets(leaves_keyring=True) == 1
    assert {c.name: c.says for c in checks(third, tmp_path / "shop")}["keys"].endswith("for its owner alone")
    for each in (first, second, third):
        each.store.close()
    assert "canary" not in (tmp_path / "ring").read_text()


def test_nobody_else_imports_the_library(tmp_path: Path) -> None:
    import subprocess

    look = (
        "import sys; from pathlib import Path; from halftui.store.vault import Vault; "
        "Vault(Path(sys.argv[1])).seal('a', 'b'); print('keyring' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", look, str(tmp_path / "key")], capture_output=True, text=True,
                         check=True)  # fmt: skip
    assert ran.stdout == "False\n"

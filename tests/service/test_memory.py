"""A home remembers what it signed: a history that was forged without the key is signed by nobody."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from halftui.errors import Refused
from halftui.ops import chain
from halftui.service import auditor
from halftui.service.keyring import Keyring
from halftui.store.memory import Memory
from halftui.store.tx import Tx
from halftui.store.vault import Vault
from tests.helpers.forging import cut, forge
from tests.helpers.stores import Clock
from tests.helpers.world import World


def _home(world: World, folder: Path) -> tuple[Keyring, Memory]:
    """Return a home of its own, with the vault that all share."""
    memory = Memory(folder, world.store)
    return Keyring(world.store, Vault(folder.parent / "key"), memory), memory


@pytest.mark.parametrize("does", [forge, partial(forge, drops_heads=False), cut])
async def test_an_open_board_signs_no_other_history(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: Callable[[Tx], None]
) -> None:
    monkeypatch.setattr(auditor, "RETRY_SECONDS", 0.02)
    (keyring, memory), begun, told = _home(world, tmp_path / "home"), asyncio.Event(), asyncio.Queue[str]()
    world.bead()
    keyring.sign_history(is_wanted=True)
    world.do(does)
    heads = world.ask(chain.heads)
    found = world.ask(chain.verify, keyring.public_of_house(), memory.recall())
    assert found.faults[-1].what in (chain.FORGED, chain.CUT)
    begun.set()
    async with asyncio.TaskGroup() as group, asyncio.timeout(60):
        signer = group.create_task(auditor.keep_signed(world.store, lambda: keyring, begun, told.put_nowait))
        assert "is not the one that was signed" in await told.get()
        assert world.ask(chain.heads) == heads
        await asyncio.to_thread(keyring.accept_history, world.boss)
        while await told.get():
            pass
        signer.cancel()
    assert world.ask(chain.another, memory.recall()) is None


def test_each_home_has_its_own_memory(world: World, tmp_path: Path, clock: Clock) -> None:
    (here, mine), (there, theirs) = _home(world, tmp_path / "here"), _home(world, tmp_path / "there")
    first = here.sign_history(is_wanted=True)
    assert there.sign_history() == 0, "nothing is due; it remembers what it saw"
    assert mine.recall() == theirs.recall() != ()
    world.bead()
    clock.now += 1
    assert here.sign_history(is_wanted=True) > first
    there.sign_history()
    assert theirs.recall() == mine.recall(), "what another home signed is remembered, too"
    world.do(forge)
    for keyring in (here, there):
        with pytest.raises(Refused, match="not the one that was signed"):
            keyring.sign_history(is_wanted=True)
    here.accept_history(world.boss)
    assert (world.events()[-1].verb, world.events()[-1].actor) == ("audit.accept", "person:ann")
    assert here.sign_history(is_wanted=True) > 0
    with pytest.raises(Refused):
        there.remember()
    there.accept_history(world.boss)
    assert there.sign_history(is_wanted=True) > 0
    assert world.ask(chain.verify, here.public_of_house(), theirs.recall()).faults == ()

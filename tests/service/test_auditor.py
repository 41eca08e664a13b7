"""An open board signs its history by itself."""

import asyncio
from pathlib import Path

import pytest

from halftui.errors import Unavailable
from halftui.ops import chain
from halftui.service import auditor
from halftui.service.auditor import log
from halftui.service.keyring import SIGN_EVENTS, Keyring
from halftui.store.memory import Memory
from halftui.store.vault import Vault
from tests.helpers.world import World


def _keyring(world: World, key: Path) -> Keyring:
    return Keyring(world.store, Vault(key), Memory(key.parent, world.store))


async def _until_signed(world: World, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await asyncio.to_thread(world.ask, chain.heads)) < count:  # noqa: ASYNC110 - as seen outside
            await asyncio.sleep(0.02)


async def test_what_happens_is_signed(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "CALM_SECONDS", 0.05)
    keyring, begun = _keyring(world, tmp_path / "key"), asyncio.Event()
    told: list[str] = []
    async with asyncio.TaskGroup() as group:
        signer = group.create_task(auditor.keep_signed(world.store, lambda: keyring, begun, told.append))
        await asyncio.sleep(0.1)
        assert world.ask(chain.heads) == []
        begun.set()
        await _until_signed(world, 1)
        for number in range(SIGN_EVENTS):
            await asyncio.to_thread(world.bead, str(number))
        await _until_signed(world, 2)
        signer.cancel()
    assert world.ask(chain.verify, keyring.public_of_house()).faults == ()
    assert set(told) == {""}


async def test_without_a_key_the_log_says_so(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "key"
    place.write_text("nonsense")
    place.chmod(0o600)
    begun = asyncio.Event()
    begun.set()
    keyring = _keyring(world, place)
    said: list[str] = []
    monkeypatch.setattr(auditor.log, "warning", lambda text, **_: said.append(text))
    await auditor.keep_signed(world.store, lambda: keyring, begun, said.append)
    assert said == ["the history is not signed any more"]


async def test_a_database_that_was_away_is_signed_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "CALM_SECONDS", 0.05)
    monkeypatch.setattr(auditor, "RETRY_SECONDS", 0.05)
    keyring, begun, asked = _keyring(world, tmp_path / "key"), asyncio.Event(), 0

    def away_at_first() -> Keyring:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise Unavailable("the database does not answer")
        return keyring

    begun.set()
    async with asyncio.TaskGroup() as group:
        signer = group.create_task(auditor.keep_signed(world.store, away_at_first, begun, log.info))
        await _until_signed(world, 1)
        signer.cancel()
    assert asked >= 3

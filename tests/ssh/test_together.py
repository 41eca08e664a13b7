"""Several people on one board: who is there, whose cursor is where, what others did, who may do what."""

import asyncio
import time

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Option, Question
from halftui.domain.names import POOL
from halftui.ops import attempts, beads, questions
from halftui.ssh.guest import REST_SECONDS, RESTING_SECONDS
from tests.helpers.ssh import GuestTerminal, Host
from tests.helpers.waiting import until


async def test_everybody_sees_who_is_there_and_where(host: Host) -> None:
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    host.bead("first card")
    second = host.bead("second card")
    async with host.terminal("ann") as ann:
        await ann.until("second card")
        assert "watching" not in ann.text
        async with host.terminal("bo") as bo:
            await bo.until("ann watching")
            await ann.until("bo watching")
            bo.send("j")
            await ann.until(f"bo · {second}")
            await bo.until("an · sh-")
            bo.send("q")
            await bo.ended()
        await ann.until_gone("watching")
        await ann.until_gone("bo · sh-")


async def test_ages_are_told_seldom_to_who_is_away_and_at_once_when_they_are_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halftui.tui.screens.board.CLOCK_SECONDS", 0.2)
    monkeypatch.setattr("halftui.ssh.guest.CLOCK_SECONDS", 0.2)
    host.admit("ann", "viewer")
    host.bead("a card")
    async with host.terminal("ann") as ann:
        await ann.until("P2 · now")
        [app] = host.server.apps[host.board.id]
        assert app.driver is not None
        now = time.time()
        app.clock = lambda: now + 300
        await ann.until("P2 · 5m")
        app.driver.stirred -= REST_SECONDS  # for so long nothing was typed
        await asyncio.sleep(0.5)
        app.clock = lambda: now + 600
        await asyncio.sleep(0.8)
        assert "P2 · 5m" in ann.text
        ann.send("k")
        await ann.until("P2 · 10m")
        app.clock = lambda: now + 900
        driver = app.driver

        def is_told() -> bool:  # now and then ages are told all the same
            driver.stirred = app.line.loop.time() - RESTING_SECONDS
            return "P2 · 15m" in ann.text

        await until(is_told)


async def test_others_are_told_what_somebody_did(host: Host) -> None:
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    bead = host.bead("a card")
    async with host.terminal("ann") as ann, host.terminal("bo") as bo:
        await ann.until("a card")
        await bo.until("a card")
        await host.run("bo", "bead", "hold", bead, "later")
        await ann.until("held by bo")
        await bo.until("1 blocked")
        await asyncio.sleep(0.3)
        assert "held by bo" not in bo.text, "nobody is told of their own doings"


async def test_who_is_answering_is_seen_and_who_answered(host: Host) -> None:
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    host.admit("cy", "viewer")
    bead = host.bead("which colour")
    host.house.service.write(beads.dispatch, bead)
    store = host.house.store
    claim = store.write(ENGINE, attempts.claim, host.board.id, 3_600.0, 4, POOL)
    assert claim is not None
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    asked = Question("question", "red or blue?", (Option("red", ""), Option("blue", "")))
    store.write(ENGINE, questions.ask, claim.attempt, asked)
    async with host.terminal("ann") as ann, host.terminal("bo") as bo, host.terminal("cy") as cy:
        for guest in (cy, ann, bo):
            await guest.until("need")
            guest.send("!")
            await guest.until("red or blue?")
        await ann.until("bo is answering")
        await bo.until("ann is answering")
        await cy.until("are answering")
        cy.send("1")
        await cy.until("you are viewer here")
        assert _key_style(cy, "t type an answer") != _key_style(ann, "t type an answer")
        bo.send("2")
        await ann.until("answered by bo")


async def test_a_viewers_keys_are_grey_and_say_why(host: Host) -> None:
    host.admit("ann", "viewer")
    host.admit("bo", "operator")
    bead = host.bead("a card")
    async with host.terminal("ann") as ann, host.terminal("bo") as bo:
        await ann.until("a card")
        await bo.until("a card")
        ann.send("n")
        await ann.until("you are viewer here")
        assert "New bead" not in ann.text
        for key in "ex+KLs":
            ann.send(key)
            await asyncio.sleep(0.05)
        ann.send("\r")
        await ann.until("Description" if "Description" in ann.text else bead)
        assert _key_style(ann, "n new") != _key_style(bo, "n new")
        assert _key_style(ann, "enter open") == _key_style(bo, "enter open")
    assert host.state(bead) == "ready"


def _key_style(guest: GuestTerminal, hint: str) -> object:
    """Return the colour of a hint's key as it was first drawn."""
    drawn = guest.bytes.decode(errors="replace")
    key, _, label = hint.partition(" ")
    at = next(
        i
        for i in range(len(drawn))
        if drawn.startswith(f"m{key}\x1b", i) and f" {label}" in drawn[i : i + 60]
    )
    return drawn[drawn.rindex("\x1b[", 0, at + 1) : at]

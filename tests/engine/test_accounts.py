"""Accounts that rest or are refused while the real CLI works: the attempt goes on with another."""

import time
from pathlib import Path
from typing import Any

import pytest

from halftui.ops import beads, listings, subscriptions, views
from tests.helpers.boards import CANARY, Scene, commits, scene, script

TOKENS = {"alpha": "sk-ant-oat01-alpha-canary", "beta": "sk-ant-oat01-beta-canary"}


def _register(at: Scene, *names: str) -> None:
    for name in names:
        ident = at.house.service.read(subscriptions.identify, name)
        sealed = at.house.vault.seal(ident, TOKENS[name])
        at.house.service.write(subscriptions.register, name, "oauth", sealed, ident)


def _shown(at: Scene) -> dict[str, Any]:
    return {s.name: s for s in at.house.service.read(listings.subscriptions)}


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


def _tokens(at: Scene) -> list[str]:
    """Return the credentials of the model's requests in order, each once in a row."""
    seen: list[str] = []
    for request in at.model.requests:
        found = request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")
        if not request.is_side and seen[-1:] != [found]:
            seen.append(found)
    return seen


@pytest.mark.parametrize("refusal", [{"fault": "limit"}, {"status": 429}, {"status": 401}], ids=str)
async def test_another_account_takes_over_between_two_turns(tmp_path: Path, refusal: dict[str, Any]) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        _register(at, "alpha", "beta")
        bead = at.add("Go on", script(commits("a.txt"), {**refusal, "times": 1, **commits("b.txt")},
                                      {"text": "Both are there."}))  # fmt: skip
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        seen = at.see(bead)
        assert [(a.outcome, a.epoch) for a in seen.attempts] == [("passed", 1)], "nobody was killed"
        assert seen.card.files == 2
        assert _tokens(at) == [TOKENS["alpha"], TOKENS["beta"]]
        alpha = _shown(at)["alpha"]
        if refusal == {"status": 401}:
            assert alpha.parked == "the provider refused its token (401)"
        else:
            assert alpha.cooling_until == pytest.approx(time.time() + 3600, abs=300)
        events = [e for e in at.house.service.read(views.events, 0) if e.verb == "attempt.switch"]
        assert [(e.subject, e.after) for e in events] == [(f"{bead}@1", {"subscription": "beta"})]


async def test_if_all_rest_the_work_waits_and_says_until_when(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        _register(at, "alpha", "beta")
        bead = at.add("Wait", script({"fault": "limit"}))
        async with at.working():
            await at.until(lambda: bool(at.see(bead).card.retry_at))
            assert sorted(_tokens(at)) == sorted(TOKENS.values()), "each was asked once, not again and again"
            seen = at.see(bead)
            assert (seen.card.state, seen.attempts[0].outcome, seen.card.failures) == ("open", "limited", 0)
            assert seen.card.retry_at == pytest.approx(time.time() + 3600, abs=300)
            assert seen.why[0].startswith("tried again in ")
            at.house.service.write(beads.hold, bead, "it would use up the next one as well")
            third = at.add("Third", script({"text": "x"}))
            assert at.see(third).why[0].startswith("no account can be used: alpha rests until ")
            ident = at.house.service.read(subscriptions.identify, "alpha")
            sealed = at.house.vault.seal(ident, TOKENS["alpha"])  # somebody pays
            at.house.service.write(subscriptions.register, "alpha", "oauth", sealed, ident)
            await at.until(lambda: _state(at, third) == "review")


@pytest.mark.parametrize("credentials", ["proxy", "env"])
async def test_exactly_one_credential_variable_is_set(tmp_path: Path, credentials: str) -> None:
    async with scene(tmp_path, runtime="claude", credentials=credentials) as at:
        _register(at, "alpha")
        # Its own environment: the CLI hides the variable from the commands that it runs.
        command = "tr '\\0' '\\n' < /proc/$PPID/environ > seen.txt"
        look = {"tool": "Bash", "input": {"command": command, "description": "look"}}
        bead = at.add("Look", script(look, {"text": "looked"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        env = (tmp_path / "home" / "beads" / bead / "work" / "seen.txt").read_text()
        assert "ANTHROPIC_API_KEY" not in env
        wanted = TOKENS["alpha"] if credentials == "env" else "sk-ant-oat01-placeholder"
        assert f"CLAUDE_CODE_OAUTH_TOKEN={wanted}\n" in env
        assert (TOKENS["alpha"] in env, CANARY in env) == (credentials == "env", False)
        assert _tokens(at) == [TOKENS["alpha"]]


async def test_what_can_not_be_opened_gives_way_to_the_platforms_key(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        _register(at, "alpha")
        (tmp_path / "config" / "key").unlink()
        at.house.vault.seal("x", "makes another key")
        bead = at.add("Go on", script({"text": "done"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        assert _tokens(at) == [CANARY]
        assert _shown(at)["alpha"].parked == "its token can't be opened with this key"

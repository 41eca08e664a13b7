"""Tokens for private repositories by the command line, in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.boards import git, make_repository
from tests.helpers.https import TOKEN, USER, serve

Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Return what runs a command line in a home of its own."""
    env = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "HALFTUI_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(Path(__file__).parents[2]), "GIT_SSL_CAINFO": str(tmp_path / "server.pem"),
        "HALFTUI_CONFIG": str(tmp_path / "config"),
    }  # fmt: skip

    def ran(*words: str, stdin: str = "") -> Ran:
        line = [sys.executable, "-m", "halftui", *words]
        return subprocess.run(
            line, env=env, input=stdin, capture_output=True, text=True, cwd=tmp_path, check=False
        )

    return ran


def test_from_the_first_refusal_to_a_board(tmp_path: Path, run: Callable[..., Ran]) -> None:
    (tmp_path / "served").mkdir()
    project = make_repository(tmp_path / "shop")
    git(project, "clone", "-q", "--bare", str(project), str(tmp_path / "served/shop.git"))
    with serve(tmp_path / "served", tmp_path) as server:
        refused = run("init", server.repository())
        assert refused.returncode == 7
        assert "wants a token" in refused.stderr
        assert f"hint: halftui secrets set {server.scope}" in refused.stderr
        assert server.scope in run("secrets", "list", "-o", "json").stdout
        kept = run("secrets", "set", server.scope + "/", "--username", USER, stdin=f"{TOKEN}\n")
        assert kept.returncode == 0, kept.stderr
        made = run("init", server.repository(), "--sandbox", "local")
        assert made.returncode == 0, made.stderr
        assert "the board shop is made" in made.stdout
        healthy = run("doctor").stdout
        assert "lets git in" in healthy
        server.token = "another-token-from-today-on"
        ill = run("doctor").stdout
        assert "refuses the token" in ill
        assert f"halftui secrets set {server.scope}" in ill
        assert "refuses the token" in run("secrets", "list").stdout
        again = run("secrets", "set", server.scope, stdin=server.token)  # the name stays
        assert again.returncode == 0, again.stderr
        assert '"username": "bo"' in run("secrets", "list", "-o", "json").stdout
        assert "lets git in" in run("doctor").stdout
    listed = run("event", "list", "-o", "json").stdout + run("secrets", "list", "-o", "wide").stdout
    assert TOKEN not in listed + refused.stderr + kept.stdout + ill
    assert run("secrets", "remove", server.scope).returncode == 0
    assert run("secrets", "remove", server.scope).returncode == 5


@pytest.mark.parametrize(
    "address", ["git.example.org", "https://git.example.org/team", "ssh://x", "https://a@b"]
)
def test_a_token_is_for_one_server(run: Callable[..., Ran], address: str) -> None:
    answer = run("secrets", "set", address, stdin=TOKEN)
    assert answer.returncode == 2
    assert "as in https://git.example.org" in answer.stderr

"""Where agents run when no engine answers, and what is said about it."""

from pathlib import Path

import pytest

from halftui.errors import Misconfigured, Unavailable
from halftui.sandbox.choose import choose


def test_without_an_engine_agents_run_unconfined_and_that_is_said(tmp_path: Path) -> None:
    choice = choose("auto", tmp_path, f"unix://{tmp_path}/none")
    assert choice.sandbox.kind == "local"
    assert "unconfined" in choice.reason
    assert "no Docker engine answers" in choice.reason


def test_local_on_demand_asks_no_engine(tmp_path: Path) -> None:
    choice = choose("local", tmp_path, "tcp://never:1")
    assert "unconfined" in choice.reason


def test_docker_on_demand_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no Docker engine answers"):
        choose("docker", tmp_path, f"unix://{tmp_path}/none")


def test_an_engine_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        choose("auto", tmp_path, "tcp://never:1")

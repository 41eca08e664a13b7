"""A board's own recipe for its agents' image: built on a person's word, and never from the repository."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.errors import Unavailable
from halftui.main.doors import _image_build, _image_list
from halftui.ops import boards, transcripts, views
from halftui.sandbox import image
from halftui.sandbox.docker import engine, socket_of
from tests.helpers.boards import git, scene

RECIPE = "RUN echo tools-of-the-shop > /etc/recipe"
HOSTILE = "FROM debian:bookworm-slim\nRUN echo canary > /etc/canary\n"


@pytest.fixture
def without(docker_host: str, agent_image: str) -> Iterator[str]:
    """Give an engine that has the usual image and, before and after, not the one of the recipe."""
    _remove(docker_host)
    yield docker_host
    _remove(docker_host)


def _remove(host: str) -> None:
    with engine(socket_of(host)) as api:
        if image.is_built(host, RECIPE):
            api.remove_image(image.tag(RECIPE), force=True)


async def test_agents_run_in_the_boards_own_image(tmp_path: Path, without: str) -> None:
    async with scene(tmp_path, "shell", "docker", docker_host=without, permissions="auto") as at:
        for name in ("Dockerfile", ".devcontainer/Dockerfile", ".halftui/Dockerfile"):
            (at.repository / name).parent.mkdir(exist_ok=True)
            (at.repository / name).write_text(HOSTILE)
        git(at.repository, "add", "-A")
        git(at.repository, "commit", "-q", "-m", "Bring a Dockerfile")
        command = "cat /etc/recipe /etc/canary; id -u > who; git add -A; git commit -qm who"
        at.house.service.write(boards.edit, at.board.id, recipe=RECIPE, command=command)
        board = at.house.service.read(views.board, at.board.id)
        with pytest.raises(Unavailable, match="not built"):
            await at.house.sandbox(board)
        told: list[str] = []
        names = _image_build(at.house.settings, told.append)
        assert names == [image.tag(), image.tag(RECIPE)]
        assert not [line for line in told if "canary" in line]
        listed = {row.name: row.boards for row in _image_list(at.house.settings)}
        assert listed[image.tag(RECIPE)] == (board.name,)
        bead = at.add("Look around")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        attempt = at.see(bead).attempts[0].id
        said = [text for *_, text in at.house.service.read(transcripts.read, attempt).entries]
        assert "tools-of-the-shop" in said
        assert "canary" not in said
        at.house.review(board.id).accept(bead)
        assert (at.repository / "who").read_text() == "1000\n"

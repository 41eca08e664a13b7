"""A board's own recipe for its agents' image: what can stand below the usual one, and nothing else."""

import pytest

from halftui.errors import Misconfigured
from halftui.ops import boards, specs, views
from halftui.sandbox import image
from tests.helpers.world import World


@pytest.mark.parametrize(
    "recipe",
    ["RUN true", "# why\n\nENV A=b\nRUN \\\n  true", "COPY --from=golang:1 /go /go", ""],
)
def test_a_recipe_goes_on_from_the_usual_image(world: World, recipe: str) -> None:
    world.do(boards.edit, world.board, recipe=recipe)
    assert world.ask(views.board, world.board).recipe == recipe
    assert world.ask(specs.spec, "board", world.board, world.board)["recipe"] == recipe
    assert (image.tag(recipe) == image.tag()) == (not recipe)


@pytest.mark.parametrize(
    "recipe",
    ["FROM scratch", "RUN true\n  from scratch\nRUN true", "apt-get update", "run true", "RUN", "\nCMD sh",
     "RUN " + "x" * boards.LONGEST_RECIPE],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(world: World, recipe: str) -> None:
    with pytest.raises(Misconfigured):
        world.do(boards.edit, world.board, recipe=recipe)
    assert world.ask(views.board, world.board).recipe == ""

"""A board's settings, and its own recipe for its agents' image: what can stand below the usual one."""

from typing import Any

import pytest

from halftui.errors import Misconfigured
from halftui.ops import boards, specs, subscriptions, views
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
     "RUN " + "x" * boards.LONGEST],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(world: World, recipe: str) -> None:
    with pytest.raises(Misconfigured):
        world.do(boards.edit, world.board, recipe=recipe)
    assert world.ask(views.board, world.board).recipe == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", "-p"), ("model", "a b"), ("model", 7), ("command", ["ls"]), ("checks", 1),
        ("checks", "x" * (boards.LONGEST + 1)), ("cap", True), ("cap", "4"), ("mode", None), ("egress", 5),
        ("profile", {}), ("prefix", 1), ("branch", "-x"), ("recipe", 3), ("merge", ""), ("batch", 10**30),
    ],
)  # fmt: skip
def test_a_bad_setting_is_told_by_its_name(world: World, key: str, value: Any) -> None:
    with pytest.raises(Misconfigured, match=key) as found:
        world.do(boards.edit, world.board, None, **{key: value})
    assert found.value.hint
    assert len(found.value.message) < 200


@pytest.mark.parametrize("address", ["example.org", "file:///x", "https://", "https://h:99999999", "-x"])
def test_an_account_has_a_web_address(world: World, address: str) -> None:
    with pytest.raises(Misconfigured, match="is no address of a provider"):
        world.do(subscriptions.register, "work", "api-key", "sealed", "s-1", address)

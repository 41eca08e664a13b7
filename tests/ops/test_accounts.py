"""Subscriptions: registered by name, chosen by fewest attempts, resting and parked; and boards."""

import pytest

from halftui.errors import Misconfigured, NotFound, Refused, Unavailable
from halftui.ops import accounts, boards, listings, subscriptions, views
from tests.helpers.stores import Clock
from tests.helpers.world import World


def _register(world: World, name: str, kind: str = "oauth") -> str:
    ident = world.ask(subscriptions.identify, name)
    world.do(subscriptions.register, name, kind, "sealed", ident)
    return ident


def test_a_name_keeps_its_row(world: World) -> None:
    first = _register(world, "work")
    assert _register(world, "work", "api-key") == first
    (shown,) = world.ask(listings.subscriptions)
    assert (shown.name, shown.kind, shown.has_token, shown.live) == ("work", "api-key", True, 0)
    assert "sealed" not in repr(shown)


def test_what_can_not_be_registered(world: World) -> None:
    with pytest.raises(Misconfigured, match="of kind free"):
        world.do(subscriptions.register, "work", "free", "sealed", "s-1")
    with pytest.raises(Misconfigured, match="needs a name"):
        world.do(subscriptions.register, " ", "oauth", "sealed", "s-1")
    with pytest.raises(NotFound, match="there is no subscription none"):
        world.do(subscriptions.remove, "none")


def test_the_choice(world: World, clock: Clock) -> None:
    assert world.ask(accounts.choose) is None
    beta, alpha = _register(world, "beta"), _register(world, "alpha")
    assert world.ask(accounts.choose) == alpha  # ties by name
    claim = world.taken(world.bead())
    world.do(lambda tx: tx.change("UPDATE attempt SET subscription_id = :s", s=alpha))
    assert world.ask(accounts.choose) == beta
    world.end(claim)
    assert world.ask(accounts.choose) == alpha
    world.engine(subscriptions.cool, alpha, clock.now + 60)
    assert world.ask(accounts.choose) == beta
    world.engine(subscriptions.park, beta, "401")
    with pytest.raises(Unavailable, match=r"alpha rests until .* UTC; beta is parked \(401\)") as found:
        world.ask(accounts.choose)
    assert found.value.until is not None
    assert found.value.until.timestamp() == clock.now + 60
    clock.now += 60
    assert world.ask(accounts.choose) == alpha


def test_a_rest_is_never_shortened_and_parked_once(world: World, clock: Clock) -> None:
    ident = _register(world, "work")
    world.engine(subscriptions.cool, ident, clock.now + 600)
    world.engine(subscriptions.cool, ident, clock.now + 60)
    world.engine(subscriptions.park, ident, "401")
    before = world.seq()
    world.engine(subscriptions.park, ident, "401 again")
    (shown,) = world.ask(listings.subscriptions)
    assert (shown.cooling_until, shown.parked) == (clock.now + 600, "401")
    assert world.seq() == before  # one alert
    _register(world, "work")
    (shown,) = world.ask(listings.subscriptions)
    assert (shown.cooling_until, shown.parked) == (None, "")


def test_removing_clears_assignments(world: World) -> None:
    ident = _register(world, "work")
    claim = world.taken(world.bead())
    world.do(lambda tx: tx.change("UPDATE attempt SET subscription_id = :s", s=ident))
    world.do(lambda tx: tx.change("UPDATE agent SET subscription_id = :s", s=ident))
    world.do(subscriptions.remove, "work")
    assert world.ask(listings.subscriptions) == ()
    world.end(claim)


BAD = [
    {"cap": -1}, {"cap": 1001}, {"cap": "4"}, {"cap": True}, {"mode": "sometimes"}, {"review": "nobody"},
    {"runtime": "emacs"}, {"sandbox": "vm"}, {"prefix": ""}, {"prefix": "../x"}, {"prefix": "Half"},
    {"prefix": "averylongprefix"}, {"prefix": "1x"}, {"branch": ""}, {"branch": "-x"}, {"branch": "a b"},
    {"branch": "a..b"}, {"branch": "a\x1bb"}, {"branch": "/a"}, {"branch": "a/"}, {"branch": "a.lock"},
    {"branch": "a@{1}"}, {"name": "x"}, {"repository": "/"}, {"version": 3},
]  # fmt: skip


@pytest.mark.parametrize("settings", BAD, ids=map(str, BAD))
def test_bad_settings_of_a_board(world: World, settings: dict[str, str | int]) -> None:
    rows = world.dump()
    if "version" not in settings:
        with pytest.raises(Misconfigured) as found:
            world.do(boards.edit, world.board, None, **settings)
        assert found.value.hint
    if not {"branch", "name", "repository"} & set(settings):
        with pytest.raises(Misconfigured):
            world.do(boards.create, "New", "/srv/new", "main", **settings)
    assert world.dump() == rows


@pytest.mark.parametrize("branch", ["main", "release/1.x", "v2", "a-b_c", "straße"])
def test_good_branches(world: World, branch: str) -> None:
    world.do(boards.edit, world.board, branch=branch)
    assert world.ask(views.board, world.board).branch == branch


def test_a_repository_and_a_name_have_one_board(world: World) -> None:
    with pytest.raises(Refused, match="has the board Half already"):
        world.do(boards.create, "Another", "/srv/half", "main")
    for name in ("Half", "half", "HALF!"):
        with pytest.raises(Refused, match="choose another"):
            world.do(boards.create, name, "/srv/new", "main")
    with pytest.raises(NotFound, match="there is no board none"):
        world.ask(views.board, "none")
    assert world.ask(views.board, "Half") == world.ask(views.board, "half")

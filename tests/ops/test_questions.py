"""Questions: asked once, answered once, and never mixed up between attempts."""

import pytest

from halftui.domain.happenings import Option, Question
from halftui.errors import Misconfigured, NotFound, Refused
from halftui.ops import listings, questions, views
from halftui.ops.attempts import Claim
from tests.helpers.world import World


def _working(world: World) -> Claim:
    return world.started(world.taken(world.bead()))


def _status(world: World) -> str:
    return world.ask(views.agents, world.board)[0].status


def test_asking_and_answering(world: World) -> None:
    claim = _working(world)
    asked = Question(
        "question", "which\x1b[2J one?", (Option("a", "first"), Option("b")), "Ask\x07", "d\u202e"
    )
    ident = world.engine(questions.ask, claim.attempt, asked)
    assert _status(world) == "asking"
    (shown,) = world.ask(views.asks, world.board)
    assert (shown.text, shown.options) == ("which one?", (("a", "first"), ("b", "")))
    assert (shown.tool, shown.detail) == ("Ask\u2407", "d\u2423")
    world.do(questions.answer, ident, "a")
    assert _status(world) == "working"
    assert world.ask(views.asks, world.board) == ()
    with pytest.raises(Refused, match="answered by person:ann"):
        world.do(questions.answer, ident, "b")


def test_a_repeated_request_is_one_question(world: World) -> None:
    claim = _working(world)
    assert world.asked(claim, request="r1") == world.asked(claim, request="r1")
    assert world.asked(claim, request="r2") != world.asked(claim, request="r1")
    assert world.asked(claim) != world.asked(claim)
    assert len(world.ask(views.asks, world.board)) == 4


def test_an_attempt_has_so_many_questions_open(world: World) -> None:
    one, two = _working(world), _working(world)
    idents = [world.asked(one, request=str(number)) for number in range(questions.MOST_OPEN)]
    with pytest.raises(Refused, match="are open"):
        world.asked(one)
    assert world.asked(one, request="0") == idents[0], "it was asked before"
    assert world.asked(two)
    world.do(questions.answer, idents[0], "x")
    assert world.asked(one)


@pytest.mark.parametrize("odd", ["\ud800", "\0", "x" * 10**6, "\U0010ffff\u202e"])
def test_what_is_asked_may_be_odd_and_long(world: World, odd: str) -> None:
    claim = _working(world)
    asked = Question("question", f"?{odd}", (Option(odd, odd),), odd, odd, request=odd)
    assert world.engine(questions.ask, claim.attempt, asked) == world.engine(
        questions.ask, claim.attempt, asked
    )
    assert world.ask(questions.given, claim.attempt, asked) == (True, None)
    (shown,) = world.ask(views.asks, world.board)
    assert max(map(len, shown.options[0])) <= questions.LONGEST_OPTION


def test_an_agent_can_not_take_over_anothers_question(world: World) -> None:
    one, two = _working(world), _working(world)
    first, second = world.asked(one, request="r1"), world.asked(two, request="r1")
    assert first != second
    world.do(questions.answer, first, "yes", is_allowed=True)
    assert [a.id for a in world.ask(views.asks, world.board)] == [second]
    assert world.asked(two, request=first) not in (first, second)


def test_an_attempt_works_again_after_its_last_answer(world: World) -> None:
    claim = _working(world)
    first, second = world.asked(claim), world.asked(claim)
    world.do(questions.answer, second, "x")
    assert _status(world) == "asking"
    world.do(questions.answer, first, "x")
    assert _status(world) == "working"


def test_the_longest_detail_is_kept_within_a_limit(world: World) -> None:
    claim = _working(world)
    asked = Question("permission", "t" * 100_000, detail="d" * 100_000, request="r" * 100_000)
    ident = world.engine(questions.ask, claim.attempt, asked)
    (shown,) = world.ask(views.asks, world.board)
    assert (len(shown.text), len(shown.detail), len(ident)) == (questions.LONGEST, questions.LONGEST, 36)


def test_other_kinds_are_not_asked(world: World) -> None:
    claim = _working(world)
    with pytest.raises(Misconfigured, match="can't ask a riddle"):
        world.engine(questions.ask, claim.attempt, Question("riddle", "?"))


def test_missing_things_are_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.do(questions.answer, "none", "x")
    with pytest.raises(NotFound):
        world.engine(questions.ask, "none@1", Question("question", "?"))


def test_finding_a_question_by_its_beginning(world: World) -> None:
    claim = _working(world)
    ident = world.asked(claim)
    assert world.ask(listings.ask_of, ident[:6], world.board) == ident
    with pytest.raises(NotFound):
        world.ask(listings.ask_of, "", world.board)
    for _ in range(20):
        world.asked(claim)
    shared = {a.id[0] for a in world.ask(views.asks, world.board)}
    doubled = next(c for c in shared if sum(a.id[0] == c for a in world.ask(views.asks, world.board)) > 1)
    with pytest.raises(Refused, match="could be"):
        world.ask(listings.ask_of, doubled, world.board)
    world.do(questions.answer, ident, "x")
    with pytest.raises(Refused, match="answered by person:ann"):
        world.ask(listings.ask_of, ident, world.board)

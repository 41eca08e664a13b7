"""When a quiet agent is warned of, told of and stopped."""

import pytest

from halftui.domain.vigil import Patience, Stage, sentence, stage

USUAL = Patience()
NEVER = Patience(0, 0, 0)


@pytest.mark.parametrize(
    ("minutes", "reached"),
    [(0, 0), (14.99, 0), (15, 1), (59.9, 1), (60, 2), (119.9, 2), (120, 3), (9_999, 3)],
)
def test_the_stages(minutes: float, reached: int) -> None:
    assert stage(minutes * 60, USUAL) == reached
    assert stage(minutes * 60, NEVER) is Stage.CALM


def test_a_time_of_0_leaves_its_stage_out() -> None:
    assert stage(16 * 60, Patience(0, 60, 120)) is Stage.CALM
    assert stage(200 * 60, Patience(15, 0, 0)) is Stage.WARNED


def test_the_words() -> None:
    assert sentence(15 * 60) == "no tool used for 15 min"
    assert sentence(2 * 3600) == "no tool used for 2 h"
    assert sentence(90 * 60, uses_tools=False) == "nothing printed for 90 min"

from __future__ import annotations

from dataclasses import replace

from tiny_router import TINY

from pointsman.guard import Guard
from pointsman.ladder import Ladder
from pointsman.manifest import GuardSettings

GUARDED = replace(TINY, guard=GuardSettings(0.5, "large"))


def test_prompts_that_cannot_be_judged_go_where_the_guard_says_else_to_the_best_single_model():
    assert Ladder.of(replace(TINY, guard=None)).default == 1
    assert Ladder.of(GUARDED).default == 2
    assert Ladder.of(GUARDED).anchor == 1


def test_a_default_of_the_settings_goes_before_the_guards():
    ladder = Ladder.of(GUARDED, "small")
    assert (ladder.default, ladder.guard) == (0, Guard(0.5, 0))
    assert Ladder.of(replace(TINY, guard=None), "small").guard is None


def test_a_default_that_may_not_answer_is_stood_in_for_by_the_best_mean_score():
    ladder = Ladder.of(GUARDED)
    allowed = ladder.allowed({"small", "mid"})
    assert allowed == [True, True, False]
    assert ladder.default_among(allowed) == 1
    assert ladder.default_of({"small", "mid"}) == "mid"
    assert ladder.guard_among(allowed) == Guard(0.5, 1)
    assert ladder.guard_among([True, True, True]) is ladder.guard


def test_costs_are_shares_of_the_dearest_models():
    ladder = Ladder.of(TINY)
    assert (ladder.costs, ladder.relative) == ((1.0, 2.0, 4.0), (0.25, 0.5, 1.0))

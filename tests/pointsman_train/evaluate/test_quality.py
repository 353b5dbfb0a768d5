from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.baselines import constant, oracle
from pointsman_train.evaluate.quality import dearest_share_max, quality, regret
from pointsman_train.evaluate.ratio import estimate_ratios
from pointsman_train.evaluate.router import Choice, Router
from pointsman_train.evaluate.sweep import route

TWICE = np.ones((2, 6), dtype=np.float32)


def test_quality_and_cost_of_the_hand_made_case(hand, hand_router):
    figures = estimate_ratios(quality(hand, hand_router.default), TWICE)

    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(
        {
            "quality": 4 / 6,
            "success_rate": 4 / 6,
            "cost_usd": 12 / 6,
            "quality_gain": 0.0,
            "cost_saving": 1 - 2 / 4,
            "quality_share": 1.0,
            "dearest_cost_share": 2 / 4,
            "pgr": 1.0,
            "dearest_share": 1 / 6,
        },
        abs=1e-12,
    )


def test_regret_is_against_the_best_choice_in_hindsight(hand, hand_router):
    figure = estimate_ratios({"regret": regret(hand, hand_router)}, TWICE)["regret"]

    # At lambda 0.5 the costs weigh 1/8, 1/4, 1/2. Prompt 2 loses 0.5 + 0.25, prompt 4 loses 0.875 - 0.5.
    assert figure.value == pytest.approx((0.75 + 0.375) / 6)


def test_who_knows_every_outcome_has_no_regret_and_nobody_has_less(hand):
    known = route(hand, hand.score, np.array([0.0]), default_lambda=0.5)
    others = [constant(hand, rung, 0.5) for rung in range(3)] + [oracle(hand, 0.5)]
    figures = [estimate_ratios({"r": regret(hand, router)}, TWICE)["r"].value for router in (known, *others)]

    assert figures[0] == pytest.approx(0.0, abs=1e-12)
    assert min(figures) >= -1e-12


def test_collapse_is_the_largest_share_of_the_dearest_model_over_the_sweep(hand, once):
    sweep = tuple(Choice(np.array(choice)) for choice in ([0] * 6, [2, 2, 2, 0, 0, 1], [2, 1, 1, 1, 1, 1]))

    assert dearest_share_max(hand, Router(sweep, sweep[0], 0.1), once) == pytest.approx(0.5)

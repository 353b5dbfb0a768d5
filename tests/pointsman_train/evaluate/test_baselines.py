from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate.baselines import baselines, oracle, random_mix, source_oracle
from pointsman_train.evaluate.sweep import lambda_grid


def test_the_constants_send_everything_to_one_rung(hand):
    made = baselines(replace(hand, train_mean_score=np.array([0.1, 0.9, 0.5])), np.array([0.0]), 0.2)

    assert list(made) == ["cheapest", "dearest", "best_single", "random_mix", "source_oracle", "oracle"]
    assert [made[name].default.choice.tolist() for name in ("cheapest", "dearest", "best_single")] == [
        [0] * 6,
        [2] * 6,
        [1] * 6,
    ]
    assert {router.default_lambda for router in made.values()} == {0.2}


def test_the_oracle_takes_the_cheapest_that_succeeds_and_the_cheapest_of_all_where_none_does(hand):
    assert oracle(hand, 0.1).default.choice.tolist() == [0, 1, 2, 0, 0, 1]


def test_the_random_mix_walks_the_single_models_hull(hand):
    mix = random_mix(hand, 0.1)
    cost = mix.along(hand.cost_usd)[0]
    score = mix.along(hand.score).mean(axis=0)

    assert (cost[0], cost[-1]) == (1.0, 4.0)
    np.testing.assert_allclose(score, np.interp(cost, [1, 2, 4], [1 / 3, 1 / 2, 2 / 3]))
    for point in mix.sweep:
        assert point.share.sum() == pytest.approx(1.0)
    # Half-way between 1 and 4 dollars: a quarter of the way from the medium to the large model.
    np.testing.assert_allclose(mix.default.share, [0, 0.75, 0.25])


def test_the_random_mix_stops_half_way_to_the_best_single_model_and_not_to_the_dearest(hand):
    medium_best = replace(hand, train_mean_score=np.array([0.1, 0.9, 0.5]))

    np.testing.assert_allclose(random_mix(medium_best, 0.1).default.share, [0.5, 0.5, 0])


def test_the_random_mix_leaves_out_models_below_the_hull(hand):
    worse = replace(
        hand,
        score=hand.score[:, [1, 0, 2]],
        success=hand.success[:, [1, 0, 2]],
        label=np.array([0, 0, 2, 3, 1, 0]),
    )

    assert all(point.share[1] == 0 for point in random_mix(worse, 0.1).sweep)


def test_the_source_oracle_knows_each_sources_success_rates_and_nothing_else(hand):
    router = source_oracle(hand, lambda_grid(hand.train_mean_cost), default_lambda=0.0)

    np.testing.assert_allclose(router.p_success[0], [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(router.p_success[3], [1 / 3, 1 / 3, 1 / 3])
    # Source a goes to the large model, source b ties and goes to the cheapest.
    assert router.default.choice.tolist() == [2, 2, 2, 0, 0, 0]

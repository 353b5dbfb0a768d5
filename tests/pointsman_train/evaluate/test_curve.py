from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate import curve as curves
from pointsman_train.evaluate.baselines import baselines, constant, oracle, random_mix
from pointsman_train.evaluate.router import Choice, Router
from pointsman_train.evaluate.sweep import lambda_grid, route


def test_aiq_is_the_mean_height_of_the_anchored_hull(hand, hand_router, once):
    points, against = curves.curve(hand, hand_router, once), curves.frame(hand, once)

    # The router's point is (2, 2/3). With always-cheapest at (1, 1/3): 1/2 * 1 + 2/3 * 2, over 3.
    assert (points.cost.tolist(), points.score.tolist()) == ([[2.0]], [[pytest.approx(2 / 3)]])
    assert curves.aiq(points, against) == pytest.approx(11 / 18)
    # Singles (1, 1/3), (2, 1/2), (4, 2/3): 5/12 * 1 + 7/12 * 2, over 3.
    assert curves.aiq(against.singles, against) == pytest.approx(19 / 36)
    # Oracle (11/6, 5/6): 7/12 * 5/6 + 5/6 * 13/6, over 3.
    assert curves.aiq(against.oracle, against) == pytest.approx(55 / 72)


def test_hull_gain_is_the_part_of_the_way_from_mixing_to_the_oracle(hand, hand_router, once):
    points, against = curves.curve(hand, hand_router, once), curves.frame(hand, once)

    assert curves.hull_gain(points, against) == pytest.approx(6 / 17)


def test_savings_are_read_off_the_hull(hand, hand_router, once):
    points, against = curves.curve(hand, hand_router, once), curves.frame(hand, once)

    # The hull rises by 1/3 a dollar from (1, 1/3); best single is (4, 2/3).
    assert curves.cost_saved_at(points, against, 0.95) == pytest.approx(1 - 1.95 / 4)
    assert curves.cost_saved_at(points, against, 0.90) == pytest.approx(1 - 1.90 / 4)
    assert curves.cost_saved_at(points, against, 0.80) == pytest.approx(1 - 1.80 / 4)


def test_savings_that_the_hull_never_reaches_are_undefined(hand, once):
    cheapest = curves.curve(hand, constant(hand, 0, 0.1), once)

    assert np.isnan(curves.cost_saved_at(cheapest, curves.frame(hand, once), 0.8)).all()


def test_the_best_single_model_is_matched_by_points_and_not_by_the_hull(hand, once):
    # The points are (2, 2/3), (2.5, 5/6) and (1.5, 1/2).
    choices = ([0, 1, 1, 0, 2, 1], [2, 1, 2, 0, 0, 2], [0, 1, 0, 0, 0, 0])
    sweep = tuple(Choice(np.array(choice)) for choice in choices)
    points = curves.curve(hand, Router(sweep, sweep[0], 0.1), once)
    against = curves.frame(hand, once)

    assert curves.cost_save_at_best_single(points, against) == pytest.approx(0.5)
    assert curves.performance_gain_at_best_single(points, against) == pytest.approx(points.score.max() - 2 / 3)


def test_no_point_as_good_or_as_cheap_as_the_best_single_is_undefined(hand, once):
    against = curves.frame(replace(hand, train_mean_score=np.array([0.1, 0.9, 0.2])), once)
    cheapest, dearest = (curves.curve(hand, constant(hand, rung, 0.1), once) for rung in (0, 2))

    assert np.isnan(curves.cost_save_at_best_single(cheapest, against)).all()
    assert np.isnan(curves.performance_gain_at_best_single(dearest, against)).all()


def test_the_oracle_gap_is_at_equal_cost(hand, hand_router, once):
    against = curves.frame(hand, once)
    flat = curves.curve(hand, hand_router, once)
    rising = curves.Curve(np.array([[1.5]]), np.array([[0.5]]))

    assert curves.oracle_gap(flat, against) == pytest.approx(5 / 6 - 2 / 3)
    # The oracle's hull rises from (1, 1/3) to (11/6, 5/6), by 0.6 a dollar.
    assert curves.oracle_gap(rising, against) == pytest.approx(1 / 3 + 0.3 - 0.5)


def test_a_ladder_without_a_range_of_cost_has_no_aiq(hand, hand_router, once):
    flat = replace(hand, cost_usd=np.ones((6, 3)))
    against = curves.frame(flat, once)

    assert np.isnan(curves.aiq(curves.curve(flat, hand_router, once), against)).all()


def test_nothing_to_gain_over_mixing_is_an_undefined_hull_gain(hand, once):
    alike = replace(hand, score=np.ones((6, 3)), success=np.ones((6, 3), dtype=bool), label=np.zeros(6, dtype=int))
    against = curves.frame(alike, once)

    assert np.isnan(curves.hull_gain(against.singles, against)).all()


@pytest.mark.parametrize("n_models", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_random_mixing_gains_nothing_and_the_oracle_everything(make, few_weights, n_models, seed):
    testset, _ = make(n_models=n_models, seed=seed)
    weights = few_weights(testset)
    against = curves.frame(testset, weights)

    gain = curves.hull_gain(curves.curve(testset, oracle(testset, 0.1), weights), against)
    np.testing.assert_allclose(gain, 1.0, atol=1e-9)
    mixing = curves.hull_gain(curves.curve(testset, random_mix(testset, 0.1), weights), against)
    assert mixing[0] == pytest.approx(0.0, abs=1e-9)
    # Its vertices are those of the test set, so under resampling it can only fall behind.
    assert (mixing[1:] <= 1e-9).all()


def test_aiq_of_the_zero_router_is_that_of_the_single_models_hull(make, once):
    testset, _ = make(n_prompts=6, n_models=4)
    against = curves.frame(testset, once)
    points = curves.curve(testset, random_mix(testset, 0.1), once)

    assert curves.aiq(points, against) == pytest.approx(curves.aiq(against.singles, against)[0])


@pytest.mark.parametrize("seed", range(5))
def test_the_oracle_is_as_good_as_any_router_can_be(make, seed):
    testset, p_success = make(seed=seed)
    once = np.ones((1, len(testset)), dtype=np.float32)
    lambdas = lambda_grid(testset.train_mean_cost)
    routers = [route(testset, p_success, lambdas, 0.1), *baselines(testset, lambdas, 0.1).values()]
    best = curves.frame(testset, once).oracle.score[0, 0]

    for router in routers:
        assert curves.curve(testset, router, once).score.max() <= best + 1e-12

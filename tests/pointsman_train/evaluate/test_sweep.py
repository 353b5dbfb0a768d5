from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import Rule
from pointsman.guard import Guard
from pointsman_train.evaluate.router import Blend, Choice, Router
from pointsman_train.evaluate.sweep import half_cost_point, lambda_grid, route, serve, sweep_of


def test_the_grid_is_fixed_for_ladders_with_a_clear_step_in_cost():
    grid = lambda_grid(np.array([1.0, 2.0, 4.0]))

    assert len(grid) == 120
    assert grid[0] == 0
    assert grid[1] == pytest.approx(1e-3)
    assert grid[-2] == pytest.approx(10)
    assert (np.diff(grid) > 0).all()


@given(step=st.floats(1e-6, 10), dear=st.floats(1, 100), seed=st.integers(0, 50))
def test_the_ends_of_the_grid_are_always_the_likeliest_and_always_the_cheapest(hand, step, dear, seed):
    cost = np.array([1.0, 1.0 + step, 1.0 + step + dear])
    testset = _with_cost(hand, cost)
    p_success = np.random.default_rng(seed).random((6, 3))
    router = route(testset, p_success, lambda_grid(cost), default_lambda=0.1)

    assert router.sweep[0].choice.tolist() == p_success.argmax(axis=1).tolist()
    assert router.sweep[-1].choice.tolist() == [0] * 6


def test_equally_dear_models_have_a_grid_too():
    assert np.isfinite(lambda_grid(np.array([2.0, 2.0]))).all()


def test_routing_follows_the_utility_rule_with_its_margin(hand):
    p_success = np.tile([0.5, 0.7, 0.8], (6, 1))
    router = route(hand, p_success, np.array([0.0, 0.5]), default_lambda=0.5)

    assert router.sweep[0].choice.tolist() == [2] * 6
    # Utilities at 0.5: 0.375, 0.45, 0.3.
    assert router.default.choice.tolist() == [1] * 6
    np.testing.assert_allclose(router.default.margin, 0.075)


def test_the_half_cost_point_costs_exactly_half_way_from_cheapest_to_best_single(hand):
    sweep = tuple(Choice(np.full(6, rung)) for rung in (2, 1, 0))

    half = half_cost_point(hand, Router(sweep, sweep[0], 0.1))

    # Half-way between 1 and 4 dollars is 2.5; the medium model costs 2, the dearest 4.
    assert half.take(hand.cost_usd).tolist() == [2.5] * 6
    assert half.take(np.tile([0.0, 1.0, 0.0], (6, 1))).tolist() == [0.75] * 6


def test_half_way_is_to_the_best_single_model_and_not_to_the_dearest(hand):
    medium_best = replace(hand, train_mean_score=np.array([0.1, 0.9, 0.5]))
    sweep = tuple(Choice(np.array(choice)) for choice in ([1] * 6, [0, 0, 0, 1, 1, 1], [0] * 6))

    half = half_cost_point(medium_best, Router(sweep, sweep[0], 0.1))

    assert half.take(hand.cost_usd).tolist() == sweep[1].take(hand.cost_usd).tolist()


def test_the_margin_at_half_cost_is_that_of_the_point_which_decides_more_prompts(hand):
    sweep = tuple(Choice(np.full(6, rung), np.full(6, 0.1 * rung)) for rung in (2, 1, 0))

    np.testing.assert_allclose(half_cost_point(hand, Router(sweep, sweep[0], 0.1)).margin, 0.1)


def test_a_sweep_that_does_not_reach_half_cost_is_read_at_its_nearest_point(hand):
    sweep = tuple(Choice(np.array(choice)) for choice in ([0, 0, 0, 0, 1, 1], [0] * 6))

    assert half_cost_point(hand, Router(sweep, sweep[0], 0.1)) is sweep[0]
    assert half_cost_point(hand, Router(sweep[1:], sweep[1], 0.1)) is sweep[1]


def test_a_blend_has_the_expected_values_of_its_mix(hand):
    taken = Blend(np.array([0.5, 0.25, 0.25])).take(hand.cost_usd)

    assert taken.tolist() == [2.0] * 6


def _with_cost(testset, cost):
    return replace(testset, cost_usd=np.tile(cost, (6, 1)), train_mean_cost=cost)


def test_a_point_is_served_by_rule_and_guard(hand):
    p_success = np.tile([0.5, 0.7, 0.8], (6, 1))
    near = np.array([0.1, 0.9, 0.9, 0.9, 0.9, np.nan])
    # The large model is the best single; the medium one leads it by 0.15 at 0.5.
    held = serve(hand, p_success, Rule("conservative", 0.5, hold=0.25), Guard(0.5, 0), near)

    assert hand.best_single == 2
    assert held.choice.tolist() == [0, 2, 2, 2, 2, 0]
    np.testing.assert_allclose(held.margin, [np.inf, 0.1, 0.1, 0.1, 0.1, np.inf])
    assert serve(hand, p_success, Rule("threshold", threshold=0.6)).choice.tolist() == [1] * 6


def test_the_sweep_turns_the_rules_own_dial():
    cost = np.array([1.0, 2.0, 4.0])
    utility = [Rule("utility", lam) for lam in lambda_grid(cost)]
    threshold = sweep_of(Rule("threshold", 0.25, threshold=0.7), cost)

    assert sweep_of(Rule("utility", 0.3), cost) == utility
    # A hold belongs to one lambda, so the sweep is without.
    assert sweep_of(Rule("conservative", 0.3, hold=0.1), cost) == utility
    assert {(rule.kind, rule.lam) for rule in threshold} == {("threshold", 0.25)}
    np.testing.assert_allclose([rule.threshold for rule in threshold], np.arange(200, -1, -1) / 200)

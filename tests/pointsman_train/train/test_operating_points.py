from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import choose, utilities
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.sweep import lambda_grid
from pointsman_train.train.operating_points import OperatingPointsConfig, Target, fit_points

# The dear model costs four times the cheap one, so it is given up from lambda = (P_dear - P_cheap) / 0.75 on.
COST = np.array([1.0, 4.0])
P = np.array([[0.9, 0.9], [0.5, 0.8], [0.2, 0.8], [0.1, 0.85]])
# The cheap model fails where it is given little; the dear one always succeeds.
SCORE = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0]])


def fit(kind, value, p=P, score=SCORE, cost=COST, best=1):
    return fit_points(p, score, cost, best, OperatingPointsConfig({"x": Target(kind, value)}, "x"))["x"]


def routed(lam, p=P, score=SCORE, cost=COST):
    chosen = choose(utilities(p, cost, lam))
    return score[np.arange(len(p)), chosen].mean(), cost[chosen].mean()


def test_no_loss_is_the_largest_saving_that_keeps_the_best_single_models_score():
    # The second prompt turns cheap at 0.4, the third at 0.8 and would fail.
    point = fit("max_loss", 0.0)
    assert 0.4 < point.lam <= 0.8
    assert routed(point.lam) == (1.0, 2.5)
    grid = lambda_grid(COST)
    assert point.lam == grid[grid <= 0.8].max()
    assert point.target == "at most 0 points below the best single model"


def test_a_loss_that_is_allowed_is_used():
    # The third prompt turns cheap at 0.8, the fourth at 1.0.
    point = fit("max_loss", 0.25)
    assert 0.8 < point.lam <= 1.0
    assert routed(point.lam) == (0.75, 1.75)
    assert fit("max_loss", 0.5).lam == lambda_grid(COST)[-1]


def test_a_router_that_cannot_keep_the_word_does_not_look_at_cost():
    # It prefers the model that fails, at any price.
    p, score = np.array([[0.9, 0.2]]), np.array([[0.0, 1.0]])
    assert fit("max_loss", 0.1, p, score).lam == 0.0


@pytest.mark.parametrize(
    ("share", "cost"), [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.7, 2.5), (0.75, 3.25), (1.0, 3.25)]
)
def test_cost_between_is_the_smallest_price_that_keeps_within_the_budget(share, cost):
    # The first prompt is a tie and is cheap at any price.
    point = fit("cost_between", share)
    assert routed(point.lam)[1] == cost
    assert point.target == f"cost at most {100 * share:g} % of the way from cheapest to best single model"


def test_where_the_cheapest_is_the_best_single_model_the_budget_is_its_cost():
    score = SCORE[:, ::-1]
    point = fit("cost_between", 0.5, score=score, best=0)
    assert routed(point.lam)[1] == 1.0


def test_free_models_are_within_any_budget():
    assert fit("cost_between", 0.5, cost=np.zeros(2)).lam == 0.0


def test_fixed_is_the_price_as_given():
    assert fit("fixed", 3.25).lam == 3.25
    assert fit("fixed", 3.25).target == "lambda 3.25"


def test_only_prompts_with_every_outcome_known_count():
    p = np.vstack([P, [[0.9, 0.1]] * 20])
    score = np.vstack([SCORE, [[0.0, np.nan]] * 20])
    assert fit("max_loss", 0.0, p, score) == fit("max_loss", 0.0)


def test_no_prompt_with_every_outcome_known_is_an_error():
    score = np.array([[1.0, np.nan], [np.nan, 1.0]])
    expected = "none of 2 training prompts has an outcome of every model, so no operating point can be fitted"
    with pytest.raises(LabelError, match=expected):
        fit("max_loss", 0.0, P[:2], score)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.01, 0.1, 0.4]))
def test_the_word_is_kept_on_the_data_that_it_was_fitted_on(seed, value):
    rng = np.random.default_rng(seed)
    p, score = rng.random((30, 3)), rng.integers(0, 2, (30, 3)).astype(float)
    cost = np.sort(rng.random(3)) + 0.01
    best = int(np.argmax(score.mean(axis=0)))
    config = OperatingPointsConfig({"loss": Target("max_loss", value), "cost": Target("cost_between", value)}, "loss")
    points = fit_points(p, score, cost, best, config)
    quality, _ = routed(points["loss"].lam, p, score, cost)
    assert quality >= score[:, best].mean() - value - 1e-12 or points["loss"].lam == 0.0
    _, spent = routed(points["cost"].lam, p, score, cost)
    assert spent <= cost[0] + value * (cost[best] - cost[0]) + 1e-9


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            OperatingPointsConfig(default="none"),
            "operating_points.default 'none' is not one of ['no_loss', 'balanced',",
        ),
        (
            OperatingPointsConfig({"x": Target("cheapest", 0.1)}, "x"),
            "operating point 'x' has the kind 'cheapest', expected one of ('max_loss', 'cost_between', 'fixed')",
        ),
        (
            OperatingPointsConfig({"x": Target("max_loss", 1.5)}, "x"),
            "operating point 'x' (max_loss) has the value 1.5, expected 0 to 1",
        ),
        (OperatingPointsConfig({"x": Target("fixed", -1.0)}, "x"), "operating point 'x' (fixed) has the value -1.0"),
    ],
)
def test_a_setting_out_of_range_is_named(config, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.check()


def test_a_fixed_price_may_be_above_1():
    OperatingPointsConfig({"x": Target("fixed", 12.0)}, "x").check()

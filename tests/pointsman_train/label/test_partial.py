from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.label.partial import (
    filled_costs,
    means_by_ratio,
    means_by_regression,
    partly_known,
    standing_costs,
)

NAN = np.nan


def test_a_model_with_outcomes_on_less_than_half_as_many_prompts_is_partly_known():
    known = np.zeros((100, 3), bool)
    known[:80, 0] = known[:40, 1] = known[:39, 2] = True
    assert partly_known(known).tolist() == [False, False, True]


def test_where_every_model_is_well_known_means_are_over_the_prompts_that_all_have():
    table = np.array([[1.0, 2.0], [3.0, 4.0], [NAN, 9.0]])
    assert means_by_ratio(table).tolist() == means_by_regression(table).tolist() == [2.0, 3.0]


def test_a_model_that_was_asked_the_dear_prompts_is_not_taken_for_dear():
    rng = np.random.default_rng(0)
    size = rng.lognormal(size=4_000)
    amount = np.stack([size, 2 * size * rng.lognormal(sigma=0.1, size=4_000)], axis=1)
    truth = amount.mean(axis=0)
    amount[np.argsort(size)[:-400], 1] = NAN  # only the longest tenth
    assert np.nanmean(amount[:, 1]) > 2 * truth[1]
    assert means_by_ratio(amount) == pytest.approx(truth, rel=0.03)


def test_a_model_that_was_asked_the_easy_prompts_is_not_taken_for_good():
    rng = np.random.default_rng(0)
    ease = rng.random(6_000)
    outcome = (rng.random((6_000, 3)) < ease[:, None] ** [1, 1, 2]).astype(float)
    truth = outcome.mean(axis=0)
    asked = rng.random(6_000) < 0.2 * np.mean(outcome[:, :2], axis=1)  # never a prompt that both others fail on
    outcome[~asked, 2] = NAN
    assert np.nanmean(outcome[:, 2]) > truth[2] + 0.15
    assert means_by_regression(outcome)[:2] == pytest.approx(truth[:2])
    # What the others failed on was never asked, so half of the excess is mended and not all of it.
    assert means_by_regression(outcome)[2] < np.nanmean(outcome[:, 2]) - 0.07


def test_a_mean_never_leaves_the_range_of_an_outcome():
    known = np.array([[1.0, 1.0], [0.0, 0.0], *[[1.0, NAN]] * 8])
    assert 0 <= means_by_regression(known)[1] <= 1


def test_costs_that_are_missing_at_random_are_estimated_without_bias():
    rng = np.random.default_rng(0)
    length = rng.lognormal(size=4_000)
    cost = length[:, None] * [1.0, 10.0]
    mean, short = cost.mean(axis=0), length < 0.5
    holes = cost.copy()
    holes[rng.random(4_000) < 0.5, 1] = np.nan
    filled = filled_costs(holes, mean)
    # What a router saves on short prompts, the cost of which the mean tells far too high.
    assert filled[short, 1].mean() == pytest.approx(cost[short, 1].mean(), rel=1e-9)
    assert np.where(np.isnan(holes), mean, holes)[short, 1].mean() > 2 * cost[short, 1].mean()


def test_means_of_a_climbed_ladder_are_those_of_all_prompts_where_its_probabilities_are_told():
    errors, plain = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ease = rng.random((1_500, 1))
        outcome = (rng.random((1_500, 3)) < ease ** [1.5, 1.0, 0.6]).astype(float)
        cost = (2 - ease) * [1.0, 3.0, 9.0]  # hard prompts are dear
        truth, dear = outcome.mean(axis=0), cost.mean(axis=0)
        asked, counts = _ladder(outcome, 0.2, rng)
        told, paid = np.where(asked, outcome, NAN), np.where(asked, cost, NAN)
        errors.append([means_by_regression(told, counts) - truth, means_by_ratio(paid, counts) / dear - 1])
        plain.append([means_by_regression(told) - truth, means_by_ratio(paid) / dear - 1])
    mean, error = np.mean(errors, axis=0), np.std(errors, axis=0, ddof=1) / np.sqrt(40)
    assert (np.abs(mean) < 3.5 * error + 1e-12).all()
    assert np.abs(mean).max() < 0.01
    assert (np.abs(np.mean(plain, axis=0))[0] > 0.1).all()


def _ladder(outcome, explore, rng):
    """Which outcomes a ladder asks for, and what each stands for."""
    failed_so_far = np.cumsum(outcome, axis=1) - outcome == 0
    asked = failed_so_far | (rng.random((len(outcome), 1)) < explore)
    return asked, np.where(asked & ~failed_so_far, 1 / explore, 1.0)


def test_mean_costs_over_any_prompts_are_right_where_hard_ones_were_sought_out():
    told, plain = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hard = rng.random(1_000) < 0.4
        cost = np.column_stack([np.ones(1_000), np.where(hard, 20.0, 4.0)])  # the second thinks long on hard ones alone
        drawn = rng.random(1_000) < 0.2
        counts = np.column_stack([np.ones(1_000), np.where(~hard & drawn, 5.0, 1.0)])
        known = np.column_stack([cost[:, 0], np.where(hard | drawn, cost[:, 1], NAN)])
        mean = means_by_ratio(known, counts)
        told.append((standing_costs(known, mean, counts) - cost).mean(axis=0)[1])
        plain.append((filled_costs(known, mean) - cost).mean(axis=0)[1])
    assert np.mean(told) == pytest.approx(0.0, abs=3.5 * np.std(told, ddof=1) / np.sqrt(40))
    assert np.mean(plain) > 2
    assert np.array_equal(standing_costs(known, mean, None), filled_costs(known, mean))

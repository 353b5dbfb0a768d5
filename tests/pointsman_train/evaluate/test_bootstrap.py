from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.bootstrap import (
    estimate,
    mean_of_known,
    means,
    paired_difference,
    resample_weights,
    totals,
)


def test_the_first_row_is_the_test_set_itself():
    weights = resample_weights(np.array([3, 1, 1]), np.random.default_rng(0), resamples=5)

    assert weights.shape == (6, 3)
    assert weights[0].tolist() == [1.0, 1.0, 1.0]


@given(group=st.lists(st.integers(0, 9), min_size=1, max_size=40), seed=st.integers(0, 99))
def test_members_of_a_group_are_always_drawn_together_and_as_many_groups_as_there_are(group, seed):
    ids, first = np.unique(group, return_index=True)
    weights = resample_weights(np.array(group), np.random.default_rng(seed), resamples=8)

    for each in ids:
        members = weights[:, np.array(group) == each]
        assert (members == members[:, :1]).all()
    assert (weights[:, first].sum(axis=1) == len(ids)).all()


def test_the_same_seed_gives_the_same_weights():
    group = np.arange(50)
    draws = [resample_weights(group, np.random.default_rng(seed), 3) for seed in (1, 1, 2)]

    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_no_resamples_are_refused():
    with pytest.raises(ConfigError, match="resamples is 0, expected 1 or more"):
        resample_weights(np.arange(3), np.random.default_rng(0), resamples=0)


def test_totals_and_means_are_those_of_repeated_prompts(monkeypatch):
    monkeypatch.setattr("pointsman_train.evaluate.bootstrap._CELLS", 8)
    weights = resample_weights(np.arange(7), np.random.default_rng(0), resamples=9)
    columns = np.random.default_rng(1).random((7, 2))
    repeated = [np.repeat(columns, row.astype(int), axis=0) for row in weights]

    np.testing.assert_allclose(totals(weights, columns), [rows.sum(axis=0) for rows in repeated])
    np.testing.assert_allclose(means(weights, columns), [rows.mean(axis=0) for rows in repeated])


def test_an_interval_without_bias_is_the_percentile_interval():
    draws = np.linspace(-1, 1, 2001)
    figure = estimate(np.append(0.0, draws), n=5)

    assert (figure.value, figure.n) == (0.0, 5)
    assert figure.low == pytest.approx(-0.95, abs=1e-6)
    assert figure.high == pytest.approx(0.95, abs=1e-6)


def test_an_interval_is_moved_against_the_bias_of_its_resamples():
    # Three in four resamples exceed the value: z0 = Phi^-1(1/4) = -0.6745.
    # The ends are at the levels Phi(2 z0 - 1.96) = Phi(-3.309) and Phi(2 z0 + 1.96) = Phi(0.611).
    figure = estimate(np.append(0.25, np.linspace(0, 1, 100_001)), n=5)

    assert figure.low == pytest.approx(0.000468, abs=1e-5)
    assert figure.high == pytest.approx(0.7294, abs=1e-4)


def test_an_undefined_figure_is_nan_and_never_zero():
    figure = estimate(np.append(np.nan, np.zeros(100)), n=5)

    assert np.isnan([figure.value, figure.low, figure.high]).all()


def test_a_figure_that_is_often_undefined_has_no_interval():
    rare = estimate(np.concatenate([[0.5], np.full(5, np.nan), np.full(95, 0.5)]), n=5)
    often = estimate(np.concatenate([[0.5], np.full(6, np.nan), np.full(94, 0.5)]), n=5)

    assert (rare.low, rare.high) == (0.5, 0.5)
    assert often.value == 0.5
    assert np.isnan([often.low, often.high]).all()


def test_a_paired_difference_is_far_tighter_than_its_parts():
    rng = np.random.default_rng(0)
    common = rng.normal(size=2001)
    a, b = estimate(common + 0.1, n=9), estimate(common + 0.01 * rng.normal(size=2001), n=7)
    difference = paired_difference(a, b)

    assert difference.n == 7
    assert difference.value == pytest.approx(0.1, abs=0.03)
    assert difference.high - difference.low < 0.05 < 0.1 * (a.high - a.low)


def test_a_figure_does_not_differ_from_itself():
    a = estimate(np.random.default_rng(0).normal(size=101), n=9)
    difference = paired_difference(a, a)

    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_estimates_of_other_weights_cannot_be_paired():
    a, b = estimate(np.zeros(11), n=9), estimate(np.zeros(21), n=9)

    with pytest.raises(ConfigError, match="10 and 20 resamples"):
        paired_difference(a, b)


def test_the_mean_of_what_is_known_leaves_out_the_rest():
    assert mean_of_known(np.array([1.0, np.nan, 2.0])) == pytest.approx(1.5)

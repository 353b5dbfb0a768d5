from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.ratio import Ratio, estimate_ratios, mean, mean_among


def test_ratios_of_sums_are_estimated_together():
    weights = np.array([[1, 1, 1], [0, 2, 1]], dtype=np.float32)
    ratios = {
        "among": mean_among(np.array([1.0, 0.0, 1.0]), np.array([True, True, False])),
        "saving": Ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 4.0]), 3),
    }
    figures = estimate_ratios(ratios, weights)

    assert figures["among"].resampled.tolist() == [0.5, 0.0]
    assert figures["among"].n == 2
    assert figures["saving"].resampled.tolist() == [0.6, pytest.approx(7 / 12)]


def test_a_ratio_over_no_prompts_is_undefined():
    nobody = mean_among(np.ones(2), np.zeros(2, dtype=bool))
    figure = estimate_ratios({"nobody": nobody}, np.ones((3, 2), dtype=np.float32))["nobody"]

    assert np.isnan(figure.value)
    assert figure.n == 0


def test_what_rounding_leaves_of_a_denominator_is_nothing():
    cancelling = Ratio(np.ones(3), np.array([0.1, 0.2, -0.3]), 3)
    figure = estimate_ratios({"gap": cancelling}, np.ones((2, 3), dtype=np.float32))["gap"]

    assert np.isnan(figure.value)


def test_no_ratios_are_no_figures():
    assert estimate_ratios({}, np.ones((2, 3), dtype=np.float32)) == {}


@pytest.mark.parametrize(
    ("n", "size", "rate"),
    [
        (273, 1, 0.0),
        (273, 1, 0.005),
        (120, 2, 0.02),
        (120, 2, 1.0),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((273, 1, 0.05), (120, 2, 0.01), (120, 2, 0.95))),
    ],
)
def test_the_interval_of_a_share_holds_the_truth_however_near_it_is_to_0_or_1(n, size, rate):
    rng, held = np.random.default_rng(0), 0
    group = np.repeat(np.arange(n), size)
    for _ in range(400):
        values = np.repeat(rng.random(n) < rate, size).astype(np.float64)
        found = estimate_ratios({"success_rate": mean(values)}, resample_weights(group, rng, 200), group)
        held += found["success_rate"].low <= rate <= found["success_rate"].high
    assert held / 400 >= 0.93


def test_a_large_group_does_not_make_an_interval_narrow():
    rng = np.random.default_rng(0)
    group = np.concatenate([np.zeros(100, int), np.arange(1, 30)])
    values = np.array([0.0] * 100 + [1.0] * 29)
    weights = resample_weights(group, rng, 400)
    plain, found = (estimate_ratios({"success_rate": mean(values)}, weights, g)["success_rate"] for g in (None, group))
    assert found.low <= plain.low < plain.high <= found.high


def test_other_figures_and_shares_of_many_cases_are_left_to_the_resamples():
    rng = np.random.default_rng(0)
    group, weights = np.arange(200), resample_weights(np.arange(200), rng, 200)
    ratios = {"cost_usd": mean(np.zeros(200)), "success_rate": mean((np.arange(200) % 4 == 0).astype(float))}
    with_group, without = estimate_ratios(ratios, weights, group), estimate_ratios(ratios, weights)
    assert with_group == without
    nothing = estimate_ratios({"success_rate": mean(np.zeros(200))}, weights, group)["success_rate"]
    assert (nothing.low, nothing.high) == (0.0, pytest.approx(0.0183, abs=1e-4))

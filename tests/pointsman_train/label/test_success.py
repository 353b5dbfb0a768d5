from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.label.success import succeeds

NAN = np.nan


def check(score, trials, *settings):
    return succeeds(np.array(score), np.array(trials), *settings)


def test_the_threshold_itself_is_success():
    np.testing.assert_array_equal(check([0.0, 0.49, 0.5, 1.0], [1] * 4, 0.5, 1, None), [0, 0, 1, 1])
    np.testing.assert_array_equal(check([0.99, 1.0], [1, 1], 1.0, 1, None), [0, 1])


def test_unknown_is_never_failure():
    np.testing.assert_array_equal(check([NAN, 0.0], [0, 1], 0.5, 1, None), [NAN, 0])
    np.testing.assert_array_equal(check([NAN, 0.0], [0, 1], 0.5, 1, 1), [NAN, 0])


def test_with_fewer_trials_than_asked_for_an_outcome_is_unknown():
    np.testing.assert_array_equal(check([1.0, 1.0, 0.0, 0.0], [2, 3, 2, 3], 0.5, 3, None), [NAN, 1, NAN, 0])


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, [0, 1, 1, 1]), (2, [0, 0, 1, 1]), (3, [0, 0, 0, 1])],
)
def test_k_of_n_counts_the_trials_that_succeeded(k, expected):
    # 0, 1, 2 and 3 of 3 trials; thirds are not exact in binary.
    np.testing.assert_array_equal(check([0.0, 1 / 3, 2 / 3, 1.0], [3] * 4, 0.9, 1, k), expected)


def test_k_of_n_does_not_look_at_the_threshold():
    np.testing.assert_array_equal(check([0.4], [10], 0.99, 1, 4), [1])


def test_fewer_trials_than_the_successes_wanted_cannot_tell():
    np.testing.assert_array_equal(check([1.0, 0.0, 1.0], [2, 2, 3], 0.5, 1, 3), [NAN, NAN, 1])


def test_any_shape_is_kept():
    assert check([[1.0, 0.0], [NAN, 0.5]], [[1, 1], [0, 1]], 0.5, 1, None).shape == (2, 2)

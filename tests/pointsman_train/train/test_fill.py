from __future__ import annotations

import numpy as np

from pointsman_train.train.fill import filled_scores

NAN = np.nan


def test_where_every_model_is_well_known_nothing_is_filled():
    score = np.array([[1.0, NAN], [0.5, 0.0], [NAN, 1.0]])
    np.testing.assert_array_equal(filled_scores(score, score, np.full((3, 2), 0.5)), score)


def test_a_score_that_is_expected_lies_between_the_means_of_failures_and_successes():
    score = np.array([[1.0, 0.75], [1.0, 0.25], *[[1.0, NAN]] * 4])
    success = np.where(np.isnan(score), NAN, score >= 0.5)
    p = np.column_stack([np.ones(6), [0.1, 0.1, 0.0, 0.5, 1.0, 0.25]])
    assert filled_scores(score, success, p)[:, 1].tolist() == [0.75, 0.25, 0.25, 0.5, 0.75, 0.375]


def test_an_unknown_score_of_a_well_known_model_stays_unknown():
    score = np.array([[NAN, 1.0], [1.0, 0.0], *[[1.0, NAN]] * 4])
    filled = filled_scores(score, score, np.full((6, 2), 0.5))
    assert np.isnan(filled[0, 0])
    assert not np.isnan(filled[1:]).any()

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pointsman_train.featurize.stack import fit_scores, last_fit, pick_out_of_fold
from pointsman_train.featurize.vocabulary import Vocabulary

VOCABULARY = Vocabulary(("a", "b", "c"), {"a": 1, "b": 2, "c": 3}, (), np.array([1.0, 2.0, 2.0]))
PRESENCE = sp.csr_array(np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]] * 4, float))
FOLD = np.arange(24) // 6 % 2


def test_there_is_a_fit_for_each_fold_and_model_and_one_on_everything():
    success = np.stack([PRESENCE.toarray()[:, 0], PRESENCE.toarray()[:, 1]], axis=1)
    model = fit_scores(PRESENCE, VOCABULARY, success, FOLD, 1.0)
    assert model.weights.shape == (3, (2 + 1) * 2)
    assert model.bias.shape == (6,)
    # The first model succeeds where "a" stands, the second where "b" does, in every fit.
    assert (model.weights[0, ::2] > 0).all()
    assert (model.weights[1, 1::2] > 0).all()


def test_a_fit_on_everything_is_that_of_the_documented_formula():
    from sklearn.linear_model import LogisticRegression

    success = PRESENCE.toarray()[:, [0]]
    dense = PRESENCE.toarray() * VOCABULARY.idf
    unit = dense / np.linalg.norm(dense, axis=1, keepdims=True)
    expected = LogisticRegression(C=0.5, max_iter=300).fit(unit, success[:, 0])
    found = last_fit(fit_scores(PRESENCE, VOCABULARY, success, FOLD, 0.5), 1)
    np.testing.assert_allclose(found.weights[:, 0], expected.coef_[0] * VOCABULARY.idf, atol=1e-4)
    np.testing.assert_allclose(found.bias, expected.intercept_, atol=1e-4)


def test_a_fold_is_not_seen_by_its_own_fit():
    success = PRESENCE.toarray()[:, [0]]
    other = np.where((FOLD == 1)[:, None], 1 - success, success)
    one, changed = (fit_scores(PRESENCE, VOCABULARY, s, FOLD, 1.0) for s in (success, other))
    # Outcomes of fold 1 were turned round: the fit without fold 1 does not know, the others do.
    np.testing.assert_array_equal(one.weights[:, 1], changed.weights[:, 1])
    assert np.abs(one.weights[:, 0] - changed.weights[:, 0]).max() > 0.1
    assert np.abs(one.weights[:, 2] - changed.weights[:, 2]).max() > 0.1


def test_unknown_outcomes_are_left_out_of_the_fit_and_are_not_failures():
    success = PRESENCE.toarray()[:, [0]].copy()
    success[20:] = np.nan
    found = fit_scores(PRESENCE, VOCABULARY, success, FOLD, 1.0)
    rows = PRESENCE[:20]
    expected = fit_scores(rows, VOCABULARY, success[:20], FOLD[:20], 1.0)
    np.testing.assert_allclose(found.weights, expected.weights)
    np.testing.assert_allclose(found.bias, expected.bias)


@pytest.mark.parametrize(("outcome", "sign"), [(1.0, 1), (0.0, -1)])
def test_one_class_only_gives_the_smoothed_rate_and_no_direction(outcome, sign):
    success = np.full((24, 1), outcome)
    success[:4] = np.nan
    model = fit_scores(PRESENCE, VOCABULARY, success, FOLD, 1.0)
    assert not model.weights.any()
    # 12 known outcomes outside fold 0, 8 outside fold 1, 20 in all, and one success and one failure more.
    np.testing.assert_allclose(model.bias, sign * np.log([13, 9, 21]))


def test_a_model_without_any_known_outcome_scores_nothing():
    model = fit_scores(PRESENCE, VOCABULARY, np.full((24, 1), np.nan), FOLD, 1.0)
    assert not model.weights.any()
    assert model.bias.tolist() == [0.0, 0.0, 0.0]


def test_each_row_takes_the_scores_of_its_own_folds_fit():
    scores = np.arange(24.0).reshape(3, 8)  # three folds and the whole, two models
    assert pick_out_of_fold(scores, np.array([2, 0, 1]), 2).tolist() == [[4, 5], [8, 9], [18, 19]]

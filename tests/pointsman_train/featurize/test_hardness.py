from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pointsman_train.featurize.stack import fit_scores, last_fit
from pointsman_train.featurize.vocabulary import Vocabulary

WORDS = tuple("abcd")
VOCABULARY = Vocabulary(WORDS, {w: i + 1 for i, w in enumerate(WORDS)}, (), np.ones(4))
N, ASKED = 400, 40


@pytest.fixture
def lesson():
    """Prompts of one word each, "a" and "c" easy, "b" and "d" hard; of most a log has one model's outcome.

    The first 40 were asked of both models, and have only the first two words. Fails where the model is the second one
    and the word is not "b" are rare: what sets the models apart is in the asked prompts alone.
    """
    word = np.where(np.arange(N) < ASKED, np.arange(N) % 2, np.arange(N) % 4)
    presence = sp.csr_array(np.eye(4)[word])
    easy = np.isin(word, [0, 2]).astype(float)
    success, logged = np.full((N, 2), np.nan), np.full((N, 2), np.nan)
    success[:ASKED] = np.stack([easy[:ASKED], np.ones(ASKED)], axis=1)
    success[:4, 1] = 0.0
    rows = np.arange(ASKED, N)
    logged[rows, np.random.default_rng(0).integers(2, size=N - ASKED)] = easy[ASKED:]
    return presence, success, logged


def fitted(presence, success, logged, fold=None):
    fold = np.arange(len(success)) % 2 if fold is None else fold
    return fit_scores(presence, VOCABULARY, success, fold, 1.0, logged=logged)


def test_a_log_teaches_words_that_no_asked_prompt_has(lesson):
    presence, success, logged = lesson
    without, found = (last_fit(fitted(presence, success, told), 2).weights for told in (None, logged))
    assert (without[2:] == 0).all()
    assert found[2, 0] > 0.5
    assert found[3, 0] < -0.5


def test_how_far_a_model_follows_the_log_is_learned_from_what_it_was_asked(lesson):
    """The second model does not fail on hard words where it was asked."""
    presence, success, logged = lesson
    weights = last_fit(fitted(presence, success, logged), 2).weights
    assert abs(weights[3, 1]) < abs(weights[3, 0]) / 3


def test_a_prompt_of_the_log_is_not_seen_by_its_own_folds_fit(lesson):
    presence, success, logged = lesson
    fold = np.arange(N) // 4 % 2
    drawn = np.where(np.isnan(logged), np.nan, np.random.default_rng(1).integers(2, size=logged.shape))
    mixed = np.where((fold == 1)[:, None], drawn, logged)
    one, other = (fitted(presence, success, told, fold).weights for told in (logged, mixed))
    np.testing.assert_array_equal(one[:, 2:4], other[:, 2:4])  # without fold 1
    assert np.abs(one[:, :2] - other[:, :2]).max() > 0.1


def test_a_log_that_tells_nothing_changes_nothing(lesson):
    presence, success, logged = lesson
    same = np.where(np.isnan(logged), np.nan, 1.0)
    one, other = (fitted(presence, success, told) for told in (None, same))
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-4)
    np.testing.assert_allclose(one.bias, other.bias, atol=1e-4)


def test_a_model_that_always_succeeds_where_it_was_asked_follows_nothing(lesson):
    presence, success, logged = lesson
    success[:ASKED, 1] = 1.0
    assert not last_fit(fitted(presence, success, logged), 2).weights[:, 1].any()

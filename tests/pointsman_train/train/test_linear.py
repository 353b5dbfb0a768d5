from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.train.linear import Linear, LinearConfig


@pytest.fixture(scope="module")
def model(task):
    return task.fit(Linear(LinearConfig()))


def test_looks_and_word_scores_are_read_and_the_embedding_is_not(model, task):
    before = model.margins(task.features)
    for name, read in (("surface", True), ("lexicon", True), ("words", True), ("embedding", False)):
        changed = task.features.copy()
        changed[:, task.layout.columns(name)] += 1
        assert (model.margins(changed) != before).any() == read, name


def test_a_weaker_penalty_gives_larger_weights(model, task):
    assert np.abs(task.fit(Linear(LinearConfig(strength=1.0))).weight).sum() > np.abs(model.weight).sum()


def test_of_many_prompts_some_are_drawn_the_same_on_every_run(model, task):
    one, again = (task.fit(Linear(LinearConfig(most_prompts=600))) for _ in range(2))
    np.testing.assert_array_equal(one.weight, again.weight)
    assert (one.weight != model.weight).any()
    np.testing.assert_array_equal(task.fit(Linear(LinearConfig(most_prompts=1_200))).weight, model.weight)


def test_a_rate_is_learned_as_so_many_successes_and_failures(task, make_targets):
    """A prompt answered twice, once well, says what two prompts with one answer each say."""
    half = task.targets.success.copy()
    half[:, 0] = 0.5
    model = task.fit(Linear(LinearConfig()), targets=make_targets(half))
    assert expit(model.margins(task.features)[:, 0]) == pytest.approx(0.5, abs=1e-3)
    assert np.abs(model.weight[:, 0]).max() < 1e-3


def test_a_model_with_few_failures_gets_its_smoothed_rate(task, make_targets):
    success = task.targets.success.copy()
    success[:, 1] = 1.0
    success[:9, 1] = 0.0
    model = task.fit(Linear(LinearConfig()), targets=make_targets(success))
    np.testing.assert_allclose(expit(model.margins(task.features)[:, 1]), 1_192 / 1_202)

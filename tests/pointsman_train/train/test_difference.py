from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.difference import Difference, DifferenceModel
from pointsman_train.train.heads import Head, Heads
from pointsman_train.train.per_model import PerModel
from pointsman_train.train.success import Descriptors, Targets

CONFIG = BoostedConfig(BoosterConfig(trees=60, leaves=6))


def constant(*values):
    return Heads([Head(np.array([0]), None, value) for value in values])


def test_the_log_odds_are_those_of_the_best_and_four_times_the_difference(exported):
    model = DifferenceModel(constant(np.log(3.0)), constant(0.0, -0.25, 0.5))
    x = np.zeros((2, 1), np.float32)
    expected = np.log(3.0) + np.array([0.0, -1.0, 2.0])
    np.testing.assert_allclose(model.margins(x), [expected] * 2)
    np.testing.assert_allclose(exported(model, x), [expected] * 2)


def test_near_one_half_a_difference_of_probabilities_is_what_it_says():
    model = DifferenceModel(constant(0.0), constant(0.0, 0.05))
    np.testing.assert_allclose(expit(model.margins(np.zeros((1, 1), np.float32))), [[0.5, 0.55]], atol=1e-3)


def test_the_reference_is_the_best_single_model_and_a_tie_goes_to_the_cheaper(task):
    for rates, best in (([0.3, 0.6, 0.5], 1), ([0.3, 0.6, 0.6], 1), ([0.6, 0.2, 0.6], 0)):
        given = replace(task, descriptors=Descriptors(task.descriptors.mean_cost, np.array(rates)))
        model = given.fit(Difference(CONFIG))
        np.testing.assert_array_equal(model.difference.margins(task.features)[:, best], 0.0)
        p = expit(model.margins(task.features)[:, best])
        np.testing.assert_allclose(p, expit(model.best.margins(task.features)[:, 0]), atol=1e-12)


def test_a_difference_is_learned_where_both_outcomes_are_known(task, make_targets):
    success = task.targets.success.copy()
    model = task.fit(Difference(CONFIG))
    best = int(np.argmax(task.descriptors.success_rate))
    # The best is unknown on half of the prompts, where another always fails: those must not count.
    success[::2, best], success[::2, 0] = np.nan, 0.0
    other = task.fit(Difference(CONFIG), targets=make_targets(success))
    assert best == 2
    means = [found.difference.margins(task.features)[:, 0].mean() for found in (model, other)]
    assert means[1] == pytest.approx(means[0], abs=0.05)


def test_rates_over_several_trials_weigh_by_their_harmonic_mean():
    # Two kinds of prompts that look alike: difference 0.5 with 3 and 6 answers, and 0 with 1 and 1.
    rate = np.tile([[0.5, 1.0], [1.0, 1.0]], (50, 1))
    trials = np.tile([[3, 6], [1, 1]], (50, 1))
    targets = Targets((rate > 0.5).astype(float), rate, trials, np.zeros(100, int))
    alike = np.zeros((100, 1), np.float32)
    descriptors = Descriptors(np.array([1.0, 2.0]), np.array([0.75, 1.0]))
    model = Difference(CONFIG).fit(alike, targets, descriptors, Layout((Block("surface", ("a",)),)))
    weights = np.array([2 * 3 * 6 / 9, 1.0])
    expected = -0.5 * weights[0] / weights.sum()
    np.testing.assert_allclose(model.difference.margins(alike)[:, 0], expected, atol=1e-6)


def test_of_two_models_the_one_that_gains_is_found_where_hardness_hides_it(make_targets):
    """Both models fail more and more along one column; another column alone says where the dearer one is worth it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6_000, 6)).astype(np.float32)
    hard = expit(2 * x[:, 0])
    gain = np.where(x[:, 1] > 0.5, 0.35, 0.0)
    p = np.clip(np.column_stack([hard - gain, hard]), 0.02, 0.98)
    success = (rng.random(p.shape) < p).astype(float)
    layout = Layout((Block("surface", tuple("abcdef")),))
    train, test = slice(0, 3_000), slice(3_000, None)
    descriptors = Descriptors(np.array([1.0, 2.0]), success[train].mean(axis=0))
    auc = {}
    for name, formulation in (("difference", Difference(CONFIG)), ("per_model", PerModel(CONFIG))):
        z = formulation.fit(x[train], make_targets(success[train]), descriptors, layout).margins(x[test])
        auc[name] = roc_auc_score(gain[test] > 0, expit(z[:, 1]) - expit(z[:, 0]))
    assert auc["difference"] > 0.85
    assert auc["difference"] > auc["per_model"]

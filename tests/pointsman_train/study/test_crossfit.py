from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import weights_of
from pointsman_train.featurize import fit
from pointsman_train.label import LabelConfig, label
from pointsman_train.split import GroupConfig, group_near_duplicates
from pointsman_train.study import crossfit as module
from pointsman_train.study.crossfit import Crossfit, crossfit
from pointsman_train.study.folds import k_fold
from pointsman_train.train.stage import TrainConfig


def quick_recipe(**settings) -> TrainConfig:
    config = TrainConfig(**settings)
    for boosted in (config.per_model, config.difference, config.complexity):
        boosted.booster.trees = 15
    return config


@pytest.fixture(scope="module")
def labelled(fleet_outcomes):
    return label(fleet_outcomes, LabelConfig())


@pytest.fixture(scope="module")
def group(labelled):
    return group_near_duplicates(labelled.outcomes.prompt, GroupConfig())


@pytest.fixture(scope="module")
def found(labelled, group):
    rounds = k_fold(group, 2, np.random.default_rng(0))
    return rounds, crossfit(labelled, group, rounds, {"a": quick_recipe(), "b": quick_recipe(formulation="logistic")})


def test_rounds_are_pooled_row_by_row(found, labelled):
    _, crossfits = found
    pooled, rounds = crossfits["a"].router, crossfits["a"].rounds
    testset = crossfits["a"].testset
    complete = ~np.isnan(labelled.success).any(axis=1) & (labelled.label >= 0)
    assert len(testset) == sum(len(one.testset) for one in rounds) == complete.sum()
    first = len(rounds[0].testset)
    np.testing.assert_array_equal(pooled.p_success[:first], rounds[0].router.p_success)
    np.testing.assert_array_equal(pooled.default.choice[first:], rounds[1].router.default.choice)
    for k in (0, 60, -1):
        expected = np.concatenate([one.router.sweep[k].choice for one in rounds])
        np.testing.assert_array_equal(pooled.sweep[k].choice, expected)


def test_recipes_are_judged_on_the_same_rows(found):
    _, crossfits = found
    a, b = crossfits["a"].testset, crossfits["b"].testset
    np.testing.assert_array_equal(a.score, b.score)
    np.testing.assert_array_equal(a.group, b.group)
    assert (crossfits["a"].router.p_success != crossfits["b"].router.p_success).any()
    weights = weights_of(a, resamples=60)
    assert crossfits["a"].figures(weights)["auc_macro"].value > 0.6


def test_recipes_with_the_same_features_share_one_fit_of_them(labelled, group, monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(1)
        return fit.fit_featurizer(*arguments)

    monkeypatch.setattr(module, "fit_featurizer", counted)
    rounds = k_fold(group, 2, np.random.default_rng(0))[:1]
    without = quick_recipe()
    without.features.embedding.dimensions = 0
    crossfit(labelled, group, rounds, {"a": quick_recipe(), "b": quick_recipe(seed=0), "c": without})
    # Two settings, each fitted for random folds and once more for sources left out.
    assert len(calls) == 4


def test_shuffled_outcomes_teach_nothing(labelled, group):
    """A leak would show here: what is learned from outcomes dealt at random must not help."""
    order = np.random.default_rng(1).permutation(len(labelled.label))
    outcomes = replace(
        labelled.outcomes,
        score=labelled.outcomes.score[order],
        trials=labelled.outcomes.trials[order],
        cost_usd=labelled.outcomes.cost_usd[order],
    )
    shuffled = label(outcomes, LabelConfig())
    rounds = [fold for seed in range(2) for fold in k_fold(group, 4, np.random.default_rng(seed))]
    one = crossfit(shuffled, group, rounds, {"a": quick_recipe()})["a"]
    # Round by round: pooled, a round whose training prompts happen to succeed more has test prompts that do less.
    figures = [Crossfit((each,)).figures(weights_of(each.testset, resamples=60)) for each in one.rounds]
    assert abs(np.mean([each["auc_macro"].value for each in figures]) - 0.5) < 0.05
    assert np.mean([each["hull_gain"].low for each in figures]) < 0.02

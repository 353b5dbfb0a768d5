"""What every formulation must do, whichever it is."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pointsman_train.errors import ConfigError
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.formulations import BOOSTED, FORMULATIONS, FormulationConfig

# Mean AUC over the models that each must reach on fresh prompts; knowing the kind of each gives 0.80. Multiclass and
# cumulative say whether some model up to a rung succeeds, which is not the rung's own success.
MIN_AUC = dict.fromkeys(FORMULATIONS, 0.77) | {"mlp": 0.74, "multiclass": 0.7, "cumulative": 0.7}


def formulation(name):
    config = FormulationConfig(name)
    for boosted in BOOSTED:
        getattr(config, boosted).booster = BoosterConfig(trees=50, leaves=6, learning_rate=0.1)
    return FORMULATIONS[name](config)


@pytest.fixture(scope="module")
def models(task):
    return {name: task.fit(formulation(name)) for name in FORMULATIONS}


@pytest.fixture(params=FORMULATIONS)
def name(request):
    return request.param


def test_the_graph_gives_the_margins(name, models, make_task, exported):
    fresh = make_task(300, seed=1).features
    margins = models[name].margins(fresh)
    assert margins.shape == (300, 3)
    assert margins.std(axis=0).min() > 0.1
    np.testing.assert_allclose(exported(models[name], fresh), margins, atol=1e-9)


def test_a_row_alone_has_the_margins_that_it_has_in_a_batch(name, models, make_task, exported):
    fresh = make_task(5, seed=2).features
    for row in range(5):
        alone = fresh[row : row + 1]
        np.testing.assert_allclose(exported(models[name], alone), models[name].margins(fresh)[row][None], atol=1e-9)


def test_an_obvious_signal_is_learned(name, models, make_task):
    fresh = make_task(2_000, seed=3)
    margins, success = models[name].margins(fresh.features), fresh.targets.success
    auc = np.mean([roc_auc_score(success[:, m], margins[:, m]) for m in range(3)])
    assert auc > MIN_AUC[name]


def test_fitting_twice_gives_the_same_model(name, models, task):
    again = task.fit(formulation(name))
    np.testing.assert_array_equal(again.margins(task.features), models[name].margins(task.features))


def test_unknown_outcomes_are_left_out_and_are_not_failures(name, task, make_targets):
    unknown = task.targets.success.copy()
    # Half of the outcomes of each, never all of a prompt: those with every outcome still have a label.
    unknown[::2, 1] = np.nan
    known, left_out, failed = (
        task.fit(formulation(name), targets=targets).margins(task.features)[:, 1].mean()
        for targets in (task.targets, make_targets(unknown), make_targets(np.nan_to_num(unknown, nan=0.0)))
    )
    if name == "logistic":
        assert known == left_out == failed  # what it reads was fitted before
        return
    assert left_out == pytest.approx(known, abs=0.3)
    # A failure of the middle model turns its label into a dearer one, or leaves the cheapest.
    assert failed < known - (0.1 if name in ("multiclass", "cumulative") else 0.5)


def test_a_ladder_may_have_two_models(name, make_task, exported):
    two = make_task(600, models=2)
    model = two.fit(formulation(name))
    margins = model.margins(two.features)
    assert margins.shape == (600, 2)
    np.testing.assert_allclose(exported(model, two.features), margins, atol=1e-9)


@pytest.mark.parametrize("absent", [0, 1, 3])
def test_a_fold_may_lack_a_label(name, absent, task, exported):
    kept = task.targets.label != absent
    fold = replace(task, features=task.features[kept], targets=task.targets.take(kept))
    model = fold.fit(formulation(name))
    margins = model.margins(task.features)
    assert np.isfinite(margins).all()
    np.testing.assert_allclose(exported(model, task.features), margins, atol=1e-9)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_model_may_always_fail_or_always_succeed(name, outcome, task, make_targets, exported):
    success = task.targets.success.copy()
    success[:, 0] = outcome
    model = task.fit(formulation(name), targets=make_targets(success))
    margins = model.margins(task.features)
    assert np.isfinite(margins).all()
    np.testing.assert_allclose(exported(model, task.features), margins, atol=1e-9)
    if name != "logistic":
        assert (np.sign(margins[:, 0]) == (1 if outcome else -1)).all()
        assert np.abs(margins).max() < 40


@pytest.mark.parametrize("n", [2, 8])
def test_a_handful_of_prompts_can_be_fitted(name, n, task, exported):
    few = replace(task, features=task.features[:n], targets=task.targets.take(np.arange(1_200) < n))
    model = few.fit(formulation(name))
    margins = model.margins(task.features)
    assert np.isfinite(margins).all()
    np.testing.assert_allclose(exported(model, task.features), margins, atol=1e-9)


def test_a_model_without_a_known_outcome_in_a_fold_does_not_break_it(name, task, make_targets, exported):
    success = task.targets.success.copy()
    success[100:, 1] = np.nan
    rows = np.arange(1_200) >= 90 if name in ("multiclass", "cumulative") else np.arange(1_200) >= 100
    fold = replace(task, features=task.features[rows], targets=make_targets(success).take(rows))
    model = fold.fit(formulation(name))
    margins = model.margins(task.features)
    assert np.isfinite(margins).all()
    np.testing.assert_allclose(exported(model, task.features), margins, atol=1e-9)


def test_trees_are_over_features_that_trees_read_and_there_are_as_many_as_margins_say(name, models, task):
    ensembles = models[name].ensembles()
    assert bool(ensembles) == (name in {*BOOSTED, "average"})
    stack, found = [tree for ensemble in ensembles for _, tree in ensemble.trees], set()
    while stack:
        tree = stack.pop()
        if hasattr(tree, "feature"):
            found.add(tree.feature)
            stack += [tree.left, tree.right]
    assert found <= set(task.layout.for_trees.tolist())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formulation": "forest"}, "train.formulation must be one of ['pooled', 'per_model', 'multiclass', "),
        ({"average.of": ["pooled"]}, "train.average.of must name two or more different ones of ['pooled', "),
        ({"average.of": ["pooled", "pooled"]}, "'cohort'], got ['pooled', 'pooled']"),
        ({"average.of": ["pooled", "average"]}, "'cohort'], got ['pooled', 'average']"),
        ({"average.of": ["pooled", "forest"]}, "'cohort'], got ['pooled', 'forest']"),
        ({"per_model.booster.trees": 0}, "train.per_model.booster.trees must be 1 or more, got 0"),
        ({"difference.booster.leaves": 1}, "train.difference.booster.leaves must be 2 or more, or null, got 1"),
        ({"linear.strength": 0.0}, "train.linear.strength must be above 0, or null, got 0.0"),
        ({"linear.most_prompts": 0}, "train.linear.most_prompts must be 1 or more, got 0"),
        ({"neighbours.max_prompts": 0}, "train.neighbours.max_prompts must be 1 or more, got 0"),
        ({"neighbours.tuning_prompts": 0}, "train.neighbours.tuning_prompts must be 1 or more, got 0"),
        ({"mlp.hidden": 0}, "train.mlp.hidden must be 1 or more, got 0"),
        ({"mlp.alpha": -1.0}, "train.mlp.alpha must be 0 or more, got -1.0"),
        ({"cohort.strength": 0.0}, "train.cohort.strength must be above 0, got 0.0"),
    ],
)
def test_a_setting_that_cannot_work_is_named(change, message):
    config = FormulationConfig()
    for path, value in change.items():
        *parents, last = path.split(".")
        target = config
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, last, value)
    with pytest.raises(ConfigError, match=re.escape(message)):
        config.check_formulation("train")


def test_the_default_settings_pass():
    for name in FORMULATIONS:
        FormulationConfig(name).check_formulation("train")

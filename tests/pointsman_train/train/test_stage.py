from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from pointsman.graph import Graph
from pointsman_train.data import UNKNOWN_LABEL
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.export.parity import check_parity
from pointsman_train.label import LabelConfig, label
from pointsman_train.label.ladder import mean_costs
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.calibration import CalibrationConfig
from pointsman_train.train.complexity import ComplexityConfig
from pointsman_train.train.pooled import PooledConfig
from pointsman_train.train.stage import TrainConfig, train

TEXTS = ["What is 17 * 23?", "", "Write a poem.", "word " * 400]


@pytest.fixture(scope="module")
def prepared(trained):
    return trained.result.prepared


def quick(**settings):
    few = BoosterConfig(trees=15)
    return TrainConfig(pooled=PooledConfig(few), complexity=ComplexityConfig(few), **settings)


def texts(router):
    return Graph(router_graph(router).SerializeToString()).predict(TEXTS)


def with_outcomes(labelled, rows, success):
    """Change the outcomes of some rows, and their labels to unknown."""
    changed, score = labelled.success.copy(), labelled.outcomes.score.copy()
    changed[rows], score[rows] = success, success
    return replace(
        labelled,
        outcomes=replace(labelled.outcomes, score=score),
        success=changed,
        label=np.where(rows, UNKNOWN_LABEL, labelled.label),
    )


def test_the_test_part_is_never_read(prepared):
    test = prepared.split.rows("test")
    spoiled = with_outcomes(prepared.labelled, test, 1.0)
    prompts = ["other" if out else prompt for prompt, out in zip(spoiled.outcomes.prompt, test, strict=True)]
    costs = np.where(test[:, None], 1e6, spoiled.outcomes.cost_usd)
    spoiled = replace(spoiled, outcomes=replace(spoiled.outcomes, prompt=prompts, cost_usd=costs))
    one, other = (train(labelled, prepared.split, 3, quick()) for labelled in (prepared.labelled, spoiled))
    assert router_graph(one).SerializeToString() == router_graph(other).SerializeToString()
    assert one.operating_points == other.operating_points
    np.testing.assert_array_equal(one.mean_score, other.mean_score)


def test_training_twice_gives_the_same_file(prepared, trained):
    config = trained.config
    again = train(prepared.labelled, prepared.split, config.split.folds, config.train)
    assert router_graph(again).SerializeToString() == trained.onnx


def test_descriptors_are_means_over_the_training_prompts_that_every_model_answered(prepared, trained):
    kept = prepared.split.rows("train", "calibration")
    success = prepared.labelled.success[kept]
    complete = ~np.isnan(success).any(axis=1)
    np.testing.assert_allclose(trained.router.descriptors.success_rate, success[complete].mean(axis=0))
    np.testing.assert_allclose(trained.router.mean_score, prepared.labelled.outcomes.score[kept][complete].mean(axis=0))
    expected = mean_costs(prepared.labelled.outcomes.take(kept))
    np.testing.assert_allclose(trained.router.descriptors.mean_cost, expected)
    assert trained.router.best_single == int(np.argmax(trained.router.mean_score))


def test_a_holdout_keeps_the_calibration_part_from_the_heads(prepared):
    config = quick(calibration=CalibrationConfig(fit_on="holdout"))
    router = train(prepared.labelled, prepared.split, 3, config)
    assert len(router.features) == prepared.split.counts()["train"]
    held = prepared.split.rows("calibration")
    spoiled = train(with_outcomes(prepared.labelled, held, [0.0, 1.0, 0.0]), prepared.split, 3, config)
    np.testing.assert_array_equal(router.features, spoiled.features)
    np.testing.assert_array_equal(router.success.margins(router.features), spoiled.success.margins(router.features))
    assert (router.success_calibration.bias != spoiled.success_calibration.bias).any()


def test_without_calibration_probabilities_are_those_of_the_booster(prepared):
    router = train(prepared.labelled, prepared.split, 3, quick(calibration=CalibrationConfig(success="none")))
    found = texts(router)
    np.testing.assert_allclose(found.p_success, expit(router.success.margins(found.features)), atol=1e-12)


def test_calibrated_probabilities_meet_the_success_rates_of_the_training_prompts(prepared, trained):
    kept = prepared.split.rows("train", "calibration")
    rates = np.nanmean(prepared.labelled.success[kept], axis=0)
    np.testing.assert_allclose(trained.router.p_success(trained.router.features).mean(axis=0), rates, atol=0.06)


def test_a_label_that_never_occurs_has_the_probability_0_in_the_graph_too(fleet_outcomes, prepared):
    labelled = label(fleet_outcomes, LabelConfig(all_fail="cheapest"))
    router = train(labelled, prepared.split, 3, quick())
    assert router.complexity.classes == (0, 1, 2)
    found = texts(router)
    assert found.p_label[:, 3].tolist() == [0.0] * 4
    np.testing.assert_allclose(found.p_label.sum(axis=1), 1.0)
    np.testing.assert_allclose(router.p_label(found.features), found.p_label, atol=1e-12)
    check_parity(router, router_graph(router).SerializeToString(), TEXTS)


def test_one_label_only_is_nothing_to_learn(prepared):
    success = np.ones_like(prepared.labelled.success)
    same = replace(prepared.labelled, success=success, label=np.zeros(len(success), np.int64))
    expected = "the training prompts have one label only, 'SmolLM2-135M-Instruct': there is nothing to learn"
    with pytest.raises(LabelError, match=re.escape(expected)):
        train(same, prepared.split, 3, quick())


def test_a_model_without_a_known_outcome_is_named(prepared):
    success = prepared.labelled.success.copy()
    success[:, 1] = np.nan
    never = replace(prepared.labelled, success=success)
    expected = "no known outcome for ['Qwen2.5-Coder-0.5B-Instruct'] among the training prompts; take them out"
    with pytest.raises(PoolError, match=re.escape(expected)):
        train(never, prepared.split, 3, quick())


def test_prompts_of_which_none_was_answered_by_all_models_cannot_fit_operating_points(prepared):
    success = prepared.labelled.success.copy()
    success[np.arange(len(success)), np.arange(len(success)) % 3] = np.nan
    sparse = replace(prepared.labelled, success=success, outcomes=replace(prepared.labelled.outcomes, score=success))
    with pytest.raises(LabelError, match="has an outcome of every model, so no operating point can be fitted"):
        train(sparse, prepared.split, 3, quick())


def test_an_unknown_formulation_lists_the_known_ones():
    with pytest.raises(ConfigError, match=re.escape("train.formulation must be one of ['pooled'], got 'forest'")):
        TrainConfig(formulation="forest").check()


@pytest.mark.parametrize("where", ["pooled", "complexity"])
def test_settings_of_both_boosters_are_checked(where):
    config = TrainConfig()
    getattr(config, where).booster.trees = 0
    with pytest.raises(ConfigError, match=f"train.{where}.booster.trees must be 1 or more, got 0"):
        config.check()

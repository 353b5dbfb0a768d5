from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from pointsman.decide import Rule
from pointsman.graph import Graph
from pointsman_train.data import UNKNOWN_LABEL
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.export.parity import check_parity
from pointsman_train.featurize.blocks import EmbeddingConfig, FeaturesConfig
from pointsman_train.label import LabelConfig, label
from pointsman_train.label.ladder import mean_costs
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, CalibrationConfig
from pointsman_train.train.complexity import ComplexityConfig
from pointsman_train.train.formulations import BOOSTED, FORMULATIONS
from pointsman_train.train.guard import GuardConfig
from pointsman_train.train.operating_points import Target
from pointsman_train.train.rules import RuleConfig
from pointsman_train.train.stage import TrainConfig, train

TEXTS = ["What is 17 * 23?", "", "Write a poem.", "word " * 400]


@pytest.fixture(scope="module")
def prepared(trained):
    return trained.result.prepared


def quick(**settings):
    few = BoosterConfig(trees=15)
    return TrainConfig(pooled=BoostedConfig(few), complexity=ComplexityConfig(few), **settings)


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
    assert (router.success_calibration.affine.bias != spoiled.success_calibration.affine.bias).any()


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


@pytest.mark.parametrize("name", FORMULATIONS)
def test_a_router_of_any_formulation_is_what_its_graph_computes(name, prepared):
    config = quick(formulation=name, features=FeaturesConfig(embedding=EmbeddingConfig(columns=True)))
    for boosted in BOOSTED:
        getattr(config, boosted).booster.trees = 15
    router = train(prepared.labelled, prepared.split, 3, config)
    check_parity(router, router_graph(router).SerializeToString(), TEXTS)
    assert router.p_success(router.features).std(axis=0).min() > 0.01


@pytest.mark.parametrize("name", SUCCESS_CALIBRATIONS)
def test_a_router_of_any_calibration_is_what_its_graph_computes(name, prepared):
    router = train(prepared.labelled, prepared.split, 3, quick(calibration=CalibrationConfig(success=name)))
    check_parity(router, router_graph(router).SerializeToString(), TEXTS)


@pytest.mark.parametrize("where", ["pooled", "difference", "complexity"])
def test_settings_of_every_booster_are_checked(where):
    config = TrainConfig()
    getattr(config, where).booster.trees = 0
    with pytest.raises(ConfigError, match=f"train.{where}.booster.trees must be 1 or more, got 0"):
        config.check()


def test_the_guard_is_fitted_on_prompts_that_did_not_help_to_place_the_clusters(prepared, trained):
    router, kept = trained.router, prepared.split.rows("train", "calibration")
    prompts = [p for p, inside in zip(prepared.labelled.outcomes.prompt, kept, strict=True) if inside]
    similarity = router.featurizer.transform_all(prompts)[1].astype(float)
    assert router.guard.fallback == router.best_single
    # The training prompts are nearer to their own clusters than the twentieth part of others that sets the threshold.
    assert min(similarity) - 0.5 < router.guard.threshold < np.quantile(similarity, 0.05)


@pytest.mark.parametrize("off", ["guard", "embedding"])
def test_without_a_guard_or_an_embedding_every_prompt_is_decided_by_its_probabilities(prepared, off):
    config = quick()
    if off == "guard":
        config.guard.enabled = False
    else:
        config.features.embedding.dimensions = 0
    router = train(prepared.labelled, prepared.split, 3, config)
    assert router.guard is None
    assert texts(router).similarity is None
    check_parity(router, router_graph(router).SerializeToString(), TEXTS)


def test_the_fallback_is_the_model_that_the_settings_name(prepared):
    config = quick(guard=GuardConfig(fallback="SmolLM2-135M-Instruct", quantile=0.5))
    router = train(prepared.labelled, prepared.split, 3, config)
    assert router.guard.fallback == 0
    # Half of the prompts go to the cheapest model whatever lambda is, so the word cannot be kept.
    assert router.operating_points["no_loss"].rule == Rule("utility", 0.0, caution=0.2)


def test_a_fallback_that_is_no_model_of_the_pool_is_named_before_any_prompt_is_featurized(prepared, monkeypatch):
    monkeypatch.setattr("pointsman_train.train.stage.fit_featurizer", None)
    with pytest.raises(ConfigError, match=r"train\.guard\.fallback is 'nobody', expected one of"):
        train(prepared.labelled, prepared.split, 3, quick(guard=GuardConfig(fallback="nobody")))


def test_operating_points_of_a_holdout_are_fitted_with_the_guard_too(prepared):
    config = quick(calibration=CalibrationConfig(fit_on="holdout"), guard=GuardConfig(quantile=0.9))
    guarded = train(prepared.labelled, prepared.split, 3, config)
    config.guard.enabled = False
    free = train(prepared.labelled, prepared.split, 3, config)
    # Nine prompts of ten go to the best single model, so nothing is left to lose at a higher price.
    assert guarded.operating_points["balanced"].rule.lam > free.operating_points["balanced"].rule.lam


@pytest.mark.parametrize("kind", ["threshold", "conservative"])
def test_operating_points_are_fitted_for_the_rule_that_is_set(prepared, kind):
    router = train(prepared.labelled, prepared.split, 3, quick(rule=RuleConfig(kind)))
    rules = [point.rule for point in router.operating_points.values()]
    assert {rule.kind for rule in rules} == {kind}
    if kind == "threshold":
        assert {rule.lam for rule in rules} == {0.0}
        assert all(0 < rule.threshold <= 1 for rule in rules)
    else:
        assert all(0 <= rule.hold <= 2 + rule.lam + rule.caution for rule in rules)
    check_parity(router, router_graph(router).SerializeToString(), TEXTS)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [("rule", "kind", "x"), ("guard", "quantile", 1.0), ("rule", "fallback_lam", -1.0), ("rule", "caution", 2.0)],
)
def test_settings_of_rule_and_guard_are_checked(section, name, value):
    config = TrainConfig()
    setattr(getattr(config, section), name, value)
    with pytest.raises(ConfigError, match=f"train.{section}.{name} must"):
        config.check()


def test_a_fixed_point_of_a_threshold_rule_is_checked_as_a_threshold():
    config = TrainConfig(rule=RuleConfig("threshold"))
    config.operating_points.points["balanced"] = Target("fixed", 1.5)
    with pytest.raises(ConfigError, match=r"operating point 'balanced' \(fixed\) has the value 1.5, expected 0 to 1"):
        config.check()

"""Outcomes that stand for several: what is learned from them is learned as from several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from pointsman_train.evaluate.conformal import bound, controlled
from pointsman_train.featurize.codebook import learn_centres, success_rates
from pointsman_train.featurize.stack import fit_scores
from pointsman_train.featurize.vectors import fit_vectors
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS
from pointsman_train.train.fill import filled_scores
from pointsman_train.train.formulations import FORMULATIONS, FormulationConfig
from pointsman_train.train.joining import mix_of
from pointsman_train.train.label_shares import weigh_labels
from pointsman_train.train.learner import DifferenceOf, LabelOf, SuccessOf
from pointsman_train.train.operating_points import OperatingPointsConfig, Target, fit_points
from pointsman_train.train.rules import Evidence, RuleConfig
from pointsman_train.train.success import Targets

NAN = np.nan
COUNTS = np.array([1.0, 3.0, 2.0])
# Success rates by kind of prompt (rows) and model.
RATES = np.array([[0.5, 0.7, 0.8], [0.3, 0.5, 0.6], [0.2, 0.4, 0.7]])


@pytest.fixture
def climbed(make_task, make_targets):
    """A task whose second and third model were asked where the cheaper ones had failed, and about a tenth besides.

    What the features do not tell of a prompt makes it easy or hard for all models.
    """
    task, rng = make_task(n=3_000, seed=1), np.random.default_rng(2)
    kind = task.features[:, task.layout.columns("embedding")][:, :3].argmax(axis=1)
    success = (rng.random((3_000, 1)) < RATES[kind]).astype(float)
    task = replace(task, targets=make_targets(success))
    failed_so_far = np.cumsum(success, axis=1) - success == 0
    asked = failed_so_far | (rng.random((len(success), 1)) < 0.1)
    counts = np.where(asked & ~failed_so_far, 10.0, 1.0)
    known = np.where(asked, success, NAN)
    label = task.targets.label
    return task, Targets(known, known, asked.astype(int), label, None, counts)


@pytest.fixture
def standing():
    """Sixty outcomes of two models with their counts, and the same with each repeated so many times."""
    rng = np.random.default_rng(0)
    counts = np.repeat(np.tile(COUNTS, 20)[:, None], 2, axis=1)
    index = np.repeat(np.arange(60), counts[:, 0].astype(int))
    margins = rng.normal(size=(60, 2))
    success = (margins + rng.normal(size=(60, 2)) > 0).astype(float)
    return margins, success, counts, index


@pytest.mark.parametrize("name", [name for name in SUCCESS_CALIBRATIONS if name != "none"])
def test_a_calibration_is_that_of_outcomes_repeated(name, standing):
    margins, success, counts, index = standing
    own = SUCCESS_CALIBRATIONS[name](margins, success, counts)
    other = SUCCESS_CALIBRATIONS[name](margins[index], success[index])
    # The isotonic one keeps away from 0 and 1 by the number of outcomes that there are.
    np.testing.assert_allclose(
        own.success_probability(margins), other.success_probability(margins), atol=0.012 if name == "isotonic" else 1e-4
    )
    plain = SUCCESS_CALIBRATIONS[name](margins, success)
    assert np.abs(own.success_probability(margins) - plain.success_probability(margins)).max() > 0.02


def test_word_and_vector_scores_and_success_rates_are_those_of_outcomes_repeated(standing):
    embedded, success, counts, index = standing
    vocabulary = Vocabulary(("a", "b"), {"a": 1, "b": 2}, (), np.array([1.0, 2.0]))
    presence, fold = sp.csr_array((embedded > 0).astype(float)), np.arange(60) % 2
    for weighted, repeated in (
        (
            fit_scores(presence, vocabulary, success, fold, 1.0, counts),
            fit_scores(presence[index], vocabulary, success[index], fold[index], 1.0),
        ),
        (
            fit_vectors(embedded, success, fold, 1.0, counts),
            fit_vectors(embedded[index], success[index], fold[index], 1.0),
        ),
    ):
        np.testing.assert_allclose(weighted.weights, repeated.weights, atol=1e-3)
        np.testing.assert_allclose(weighted.bias, repeated.bias, atol=1e-3)
    centres = learn_centres(embedded, 3, 0)
    np.testing.assert_allclose(
        success_rates(embedded, centres, success, fold, 2.0, counts),
        success_rates(embedded[index], centres, success[index], fold[index], 2.0),
    )


def test_a_mix_is_that_of_outcomes_repeated(standing):
    margins, success, counts, _ = standing
    # So few that the model is partly known, with or without what they stand for.
    success[12:, 1] = NAN
    own, other = mix_of(margins, success, counts), mix_of(margins, success)
    assert own is not None
    assert other is not None
    assert np.abs(own.weight[:, 1] - other.weight[:, 1]).max() > 0.01


def test_what_a_booster_learns_counts_what_outcomes_stand_for():
    success = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, NAN]])
    counts = np.array([[1.0, 4.0], [1.0, 1.0], [1.0, 1.0]])
    targets = Targets(success, success, np.array([[1, 2], [1, 1], [3, 0]]), np.array([0, 1, 0]), None, counts)
    assert SuccessOf(1)(targets).weight.tolist() == [8.0, 1.0]
    # Of one and two answers the harmonic mean is 4/3, and the less likely outcome tells how often it counts.
    assert DifferenceOf(0, 1)(targets).weight == pytest.approx([16 / 3, 1.0])
    assert targets.weight.tolist() == [[1.0, 8.0], [1.0, 1.0], [3.0, 0.0]]
    assert targets.successes.tolist() == [[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]
    assert targets.take(np.array([True, False, True])).stands_for.tolist() == [[1.0, 4.0], [1.0, 1.0]]


def test_a_label_counts_as_the_outcomes_up_to_the_first_success_do():
    success = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    counts = np.array([[1.0, 5.0, 5.0], [1.0, 2.0, 5.0], [1.0, 2.0, 3.0]])
    targets = Targets(success, success, np.ones((3, 3), int), np.array([0, 1, 3]), None, counts)
    assert targets.label_weight.tolist() == [1.0, 2.0, 3.0]
    assert LabelOf((0, 1, 3))(targets).weight.tolist() == [1.0, 2.0, 3.0]
    assert weigh_labels(targets, None, (0, 1, 3)).weight.tolist() == [1.0, 2.0, 3.0]
    assert replace(targets, stands_for=None).label_weight.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "name", ["pooled", "per_model", "difference", "average", "linear", "mlp", "neighbours", "cohort"]
)
def test_each_formulation_tells_how_often_models_succeed_on_all_prompts(name, climbed):
    task, targets = climbed
    truth = task.targets.success.mean(axis=0)
    config = FormulationConfig()
    config.neighbours.tuning_prompts = 100

    def told(given):
        p = 1 / (1 + np.exp(-task.fit(FORMULATIONS[name](config), targets=given).margins(task.features)))
        return np.abs(p.mean(axis=0) - truth)[1:]

    assert (told(targets) < 0.1).all()
    assert told(replace(targets, stands_for=None)).max() > 0.1


def test_scores_that_are_expected_wrongly_are_mended_by_those_that_are_known():
    errors = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score = (rng.random((800, 2)) < [0.6, 0.8]).astype(float)
        easy, drawn = score[:, 0] == 1, rng.random(800) < 0.25
        counts = np.column_stack([np.ones(800), np.where(easy & drawn, 4.0, 1.0)])
        known = np.column_stack([score[:, 0], np.where(easy & ~drawn, NAN, score[:, 1])])
        p = np.full((800, 2), 0.3)  # far from right
        some = rng.random(800) < 0.5  # any set of prompts that is chosen without a look at the outcomes
        errors.append((filled_scores(known, known, p, counts) - score)[some].mean(axis=0))
    error = np.std(errors, axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(np.mean(errors, axis=0)) <= 3.5 * error).all()
    assert error.max() < 0.01
    known = np.array([[1.0, NAN], [0.0, 1.0]])
    filled = filled_scores(known, known, np.full((2, 2), 0.5), np.array([[1.0, 1.0], [1.0, 3.0]]))
    assert filled.tolist() == [[1.0, 0.5], [0.0, 2.0]]


def test_operating_points_of_a_climbed_ladder_are_those_of_all_prompts():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.2, 0.95, (40_000, 1)) ** [1.6, 0.5]
    score = (rng.random(p.shape) < p).astype(float)
    easy, drawn = score[:, 0] == 1, rng.random(len(p)) < 0.2
    known = np.column_stack([score[:, 0], np.where(easy & ~drawn, NAN, score[:, 1])])
    counts = np.column_stack([np.ones(len(p)), np.where(easy & drawn, 5.0, 1.0)])
    config = OperatingPointsConfig({"x": Target("max_loss", 0.05)}, "x")

    def lam(given):
        evidence = Evidence(p, given, np.array([1.0, 4.0]), 1)
        return fit_points(evidence, config, RuleConfig(caution=0.0), None)["x"].rule.lam

    assert lam(filled_scores(known, known, p, counts)) == pytest.approx(lam(score), rel=0.1)
    # The prompts that all were asked about are those where the cheap one fails: it is hardly ever good enough.
    assert lam(known) < 0.85 * lam(score)


def test_under_routing_counts_what_prompts_stand_for():
    p = np.array([[0.9, 0.9], [0.5, 0.8], [0.2, 0.8], [0.1, 0.85]])
    score = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0]])

    def cheap(counts):
        evidence = Evidence(p, score, np.array([1.0, 4.0]), 1, success=score, stands_for=counts)
        config = OperatingPointsConfig({"x": Target("max_under_routing", 0.25)}, "x")
        rule = fit_points(evidence, config, RuleConfig(caution=0.0), None)["x"].rule
        return int((p - rule.lam * np.array([0.25, 1.0])).argmax(axis=1).tolist().count(0))

    assert cheap(None) == cheap(np.ones((4, 2))) == 3
    # The third prompt, lost when it goes to the cheap model, stands for six of fourteen.
    assert cheap(np.array([[1.0, 4.0], [1.0, 3.0], [1.0, 6.0], [1.0, 1.0]])) == 2


def test_a_loss_that_stands_for_several_is_a_loss_repeated_but_for_the_prompt_to_come():
    loss = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
    counts = np.array([2.0, 3.0, 1.0])
    assert bound(loss, None, counts).tolist() == [3 / 9, 6 / 9]  # the prompt to come stands for three at the most
    assert bound(loss, np.array([0, 0, 1]), counts).tolist() == [5 / 11, 8 / 11]
    assert bound(loss, None, np.ones(3)).tolist() == bound(loss).tolist()


@pytest.mark.parametrize("target", [0.1, 0.3])
def test_the_expected_loss_is_at_most_the_target_where_hard_prompts_were_sought_out(target):
    grid, risks, plain = np.arange(101) / 100, [], []
    for seed in range(1_500):
        rng = np.random.default_rng(seed)
        difficulty = rng.random(300)
        easy = difficulty > 0.5
        kept = ~easy | (rng.random(300) < 0.2)
        loss = (difficulty[kept, None] < grid).astype(float)
        counts = np.where(easy, 5.0, 1.0)[kept]
        k, other = controlled(loss, target, None, counts), controlled(loss, target)
        risks.append(0.0 if k is None else grid[k])
        plain.append(0.0 if other is None else grid[other])
    error = np.std(risks) / np.sqrt(len(risks))
    assert np.mean(risks) <= target + 3 * error
    assert np.mean(risks) > target - 0.05
    assert np.mean(plain) < target - 0.03  # taken as they are, hard prompts make it timid

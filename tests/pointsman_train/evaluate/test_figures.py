from __future__ import annotations

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.baselines import baselines
from pointsman_train.evaluate.bootstrap import paired_difference, weights_of
from pointsman_train.evaluate.figures import evaluate, flatten
from pointsman_train.evaluate.router import Blend, Choice, Router
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.evaluate.testset import TestSet

# Bins, ties and the half-cost point are fixed on the test set, so a resample is no test set of its own.
FIXED_ON_THE_TEST_SET = re.compile(r"ece|_half_cost$|_binned$|^cpt")
ISSUE_NAMES = [
    "boundary_accuracy",
    "boundary_label_accuracy",
    "label_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "hull_gain",
    "aiq",
    "apgr",
    "cs90",
    "cost_save_at_best_single",
    "auc_macro",
    "brier",
    "ece",
]


@pytest.fixture(scope="module", params=[2, 3, 5])
def case(request, make):
    testset, p_success = make(n_prompts=150, n_models=request.param, seed=request.param)
    lambdas = lambda_grid(testset.train_mean_cost, points=30)
    p_label = np.random.default_rng(0).dirichlet(np.ones(request.param + 1), 150)
    return testset, route(testset, p_success, lambdas, 0.2, p_label)


def _rows(testset: TestSet, index: np.ndarray) -> TestSet:
    kept = {"models", "train_mean_cost", "train_mean_score", "source", "boundary_margin", "stands_for"}
    taken = {f.name: getattr(testset, f.name)[index] for f in fields(TestSet) if f.name not in kept}
    return replace(testset, source=[testset.source[i] for i in index], **taken)


def _router_rows(router: Router, index: np.ndarray) -> Router:
    def rows(point):
        if isinstance(point, Blend):
            return point
        return Choice(point.choice[index], None if point.margin is None else point.margin[index])

    return Router(
        tuple(rows(point) for point in router.sweep),
        rows(router.default),
        router.default_lambda,
        None if router.p_success is None else router.p_success[index],
        None if router.p_label is None else router.p_label[index],
    )


def _values(figures):
    return {name: figure.value for name, figure in figures.items()}


def test_every_name_that_the_issue_asks_for_is_there(case, few_weights):
    testset, router = case
    figures = evaluate(testset, router, few_weights(testset))

    assert set(ISSUE_NAMES) <= set(figures)
    for name, figure in figures.items():
        assert figure.resampled.shape == (21,), name
        assert 0 <= figure.n <= 150, name


def test_a_resample_is_the_test_set_with_prompts_repeated(case, few_weights):
    testset, router = case
    weights = few_weights(testset)
    figures = evaluate(testset, router, weights)

    for row in (1, 2, 3):
        index = np.repeat(np.arange(150), weights[row].astype(int))
        repeated = evaluate(
            _rows(testset, index), _router_rows(router, index), np.ones((2, len(index)), dtype=np.float32)
        )
        for name, figure in figures.items():
            if not FIXED_ON_THE_TEST_SET.search(name):
                assert figure.resampled[row] == pytest.approx(repeated[name].value, nan_ok=True), name


def test_a_prompt_that_stands_for_several_is_as_good_as_several(case):
    testset, router = case
    counts = np.random.default_rng(2).integers(1, 4, 150)
    index = np.repeat(np.arange(150), counts)
    standing, repeated = replace(testset, stands_for=counts.astype(float)), _rows(testset, index)
    again = _router_rows(router, index)
    figures = evaluate(standing, router, weights_of(standing, resamples=20))
    # Copies share their group, and groups are drawn: the draws are the same.
    others = evaluate(repeated, again, weights_of(repeated, resamples=20))
    for name, figure in figures.items():
        if not FIXED_ON_THE_TEST_SET.search(name) or name.endswith("_half_cost"):
            assert figure.resampled == pytest.approx(others[name].resampled, nan_ok=True, rel=1e-6, abs=1e-9), name
            assert [figure.low, figure.high] == pytest.approx([others[name].low, others[name].high], nan_ok=True), name
            assert figure.n <= 150
    made, more = (baselines(one, lambda_grid(one.train_mean_cost, 30), 0.2) for one in (standing, repeated))
    for name in made:
        here = evaluate(standing, made[name], weights_of(standing, resamples=2))["quality"].value
        there = evaluate(repeated, more[name], weights_of(repeated, resamples=2))["quality"].value
        assert here == pytest.approx(there), name


def test_weights_that_do_not_count_what_prompts_stand_for_are_refused(case, few_weights):
    testset, router = case
    standing = replace(testset, stands_for=np.full(150, 2.0))
    with pytest.raises(ConfigError, match="what each prompt stands for; make them with weights_of"):
        evaluate(standing, router, few_weights(testset))


def test_permuting_the_prompts_changes_nothing(case):
    testset, router = case
    index = np.random.default_rng(1).permutation(150)
    once = np.ones((2, 150), dtype=np.float32)

    there = _values(evaluate(testset, router, once))
    here = _values(evaluate(_rows(testset, index), _router_rows(router, index), once))
    assert here == pytest.approx(there, nan_ok=True)


def test_scaling_all_costs_changes_only_what_is_in_dollars(case, few_weights):
    testset, router = case
    weights = few_weights(testset)
    scaled = replace(testset, cost_usd=testset.cost_usd * 1e-3, train_mean_cost=testset.train_mean_cost * 1e-3)
    rerouted = route(
        scaled,
        router.p_success,
        lambda_grid(scaled.train_mean_cost, 30),
        router.default_lambda,
        router.p_label,
    )

    there, here = evaluate(testset, router, weights), evaluate(scaled, rerouted, weights)
    for name, figure in there.items():
        factor = 1e-3 if "cost_usd" in name or "lost_usd" in name else 1.0
        np.testing.assert_allclose(here[name].resampled, figure.resampled * factor, rtol=1e-7, atol=1e-12)


def test_the_same_seed_gives_the_same_figures(case, few_weights):
    testset, router = case
    first, second = (evaluate(testset, router, few_weights(testset)) for _ in range(2))

    assert str(first) == str(second)


def test_baselines_have_the_figures_that_they_can_have(case, few_weights):
    testset, router = case
    weights = few_weights(testset)
    made = baselines(testset, lambda_grid(testset.train_mean_cost, 30), 0.2)
    figures = {name: evaluate(testset, baseline, weights) for name, baseline in made.items()}

    assert figures["oracle"]["hull_gain"].value == pytest.approx(1.0)
    assert figures["random_mix"]["hull_gain"].value == pytest.approx(0.0, abs=1e-9)
    assert figures["best_single"]["quality_gain"].value == 0.0
    assert figures["dearest"]["under_routing_rate"].value == 0.0
    assert figures["cheapest"]["boundary_accuracy"].value == 0.0
    assert figures["oracle"]["boundary_exact"].value == 1.0
    assert "auc_macro" not in figures["cheapest"]
    assert "auc_macro" in figures["source_oracle"]
    assert "label_accuracy" not in figures["source_oracle"]
    gap = paired_difference(figures["oracle"]["quality"], evaluate(testset, router, weights)["quality"])
    assert gap.low >= 0


def test_the_two_model_figures_are_only_for_two_models(case, few_weights):
    testset, router = case
    figures = evaluate(testset, router, few_weights(testset))

    assert ("apgr_binned" in figures) == (len(testset.models) == 2)


def test_flat_names_carry_the_interval(hand, hand_router):
    figures = evaluate(hand, hand_router, np.ones((3, 6), dtype=np.float32))
    flat = flatten("baseline/cheapest", figures)

    assert len(flat) == 3 * len(figures)
    assert flat["baseline/cheapest/hull_gain"] == pytest.approx(6 / 17)
    assert flat["baseline/cheapest/hull_gain_low"] == pytest.approx(6 / 17)
    assert flat["baseline/cheapest/hull_gain_high"] == pytest.approx(6 / 17)


def test_the_default_and_the_half_cost_point_have_figures_of_their_own(hand, once):
    small, medium, large = (Choice(np.full(6, rung)) for rung in range(3))
    figures = evaluate(hand, Router((large, medium, small), large, 0.0), np.vstack([once, once]))

    # Half-way between 1 and 4 dollars: the large model for a quarter of the prompts, the medium one for the others.
    assert (figures["cost_usd"].value, figures["cost_usd_half_cost"].value) == (4.0, 2.5)
    assert figures["boundary_exact"].value == pytest.approx(1 / 3)
    assert figures["boundary_exact_half_cost"].value == pytest.approx(1 / 4 * 1 / 3 + 3 / 4 * 2 / 3)
    # Regret and oracle gap are at the default: the large model misses prompt 5, and the oracle is right on five.
    assert figures["regret"].value == pytest.approx(1 / 6)
    assert figures["oracle_gap"].value == pytest.approx(1 / 6)


def test_without_boundary_prompts_their_figures_are_undefined(hand, hand_router):
    easy = replace(hand, score=np.ones((6, 3)), success=np.ones((6, 3), bool), label=np.zeros(6, int))
    figures = evaluate(easy, hand_router, np.ones((3, 6), dtype=np.float32))

    assert np.isnan(figures["boundary_accuracy"].value)
    assert np.isnan(figures["boundary_exact_half_cost"].value)
    assert figures["boundary_accuracy"].n == 0
    assert figures["under_routing_rate"].value == 0.0


def test_weights_must_hold_the_test_set_itself_first(hand, hand_router):
    with pytest.raises(ConfigError, match=r"weights have the shape \(2, 6\), expected .* first row of ones"):
        evaluate(hand, hand_router, np.zeros((2, 6), dtype=np.float32))


def test_probabilities_of_another_shape_are_refused(hand, hand_router):
    wrong = replace(hand_router, p_label=np.ones((6, 3)))

    with pytest.raises(DataError, match=re.escape("p_label has the shape (6, 3), expected (6, 4)")):
        evaluate(hand, wrong, np.ones((2, 6), dtype=np.float32))


def test_the_share_of_unfamiliar_prompts_has_its_interval(hand, hand_router):
    unfamiliar = np.array([True, False, False, True, False, False])
    weights = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 2, 2, 0, 0], [0, 3, 0, 0, 3, 0]], dtype=np.float32)
    figures = evaluate(hand, replace(hand_router, unfamiliar=unfamiliar), weights)

    np.testing.assert_allclose(figures["unfamiliar_share"].resampled, [1 / 3, 2 / 3, 0.0])
    assert "unfamiliar_share" not in evaluate(hand, hand_router, weights)

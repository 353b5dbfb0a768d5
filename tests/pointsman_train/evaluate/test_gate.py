from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.baselines import constant, source_oracle
from pointsman_train.evaluate.bootstrap import Estimate, estimate, resample_weights
from pointsman_train.evaluate.compare import Row, compare
from pointsman_train.evaluate.figures import operating_figures
from pointsman_train.evaluate.gate import Condition, GateConfig, failed, gate
from pointsman_train.evaluate.router import Choice, Router
from pointsman_train.evaluate.testset import TestSet

LLMROUTER = ("gemma-2-9b-it", "llama-3.1-8b-instruct", "llama-3.1-nemotron-51b-instruct")


def _row(low, high, metric="boundary_accuracy", baseline=0.5):
    """A row whose improvement has this interval; its figure is good when high."""
    value = (low + high) / 2
    ends = Estimate(value, low, high, 100, np.array([value]))
    a = Estimate(baseline, 0.4, 0.6, 100, np.array([baseline]))
    return Row(metric, a, replace(a, value=baseline + value), ends, "")


def _passes(row, rule, tolerance=0.0, relative=False):
    (check,) = gate([row], GateConfig({"only": Condition(row.metric, rule, tolerance, relative)}))
    return check.passed


@pytest.mark.parametrize(
    ("low", "high", "passing"),
    [
        # shown better, better with an end at 0, identical, cannot tell, worse with an end at 0, shown worse
        (0.01, 0.03, {"better", "better_or_equal", "not_worse", "not_shown_worse"}),
        (0.0, 0.03, {"better_or_equal", "not_worse", "not_shown_worse"}),
        (0.0, 0.0, {"better_or_equal", "not_worse", "not_shown_worse"}),
        (-0.01, 0.03, {"not_shown_worse"}),
        (-0.03, 0.0, {"not_shown_worse"}),
        (-0.03, -0.01, set()),
    ],
)
def test_what_each_rule_lets_pass(low, high, passing):
    rules = ("better", "better_or_equal", "not_worse", "not_shown_worse")

    assert {rule for rule in rules if _passes(_row(low, high), rule)} == passing


def test_a_tolerance_lets_pass_what_is_shown_to_be_worse_by_no_more():
    assert _passes(_row(-0.01, 0.02), "not_worse", 0.01)
    assert not _passes(_row(-0.011, 0.02), "not_worse", 0.01)
    # Shown to be worse, but by less than would matter.
    assert _passes(_row(-0.009, -0.001), "not_worse", 0.01)
    assert _passes(_row(-0.03, -0.01), "not_shown_worse", 0.01)
    assert not _passes(_row(-0.03, -0.011), "not_shown_worse", 0.01)


def test_a_relative_tolerance_is_a_share_of_the_baselines_figure():
    row = _row(-0.0002, 0.0001, "quality", baseline=0.004)

    assert not _passes(row, "not_worse", 0.04, relative=True)
    assert _passes(row, "not_worse", 0.05, relative=True)


def test_a_figure_that_is_good_when_low_is_turned():
    assert _passes(_row(-0.03, -0.01, "under_routing_rate"), "better")
    assert not _passes(_row(0.01, 0.03, "under_routing_rate"), "better_or_equal")


def test_an_undefined_difference_passes_nothing_and_says_why():
    row = replace(_row(0.1, 0.2), difference=Estimate(np.nan, np.nan, np.nan, 0, np.array([np.nan])))
    (check,) = gate([row], GateConfig({"only": Condition(rule="not_shown_worse", tolerance=1.0)}))

    assert not check.passed
    assert check.reason.endswith(
        "the difference has no interval, so 'not_shown_worse' cannot be shown; bring more prompts"
    )


def test_a_failed_condition_says_so_with_its_numbers():
    rows = [_row(-0.03, -0.01), _row(0.01, 0.02, "quality")]
    config = GateConfig({"edge": Condition(tolerance=0.005), "all": Condition("quality", "better")})
    edge, everything = gate(rows, config)

    assert (edge.improvement, edge.low, edge.high, edge.required) == (-0.02, -0.03, -0.01, -0.005)
    assert edge.reason == (
        "boundary_accuracy is 0.48 against 0.5, improved by -0.02 [-0.03, -0.01]: "
        "'not_worse' asks for a low end of at least -0.005, which fails"
    )
    assert everything.reason.endswith("'better' asks for a low end of above 0, which holds")
    assert failed([edge, everything]) == (edge,)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition(rule="best"), r"gate.x has the rule 'best', expected one of"),
        (Condition("dearest_share"), r"gate.x asks for 'dearest_share', which is good neither high nor low"),
        (Condition("accuracy"), r"'accuracy' is not a figure"),
        (Condition(tolerance=-0.1), r"gate.x has the tolerance -0.1, expected a number, 0 or more"),
        (Condition(tolerance=np.nan), r"gate.x has the tolerance nan"),
        (Condition(rule="better_or_equal", tolerance=0.1), r"gate.x has a tolerance, which 'better_or_equal' does not"),
        (Condition("hull_gain"), r"gate.x asks for 'hull_gain', expected one of \['boundary_accuracy'\]"),
    ],
)
def test_a_gate_that_cannot_be_is_refused(condition, message):
    with pytest.raises(ConfigError, match=message):
        gate([_row(0, 0)], GateConfig({"x": condition}))


def test_a_gate_without_conditions_is_refused():
    with pytest.raises(ConfigError, match="would let everything pass"):
        gate([_row(0, 0)], GateConfig({}))


def _figures(testset, point, weights):
    return operating_figures(testset, Router((point,), point, 0.1), weights)


def test_an_identical_candidate_passes_the_default_gate_and_a_clearly_worse_one_fails_every_condition(make):
    testset, _ = make(n_prompts=2000)
    weights = resample_weights(testset.group, np.random.default_rng(0), 200)
    rng = np.random.default_rng(1)
    good = Choice(np.where(rng.random(2000) < 0.9, np.minimum(testset.label, 2), 0))
    # More of the prompts that need a dear model go to the cheapest, and those that do not, to the dearest.
    bad = Choice(np.where(rng.random(2000) < 0.5, good.choice, np.where(testset.label == 0, 2, 0)))
    a, b = _figures(testset, good, weights), _figures(testset, bad, weights)

    assert failed(gate(compare(a, dict(a)), GateConfig())) == ()
    assert [check.name for check in failed(gate(compare(a, b), GateConfig()))] == [*GateConfig().conditions]
    assert failed(gate(compare(b, a), GateConfig())) == ()


def test_the_default_gate_refuses_a_candidate_that_is_three_points_worse_on_boundary_prompts(make):
    testset, _ = make(n_prompts=2000)
    rng = np.random.default_rng(0)
    good = Choice(np.where(rng.random(2000) < 0.8, np.minimum(testset.label, 2), 0))
    right = np.flatnonzero(testset.boundary & testset.success[np.arange(2000), good.choice])
    passed = 0
    for draw in range(20):
        weights = resample_weights(testset.group, np.random.default_rng(draw), 200)
        bad = good.choice.copy()
        bad[rng.choice(right, round(0.03 * testset.boundary.sum()), replace=False)] = 0
        rows = compare(*(_figures(testset, point, weights) for point in (good, Choice(bad))))
        passed += not failed(gate(rows, GateConfig()))
    assert passed == 0


def test_prompts_on_which_nothing_differs_show_nothing_unless_they_are_many(make):
    testset, _ = make(n_prompts=4000)
    for n, passes in ((60, False), (200, False), (4000, True)):
        part = testset.take(np.arange(n))
        weights = resample_weights(part.group, np.random.default_rng(0), 400)
        figures = _figures(part, Choice(np.minimum(part.label, 2)), weights)
        density = len(np.unique(part.group)) / n
        assert (failed(gate(compare(figures, figures, density=density), GateConfig())) == ()) is passes
        assert failed(gate(compare(figures, figures, density=density, same=True), GateConfig())) == ()


def test_non_inferiority_errs_in_no_more_than_one_case_in_forty():
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(2000):
        # The candidate is worse by exactly the tolerance.
        draws = rng.normal(-0.02, 0.01)
        figure = estimate(np.append(draws, draws + 0.01 * rng.normal(size=400)), 100)
        row = replace(_row(0, 0), difference=figure)
        passed += _passes(row, "not_worse", 0.02)

    assert passed / 2000 == pytest.approx(0.025, abs=0.012)


@pytest.mark.shared
def test_a_candidate_better_on_average_but_worse_on_boundary_prompts_is_refused(shared):
    testset = _llmrouter(shared)
    weights = resample_weights(testset.group, np.random.default_rng(0), 500)
    # Every prompt to the best single model, against the best model of each source at a price of cost.
    baseline = constant(testset, testset.best_single, 0.1).default
    candidate = source_oracle(testset, np.array([0.0]), 0.06).default
    rows = compare(_figures(testset, baseline, weights), _figures(testset, candidate, weights))
    by_metric = {row.metric: row for row in rows}
    verdict = {row.metric: row.verdict for row in rows}
    checks = gate(rows, GateConfig())

    assert {name: verdict[name] for name in ("cost_usd", "regret")} == {"cost_usd": "better", "regret": "better"}
    assert by_metric["quality"].difference.value > 0
    assert verdict["boundary_accuracy"] == "worse"
    assert [check.name for check in failed(checks)] == [
        "boundary",
        "boundary_shown",
        "under_routing",
        "under_routing_shown",
    ]


def _llmrouter(shared):
    prompts = pd.read_parquet(shared / "llmrouter" / "prompts.parquet")
    prompts = prompts[~prompts.leaked_in_train.astype(bool)]
    outcomes = pd.read_parquet(shared / "llmrouter" / "outcomes.parquet")
    table = outcomes.pivot(index="prompt_id", columns="model", values="score").loc[prompts.prompt_id, list(LLMROUTER)]
    score = table.to_numpy(float)
    success = score >= 0.5
    cost = np.array([0.1, 0.2, 0.9])
    return TestSet(
        models=LLMROUTER,
        score=score,
        success=success,
        cost_usd=np.tile(cost, (len(score), 1)),
        label=np.where(success.any(axis=1), success.argmax(axis=1), 3),
        group=np.arange(len(score)),
        source=prompts.benchmark.tolist(),
        train_mean_cost=cost,
        train_mean_score=score.mean(axis=0),
    )

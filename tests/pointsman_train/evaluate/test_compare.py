from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman.decide import Rule
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.bootstrap import Estimate, estimate, paired_difference, resample_weights
from pointsman_train.evaluate.compare import compare, compare_slices, improvement
from pointsman_train.evaluate.figures import operating_figures
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.slices import slice_figures
from pointsman_train.evaluate.slicing import slicings
from pointsman_train.evaluate.sweep import serve


def _estimate(value, spread=0.01, seed=0):
    return estimate(np.append(value, value + spread * np.random.default_rng(seed).normal(size=400)), 50)


def _verdicts(rows):
    return {row.metric: row.verdict for row in rows}


def test_a_difference_is_candidate_minus_baseline_with_its_paired_interval():
    a, b = _estimate(0.5), _estimate(0.6)
    (row,) = compare({"quality": a}, {"quality": b})

    assert (row.metric, row.a, row.b) == ("quality", a, b)
    assert row.difference == paired_difference(b, a)
    # Both move together, so what is left of the spread is nothing.
    assert (row.difference.low, row.difference.high) == pytest.approx((0.1, 0.1))
    assert row.verdict == "better"


def test_the_verdict_knows_which_way_each_figure_is_good():
    names = ("quality", "cost_usd", "under_routing_rate", "dearest_share", "auc_rung_1")
    rows = compare(dict.fromkeys(names, _estimate(0.5)), dict.fromkeys(names, _estimate(0.6)))

    assert _verdicts(rows) == {
        "quality": "better",
        "cost_usd": "worse",
        "under_routing_rate": "worse",
        "dearest_share": "not judged",
        "auc_rung_1": "better",
    }


def test_an_interval_with_zero_in_it_cannot_tell():
    (row,) = compare({"quality": _estimate(0.5, seed=1)}, {"quality": _estimate(0.505, seed=2)})

    assert row.difference.low < 0 < row.difference.high
    assert row.verdict == "cannot tell"


def test_equal_routers_cannot_be_told_apart_though_rounding_may_differ():
    a, b = _estimate(0.5), _estimate(0.5 + 1e-15)

    assert _verdicts(compare({"quality": a}, {"quality": a})) == {"quality": "cannot tell"}
    assert _verdicts(compare({"quality": a}, {"quality": b})) == {"quality": "cannot tell"}
    assert _verdicts(compare({"quality": b}, {"quality": a})) == {"quality": "cannot tell"}


def test_small_dollars_are_not_taken_for_rounding():
    assert _verdicts(compare({"cost_usd": _estimate(2e-13, 0)}, {"cost_usd": _estimate(1e-13, 0)})) == {
        "cost_usd": "better"
    }


def test_an_undefined_figure_has_no_verdict():
    unknown = Estimate(np.nan, np.nan, np.nan, 0, np.full(401, np.nan))
    (row,) = compare({"hull_gain": _estimate(0.2)}, {"hull_gain": unknown})

    assert np.isnan([row.difference.value, row.difference.low, row.difference.high]).all()
    assert row.verdict == "cannot tell"


def test_a_figure_without_an_interval_has_a_difference_and_no_verdict():
    thin = Estimate(0.9, np.nan, np.nan, 5, _estimate(0.9).resampled)
    (row,) = compare({"quality": _estimate(0.5)}, {"quality": thin})

    assert row.difference.value == pytest.approx(0.4)
    assert np.isnan(row.difference.low)
    assert row.verdict == "cannot tell"


def test_only_what_both_have_is_compared_in_the_baselines_order():
    a, b = _estimate(0.5), _estimate(0.6)
    rows = compare({"quality": a, "apgr": a, "regret": a}, {"regret": b, "quality": b})

    assert [row.metric for row in rows] == ["quality", "regret"]
    with pytest.raises(DataError, match="no figure in common"):
        compare({"quality": a}, {"regret": b})


def test_figures_from_other_weights_are_refused():
    with pytest.raises(ConfigError, match="same weights"):
        compare({"quality": _estimate(0.5)}, {"quality": estimate(np.array([0.5, 0.4, 0.6]), 9)})


def test_on_few_prompts_a_difference_has_no_interval_and_on_some_one_that_knows_how_few_there_are():
    none = {"boundary_accuracy": estimate(np.full(2001, 0.9), 25), "cost_usd": estimate(np.full(2001, 0.9), 25)}
    assert all(np.isnan(row.difference.low) for row in compare(none, none, density=1.0))
    for n, density, reach in ((30, 1.0, 0.088), (200, 1.0, 0.0137), (400, 0.5, 0.0137), (20_000, 1.0, 0.00014)):
        alike = {name: estimate(np.full(2001, 0.9), n) for name in none}
        share, cost = compare(alike, alike, density=density)
        # 1.96 standard deviations of two cases more, of n + 2.
        assert (share.difference.value, share.verdict) == (0.0, "cannot tell")
        assert -share.difference.low == pytest.approx(share.difference.high, rel=0.35)
        assert share.difference.high == pytest.approx(reach, rel=0.25)
        assert (cost.difference.low, cost.difference.high) == (0.0, 0.0)
        for row in compare(alike, alike, density=density, same=True):
            assert (row.difference.low, row.difference.high) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("n", "won", "lost"),
    [
        (40, 0.0, 0.01),
        (100, 0.01, 0.03),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((40, 0.02, 0.02), (400, 0.05, 0.05))),
    ],
)
def test_the_interval_of_a_difference_of_shares_holds_the_truth_where_few_prompts_differ(n, won, lost):
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        change = rng.choice([1.0, -1.0, 0.0], n, p=[won, lost, 1 - won - lost])
        weights = resample_weights(np.arange(n), rng, 400)
        resampled = (weights @ change) / weights.sum(axis=1)
        a = estimate(np.full(401, 0.5), n)
        (row,) = compare({"boundary_accuracy": a}, {"boundary_accuracy": estimate(0.5 + resampled, n)}, density=1.0)
        held += row.difference.low <= won - lost <= row.difference.high
    assert held / 400 >= 0.93


def test_an_improvement_is_turned_so_that_more_is_better():
    a, b = _estimate(0.5), _estimate(0.4, seed=3)
    (cost,), (quality,) = compare({"cost_usd": a}, {"cost_usd": b}), compare({"quality": a}, {"quality": b})
    value, low, high = improvement(cost)

    assert value == pytest.approx(0.1)
    assert low < value < high
    assert improvement(quality) == pytest.approx((-value, -high, -low))


def _parts(testset, p_success, lam, weights):
    point = serve(testset, p_success, Rule("utility", lam))
    prompts = ["x" * (50 if k % 2 else 500) for k in range(len(testset))]
    return slice_figures(testset, point, slicings(testset, prompts, point), weights)


def test_slices_are_compared_where_both_have_the_same_prompts(make):
    testset, p_success = make(n_prompts=600)
    weights = resample_weights(testset.group, np.random.default_rng(0), 100)
    dear, cheap = (_parts(testset, p_success, lam, weights) for lam in (0.05, 0.6))
    found = compare_slices(dear, cheap)

    assert {part.by for part in found} == {"label", "source", "length", "language"}
    assert {(part.by, part.name): part.prompts for part in found}["length", "up to 100 characters"] == 300
    for part in found:
        verdicts = _verdicts(part.rows)
        assert verdicts["cost_usd"] in ("better", "cannot tell")
        if part.by in ("length", "language"):
            assert (verdicts["cost_usd"], verdicts["under_routing_rate"]) == ("better", "worse")


def test_a_slice_of_too_few_prompts_has_no_verdict(make):
    testset, p_success = make(n_prompts=60)
    weights = resample_weights(testset.group, np.random.default_rng(0), 100)
    found = compare_slices(*(_parts(testset, p_success, lam, weights) for lam in (0.05, 0.6)))
    sources = [part for part in found if part.by == "source"]

    assert sources
    assert {row.verdict for part in sources for row in part.rows} <= {"cannot tell", "not judged"}


def test_permuting_prompts_changes_nothing(make):
    testset, p_success = make(n_prompts=300)
    weights = resample_weights(testset.group, np.random.default_rng(0), 100)
    shuffle = np.random.default_rng(1).permutation(300)

    def rows(order):
        moved = replace(
            testset,
            **{name: getattr(testset, name)[order] for name in ("score", "success", "cost_usd", "label", "group")},
            source=[testset.source[k] for k in order],
        )
        points = [serve(moved, p_success[order], Rule("utility", lam)) for lam in (0.05, 0.3)]
        return compare(*(operating_figures(moved, Router((at,), at, 0.1), weights[:, order]) for at in points))

    there, here = rows(np.arange(300)), rows(shuffle)

    assert _verdicts(there) == _verdicts(here)
    for one, other in zip(there, here, strict=True):
        assert _interval(one) == pytest.approx(_interval(other), nan_ok=True)


def _interval(row):
    return (row.difference.value, row.difference.low, row.difference.high)

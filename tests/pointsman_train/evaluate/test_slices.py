from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.decide import Rule
from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.figures import operating_figures
from pointsman_train.evaluate.labels import label_figures
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.slices import LEAST_GROUPS, slice_figures
from pointsman_train.evaluate.slicing import Slicing, by_label, by_source, slicings
from pointsman_train.evaluate.sweep import serve


def _of(parts, name):
    return next(part for part in parts if part.name == name)


def _take(testset, rows):
    return replace(
        testset,
        score=testset.score[rows],
        success=testset.success[rows],
        cost_usd=testset.cost_usd[rows],
        label=testset.label[rows],
        group=testset.group[rows],
        source=[testset.source[k] for k in rows],
    )


def _routed(make, n_prompts=400, n_models=3, seed=0):
    testset, p_success = make(n_prompts=n_prompts, n_models=n_models, seed=seed)
    return testset, p_success, serve(testset, p_success, Rule("utility", 0.3))


def test_the_slices_of_the_hand_made_case(hand, hand_router, once):
    parts = slice_figures(hand, hand_router.default, [by_source(hand.source)], np.vstack([once, once]))
    values = {name: figure.value for name, figure in _of(parts, "b").figures.items()}

    # Prompts 3, 4 and 5: hopeless to small, needs small but goes to large, right to medium.
    assert values == pytest.approx(
        {
            "quality": 2 / 3,
            "success_rate": 2 / 3,
            "cost_usd": (1 + 4 + 2) / 3,
            "under_routing_rate": 0.0,
            "over_routing_rate": 1 / 2,
            "under_routing_cost_lost_usd": np.nan,
            "under_routing_score_lost": np.nan,
            "over_routing_cost_lost_usd": 3.0,
            "over_routing_score_lost": 0.0,
            "boundary_accuracy": 1.0,
            "boundary_exact": 1.0,
            # Close calls are 3 and 5; the hopeless one is neither right nor exact.
            "score_boundary_accuracy": 1 / 2,
            "score_boundary_exact": 1 / 2,
            "score_boundary_share": 2 / 3,
            "score_lost": 0.0,
            "cost_lost_usd": (0 + 3 + 0) / 3,
        },
        nan_ok=True,
    )
    assert _of(parts, "b").prompts == 3
    assert _of(parts, "b").figures["boundary_accuracy"].n == 1


def test_under_routing_loses_score_and_saves_dollars(hand, hand_router, once):
    parts = slice_figures(hand, hand_router.default, [by_label(hand)], np.vstack([once, once]))
    large = _of(parts, "large").figures

    # Prompt 2 alone: medium instead of large.
    assert large["score_lost"].value == 1.0
    assert large["cost_lost_usd"].value == 2.0 - 4.0
    assert large["under_routing_rate"].value == 1.0


def test_the_slice_of_everything_has_the_figures_of_everything(make):
    testset, p_success, point = _routed(make)
    weights = resample_weights(testset.group, np.random.default_rng(1), 50)
    everything = Slicing("all", ("all",), np.zeros(len(testset), int))
    p_label = np.random.default_rng(2).random((len(testset), 4))
    (part,) = slice_figures(testset, point, [everything], weights, p_success, p_label)
    expected = operating_figures(testset, Router((point,), point, 0.3), weights)
    expected |= label_figures(testset, p_label, weights)

    shared = set(expected) & set(part.figures)
    assert {"boundary_accuracy", "boundary_label_accuracy", "under_routing_rate", "cost_usd"} <= shared
    for name in shared:
        assert part.figures[name].value == pytest.approx(expected[name].value, rel=1e-12)
        assert part.figures[name].n == expected[name].n
        np.testing.assert_allclose(part.figures[name].resampled, expected[name].resampled)


@settings(max_examples=15)
@given(seed=st.integers(0, 500))
def test_a_slice_has_the_figures_of_its_prompts_alone(make, seed):
    testset, p_success, point = _routed(make, n_prompts=60, seed=seed)
    weights = np.ones((2, 60), dtype=np.float32)
    for part in slice_figures(testset, point, [by_source(testset.source)], weights, p_success):
        rows = [k for k, source in enumerate(testset.source) if source == part.name]
        alone = serve(_take(testset, rows), p_success[rows], Rule("utility", 0.3))
        alone = replace(alone, choice=point.choice[rows], margin=point.margin[rows])
        (expected,) = slice_figures(
            _take(testset, rows),
            alone,
            [Slicing("all", ("all",), np.zeros(len(rows), int))],
            weights[:, rows],
            p_success[rows],
        )
        for name, figure in part.figures.items():
            assert figure.value == pytest.approx(expected.figures[name].value, nan_ok=True)


def test_losses_of_slices_add_up_to_the_loss_of_all(make):
    testset, _, point = _routed(make)
    weights = np.ones((2, len(testset)), dtype=np.float32)
    everything = Slicing("all", ("all",), np.zeros(len(testset), int))
    whole, *parts = slice_figures(testset, point, [everything, by_source(testset.source)], weights)

    for name in ("score_lost", "cost_lost_usd"):
        total = sum(part.prompts * part.figures[name].value for part in parts)
        assert total == pytest.approx(whole.prompts * whole.figures[name].value)


def test_permuting_prompts_changes_nothing(make):
    testset, p_success, point = _routed(make)
    shuffle = np.random.default_rng(3).permutation(len(testset))
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    there = slice_figures(testset, point, [by_source(testset.source)], weights, p_success)
    moved = replace(point, choice=point.choice[shuffle], margin=point.margin[shuffle])
    other = _take(testset, shuffle)
    here = slice_figures(other, moved, [by_source(other.source)], weights[:, shuffle], p_success[shuffle])

    for one, two in zip(there, here, strict=True):
        assert (one.name, one.prompts, one.groups, one.thin) == (two.name, two.prompts, two.groups, two.thin)
        for name, figure in one.figures.items():
            got = two.figures[name]
            assert (got.value, got.low, got.high) == pytest.approx((figure.value, figure.low, figure.high), nan_ok=True)


def test_a_small_slice_has_values_and_says_that_it_has_too_few_prompts_for_intervals(make):
    testset, _, point = _routed(make, n_prompts=300)
    groups = LEAST_GROUPS - 1
    member = (np.arange(300) >= groups).astype(int)
    testset = replace(testset, group=np.arange(300))
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    small, large = slice_figures(testset, point, [Slicing("size", ("small", "large"), member)], weights)

    assert small.note == "too few prompts for intervals: 29 groups, 30 needed"
    assert np.isfinite(small.figures["quality"].value)
    assert np.isnan([figure.low for figure in small.figures.values()]).all()
    assert np.isfinite(large.figures["quality"].low)
    assert "quality" not in large.thin


def test_many_copies_of_a_few_prompts_are_too_few(make):
    testset, _, point = _routed(make, n_prompts=300)
    testset = replace(testset, group=np.arange(300) % 10)
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    (part,) = slice_figures(testset, point, [Slicing("all", ("all",), np.zeros(300, int))], weights)

    assert (part.prompts, part.groups) == (300, 10)
    assert "too few prompts" in part.note
    assert np.isnan([figure.low for figure in part.figures.values()]).all()


def test_a_figure_of_few_prompts_within_a_large_slice_is_named(make):
    testset, _, point = _routed(make, n_prompts=200)
    testset = replace(testset, group=np.arange(200))
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    found = slice_figures(testset, point, [by_label(testset)], weights)
    part = _of(found, "m1")

    assert part.groups >= LEAST_GROUPS
    assert "over_routing_cost_lost_usd" in part.thin
    assert part.note.startswith("too few prompts for an interval of ")


def test_a_share_that_never_happens_has_an_interval_above_zero(make):
    testset, _, point = _routed(make, n_prompts=300)
    testset = replace(testset, group=np.arange(300))
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    found = slice_figures(testset, point, [by_label(testset)], weights)
    rate, groups = _of(found, "m2").figures["over_routing_rate"], _of(found, "m2").groups

    # The dearest rung cannot be routed too high. None in n is compatible with as much as 1 - 0.025^(1 / n).
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / groups))
    success = _of(found, "all-fail").figures["success_rate"]
    assert (success.value, success.low) == (0.0, 0.0)
    assert success.high > 0


def test_calibration_is_judged_where_the_slice_does_not_give_the_outcome_away(make):
    testset, p_success, point = _routed(make)
    weights = resample_weights(testset.group, np.random.default_rng(1), 60)
    ways = slicings(testset, [""] * len(testset), point)
    parts = slice_figures(testset, point, ways, weights, np.clip(p_success + 0.2, 0, 1))

    assert not any("overconfidence" in part.figures for part in parts if part.by == "label")
    overconfident = _of([part for part in parts if part.by == "language"], "no letters").figures
    assert overconfident["overconfidence"].low > 0
    each = [overconfident[f"overconfidence_rung_{rung}"].value for rung in range(3)]
    assert np.mean(each) == pytest.approx(overconfident["overconfidence"].value)


@pytest.mark.slow
def test_intervals_of_a_slice_hold_the_truth_93_to_97_times_in_100(make):
    population, _, point = _routed(make, n_prompts=40_000, seed=5)
    member = (np.asarray(population.source) == "s0").astype(int)
    way = Slicing("source", ("other", "s0"), member)
    names = ["boundary_accuracy", "under_routing_rate", "score_lost", "cost_lost_usd"]
    truth = slice_figures(population, point, [way], np.ones((2, 40_000), dtype=np.float32))[1].figures
    rng, held = np.random.default_rng(5), dict.fromkeys(names, 0)
    for _ in range(600):
        size = rng.integers(1, 4, 500)
        index = np.repeat(rng.integers(40_000, size=500), size)
        sample = replace(_take(population, index), group=np.repeat(np.arange(500), size))
        chosen = replace(point, choice=point.choice[index], margin=point.margin[index])
        weights = resample_weights(sample.group, rng, 600)
        found = slice_figures(sample, chosen, [replace(way, member=member[index])], weights)[1].figures
        for name in names:
            held[name] += found[name].low <= truth[name].value <= found[name].high

    for name in names:
        assert 0.93 <= held[name] / 600 <= 0.97, name

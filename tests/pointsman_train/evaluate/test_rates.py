from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.evaluate.rates import over_routed, rates, under_routed
from pointsman_train.evaluate.ratio import estimate_ratios
from pointsman_train.evaluate.router import Blend, Choice


def _rates(testset, point):
    return estimate_ratios(rates(testset, point), np.ones((2, len(testset)), dtype=np.float32))


def test_every_rate_of_the_hand_made_case(hand, hand_router):
    figures = _rates(hand, hand_router.default)
    values = {name: figure.value for name, figure in figures.items()}

    assert values == pytest.approx(
        {
            # Five prompts are solvable. Prompt 2 goes to the medium model, and needs the large.
            "under_routing_rate": 1 / 5,
            # Prompt 4 goes to the large model, where the small would do.
            "over_routing_rate": 1 / 5,
            "under_routing_cost_lost_usd": 2.0 - 4.0,
            "under_routing_score_lost": 1.0,
            "over_routing_cost_lost_usd": 4.0 - 1.0,
            "over_routing_score_lost": 0.0,
            # Boundary prompts are 1, 2 and 5; the second fails.
            "boundary_accuracy": 2 / 3,
            "boundary_exact": 2 / 3,
            # Close calls are 1, 3 and 5; the hopeless one fails.
            "score_boundary_accuracy": 2 / 3,
            "score_boundary_exact": 2 / 3,
            "score_boundary_share": 1 / 2,
        }
    )
    assert {name: figure.n for name, figure in figures.items()} == {
        "under_routing_rate": 5,
        "over_routing_rate": 5,
        "under_routing_cost_lost_usd": 1,
        "under_routing_score_lost": 1,
        "over_routing_cost_lost_usd": 1,
        "over_routing_score_lost": 1,
        "boundary_accuracy": 3,
        "boundary_exact": 3,
        "score_boundary_accuracy": 3,
        "score_boundary_exact": 3,
        "score_boundary_share": 6,
    }


def test_success_by_a_dearer_model_than_the_labels_is_accurate_but_not_exact(hand):
    figures = _rates(hand, Choice(np.full(6, 2)))

    assert figures["boundary_accuracy"].value == pytest.approx(2 / 3)
    assert figures["boundary_exact"].value == pytest.approx(1 / 3)


def test_failing_where_only_a_cheaper_model_succeeds_is_neither_under_nor_over_routing(hand):
    # Prompt 5: only the medium model succeeds.
    assert under_routed(hand.success)[5].tolist() == [1, 0, 0]
    assert over_routed(hand)[5].tolist() == [0, 0, 0]


def test_failing_between_two_that_succeed_is_under_routing(hand):
    # Prompt 4: the small and the large model succeed.
    assert under_routed(hand.success)[4].tolist() == [0, 1, 0]
    assert over_routed(hand)[4].tolist() == [0, 0, 1]


def test_the_loss_of_what_never_happens_is_undefined(hand):
    figures = _rates(hand, Choice(np.zeros(6, dtype=int)))

    assert figures["over_routing_rate"].value == 0.0
    assert np.isnan(figures["over_routing_cost_lost_usd"].value)
    assert figures["over_routing_cost_lost_usd"].n == 0


def test_a_mix_has_the_expected_rates_of_its_models(hand):
    mixed = _rates(hand, Blend(np.array([0.5, 0.0, 0.5])))
    small, large = (_rates(hand, Choice(np.full(6, rung))) for rung in (0, 2))

    for name in ("under_routing_rate", "over_routing_rate", "boundary_accuracy", "boundary_exact"):
        assert mixed[name].value == pytest.approx((small[name].value + large[name].value) / 2)
    assert "score_boundary_accuracy" not in mixed


@given(seed=st.integers(0, 500), n_models=st.integers(2, 5))
def test_the_rates_are_those_of_their_definitions_word_by_word(make, seed, n_models):
    testset, _ = make(n_prompts=40, n_models=n_models, seed=seed)
    choice = np.random.default_rng(seed).integers(n_models, size=40)
    under = over = solvable = 0
    for success, chosen in zip(testset.success, choice, strict=True):
        solvable += bool(success.any())
        under += bool(not success[chosen] and success[chosen + 1 :].any())
        over += bool(success[chosen] and success[:chosen].any())
    figures = _rates(testset, Choice(choice))

    assert figures["under_routing_rate"].value == pytest.approx(under / solvable)
    assert figures["over_routing_rate"].value == pytest.approx(over / solvable)

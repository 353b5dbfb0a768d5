from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import choose, margin, relative_cost, utilities

COST = np.array([1.0, 2.0, 4.0])


def test_cost_is_scaled_to_the_dearest_model():
    assert relative_cost(COST).tolist() == [0.25, 0.5, 1.0]


def test_free_models_have_no_relative_cost_and_no_division_by_zero():
    assert relative_cost(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert utilities(np.array([[0.1, 0.2, 0.3]]), np.zeros(3), 5.0).tolist() == [[0.1, 0.2, 0.3]]


def test_one_free_model_beside_dear_ones_costs_nothing():
    assert relative_cost(np.array([0.0, 5.0])).tolist() == [0.0, 1.0]


def test_utility_is_probability_less_lambda_times_relative_cost():
    p = np.array([[0.5, 0.75, 1.0], [0.25, 0.25, 0.5]])
    assert utilities(p, COST, 0.5).tolist() == [[0.375, 0.5, 0.5], [0.125, 0.0, 0.0]]


def test_with_lambda_0_only_success_counts():
    p = np.array([[0.5, 0.4, 0.6], [0.7, 0.6, 0.5]])
    assert choose(utilities(p, COST, 0.0)).tolist() == [2, 0]


def test_a_tie_goes_to_the_cheaper_model():
    assert choose(np.array([[0.5, 0.5, 0.5], [0.1, 0.9, 0.9]])).tolist() == [0, 1]


def test_a_model_that_is_not_allowed_is_never_chosen_though_all_others_have_negative_utility():
    utility = np.array([[-3.0, -2.0, 9.0], [-1.0, -5.0, 9.0]])
    assert choose(utility, np.array([True, True, False])).tolist() == [1, 0]


def test_margin_is_the_lead_over_the_runner_up():
    assert margin(np.array([[0.5, 0.75, 0.0], [1.0, 1.0, 0.5]])).tolist() == [0.25, 0.0]


def test_margin_looks_at_allowed_models_alone():
    utility = np.array([[0.5, 0.75, 0.0]])
    assert margin(utility, np.array([True, False, True])).tolist() == [0.5]
    assert margin(utility, np.array([False, False, True])).tolist() == [np.inf]


def test_a_single_row_is_decided_without_a_batch():
    assert int(choose(np.array([0.1, 0.3]))) == 1
    assert float(margin(np.array([0.25, 0.5]))) == 0.25


probabilities = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=8).map(np.array)


@given(probabilities, st.floats(0, 20), st.floats(0, 20))
def test_a_higher_price_of_cost_never_buys_a_dearer_model(p, one, other):
    low, high = sorted((one, other))
    cheap, dear = (COST[choose(utilities(p, COST, lam))] for lam in (high, low))
    # A hair's breadth between two utilities may fall either way in floating point.
    close = margin(utilities(p, COST, low)) < 1e-9
    assert ((cheap <= dear) | close | (margin(utilities(p, COST, high)) < 1e-9)).all()


@given(probabilities)
def test_the_rule_ignores_the_unit_of_cost(p):
    assert utilities(p, COST, 0.3) == pytest.approx(utilities(p, COST * 1e-6, 0.3))

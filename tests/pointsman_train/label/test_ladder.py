from __future__ import annotations

import re

import numpy as np
import pytest

from pointsman_train.errors import DataError, PoolError
from pointsman_train.label.ladder import climb, ladder_order, mean_costs

NAN = np.nan
SCORE = [[1, 0.5, 0], [0, 1, 1], [1, 1, 1]]


def test_the_ladder_is_ordered_by_mean_cost(table):
    assert ladder_order(table(SCORE, [[5, 1, 3]] * 3), []) == [1, 2, 0]


def test_means_are_over_prompts_with_every_cost_known(table):
    # Model a answered only the long prompt besides the shared one: on the shared one it is the cheapest.
    outcomes = table(SCORE, [[1, 2, 3], [90, NAN, NAN], [NAN, 1, 1]])
    assert mean_costs(outcomes).tolist() == [1, 2, 3]
    assert ladder_order(outcomes, []) == [0, 1, 2]


def test_without_a_shared_prompt_each_models_own_costs_are_averaged(table):
    outcomes = table(SCORE, [[NAN, 2, 3], [4, NAN, NAN], [6, 4, NAN]])
    assert mean_costs(outcomes).tolist() == [5, 3, 3]


def test_equal_costs_are_ordered_by_name(table):
    assert ladder_order(table(SCORE, [[2, 2, 1]] * 3, models=("z", "b", "m")), []) == [2, 1, 0]


def test_free_models_are_cheapest(table):
    assert ladder_order(table(SCORE, [[1, 0, 2]] * 3), []) == [1, 0, 2]


def test_a_given_order_is_taken_whatever_the_costs(table):
    assert ladder_order(table(SCORE), ["c", "a", "b"]) == [2, 0, 1]


@pytest.mark.parametrize("given", [["a", "b"], ["a", "b", "d"], ["a", "b", "c", "c"]])
def test_a_given_order_names_each_model_once(table, given):
    expected = f"label.ladder {given!r} must name each model of the pool ('a', 'b', 'c') once"
    with pytest.raises(PoolError, match=re.escape(expected)):
        ladder_order(table(SCORE), given)


def test_a_model_without_any_cost_is_named(table):
    with pytest.raises(DataError, match=r"no known cost for \['b'\]; give a cost column, or token counts or prices"):
        mean_costs(table(SCORE, [[1, NAN, 3]] * 3))


def test_climbing_moves_every_column(table):
    climbed = climb(table(SCORE, [[5, 1, 3]] * 3, [[1, 2, 3]] * 3), [1, 2, 0])
    assert climbed.models == ("b", "c", "a")
    assert climbed.score[0].tolist() == [0.5, 0, 1]
    assert climbed.cost_usd[0].tolist() == [1, 3, 5]
    assert climbed.trials[0].tolist() == [2, 3, 1]


@pytest.mark.parametrize(("given", "warned"), [(["a", "b", "c"], 0), (["c", "a", "b"], 1)])
def test_a_given_order_that_the_costs_contradict_is_warned_of(table, caplog, given, warned):
    ladder_order(table(SCORE, [[1, 2, 4]] * 3), given)
    assert len(caplog.messages) == warned
    assert all("c 4 USD, a 1 USD, b 2 USD" in message for message in caplog.messages)

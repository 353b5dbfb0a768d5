from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pointsman_train.data import Outcomes
from pointsman_train.datasets import LongConfig, load
from pointsman_train.datasets.selected import effective_size, of_rows, stands_for
from pointsman_train.errors import DataError
from pointsman_train.label.ladder import climb


@pytest.fixture
def read(tmp_path):
    """Read two prompts and two models of which the second was asked about the first prompt with this probability."""

    def read(probability: object, name: str = "o.parquet", known: bool = True) -> Outcomes:
        rows = [("a", "cheap", 1.0, 1.0), ("a", "dear", 1.0 if known else None, probability), ("b", "cheap", 0.0, 1.0)]
        rows += [("b", "dear", 1.0, None)]
        frame = pd.DataFrame(rows, columns=["prompt_id", "model", "score", "selection_probability"])
        frame["prompt"], frame["cost_usd"] = "What is " + frame["prompt_id"], 1.0
        path = tmp_path / name
        frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
        return load(LongConfig(outcomes=str(path)), ["cheap", "dear"], None)

    return read


@pytest.mark.parametrize("name", ["o.parquet", "o.csv"])
def test_an_outcome_counts_as_often_as_one_over_its_probability(read, name):
    assert read(0.25, name).stands_for.tolist() == [[1.0, 4.0], [1.0, 1.0]]


@pytest.mark.parametrize("probability", [1.0, None])
def test_outcomes_that_were_all_asked_for_stand_for_themselves(read, probability):
    assert read(probability).stands_for is None


def test_an_unknown_outcome_stands_for_nothing_more(read):
    assert read(0.25, known=False).stands_for is None


@pytest.mark.parametrize("probability", [0.0, -0.5, 1e-9, 1.5])
def test_a_probability_out_of_range_is_refused_with_its_row(read, probability):
    with pytest.raises(DataError, match=r"row 2, column 'selection_probability'.*from 0.0001 to 1, or null"):
        read(probability)


def test_the_probabilities_are_part_of_what_a_data_set_says(read):
    prints = {read(probability).fingerprint for probability in (None, 1.0, 0.25, 0.5)}
    assert len(prints) == 3  # null is 1


def test_counts_go_with_their_rows_and_columns(read):
    outcomes = read(0.25)
    assert outcomes.take([1, 0]).stands_for.tolist() == [[1.0, 1.0], [1.0, 4.0]]
    assert climb(outcomes, [1, 0]).stands_for.tolist() == [[4.0, 1.0], [1.0, 1.0]]


def test_the_only_outcome_of_a_prompt_stands_for_itself():
    known = np.array([[True, False], [True, True]])
    assert stands_for(np.full((2, 2), 0.1), known).tolist() == [[1.0, 1.0], [10.0, 10.0]]
    assert stands_for(np.full((1, 2), 0.1), known[:1]) is None


def test_a_whole_row_counts_as_its_least_likely_outcome():
    assert of_rows(None) is None
    assert of_rows(np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]])).tolist() == [4.0, 1.0]


def test_counts_that_differ_tell_less_than_as_many_equal_ones():
    assert effective_size(np.ones(7)) == 7.0
    assert effective_size(np.array([10.0, 1.0, 1.0])) < 1.5
    assert effective_size(np.zeros(0)) == 0.0

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pointsman_train.data import Outcomes
from pointsman_train.datasets import LongConfig, WideConfig, load
from pointsman_train.datasets.selected import of_a_log_alone
from pointsman_train.errors import DataError
from pointsman_train.label.ladder import climb


@pytest.fixture
def read(tmp_path):
    """Read three prompts: the first asked of both models, of the others one outcome each, marked like this."""

    def read(*marks: object, name: str = "o.parquet") -> Outcomes:
        rows = [("a", "cheap", 1.0), ("a", "dear", 0.0), ("b", "cheap", 0.0), ("c", "dear", 1.0)]
        frame = pd.DataFrame(rows, columns=["prompt_id", "model", "score"])
        frame["prompt"], frame["cost_usd"] = "What is " + frame["prompt_id"], 1.0
        if marks:
            frame["logged"] = list(marks)
        path = tmp_path / name
        frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
        return load(LongConfig(outcomes=str(path)), ["cheap", "dear"], None)

    return read


@pytest.mark.parametrize("name", ["o.parquet", "o.csv"])
@pytest.mark.parametrize("other", [None, False])
def test_an_outcome_is_a_log_s_where_it_is_marked(read, name, other):
    assert read(other, True, True, other, name=name).logged.tolist() == [[False, True], [True, False], [False, False]]


def test_prompts_are_a_log_s_alone_where_no_model_was_asked(read):
    outcomes = read(None, True, True, True)
    assert of_a_log_alone(outcomes.logged, ~np.isnan(outcomes.score)).tolist() == [False, True, True]


def test_without_the_column_nothing_is_a_log_s(read):
    assert read().logged is None
    assert not of_a_log_alone(None, np.ones((3, 2), bool)).any()


def test_a_mark_goes_with_its_row_and_column(read):
    outcomes = read(None, None, None, True)
    assert outcomes.take([2, 0]).logged.tolist() == [[False, True], [False, False]]
    assert climb(outcomes, [1, 0]).logged.tolist() == [[False, False], [False, False], [True, False]]


def test_marks_are_part_of_what_a_data_set_says(read):
    prints = {read(*marks).fingerprint for marks in [(), (0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 1, 1)]}
    assert len(prints) == 3  # false is absent


@pytest.mark.parametrize("mark", [0.5, 2, "maybe"])
def test_what_is_neither_true_nor_false_is_refused_with_its_row(read, mark):
    with pytest.raises(DataError, match=r"row 3, column 'logged': got .*, expected true where a router chose"):
        read(None, None, str(mark) if mark == "maybe" else mark, None, name="o.csv")


def test_a_wide_table_has_no_place_for_it(tmp_path):
    table = pd.DataFrame({"prompt_id": ["a"], "prompt": ["What?"], "x": [1.0], "y": [0.0], "logged": [True]})
    table.to_parquet(tmp_path / "wide.parquet")
    with pytest.raises(DataError, match=r"no place for whether a router chose who answered, and has a column 'logged'"):
        load(WideConfig(path=str(tmp_path / "wide.parquet")), [], None)

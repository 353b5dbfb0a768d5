from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets.schema import OUTCOMES, PROMPTS, checked
from pointsman_train.errors import DataError

SHARE = "expected a number in [0, 1], or null where not graded"
AMOUNT = "expected a finite number of 0 or more, or null where unknown"

REMEDY = "aggregate repeated trials to one row: their mean as the score, their number as the trials"


def outcomes(**columns):
    base = {
        "prompt_id": ["a", "b", "c", "a"],
        "model": ["x", "x", "x", "y"],
        "score": [0.0, 1.0, 0.5, np.nan],
        "trials": None,
        "input_tokens": None,
        "output_tokens": None,
        "cost_usd": None,
        "selection_probability": None,
        "logged": None,
    }
    frame = pd.DataFrame({**base, **columns})
    return checked(frame, OUTCOMES, "o.csv", lambda field, index: (index + 1, field.upper()))


def prompts(prompt_id, prompt):
    frame = pd.DataFrame({"prompt_id": prompt_id, "prompt": prompt, "source": None}, dtype=object)
    return checked(frame, PROMPTS, "p.csv", lambda field, index: (index + 1, field))


def failure(build, *args, **columns):
    with pytest.raises(DataError) as error:
        build(*args, **columns)
    return str(error.value).splitlines()


def test_sound_outcomes_come_back_as_text_and_floats():
    frame = outcomes(prompt_id=[1, 2, 3, 4], score=["0.5", " 1 ", "NA", "true"], trials=[1, 2, None, 3])
    assert frame["prompt_id"].tolist() == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(frame["score"], [0.5, 1.0, np.nan, 1.0])
    np.testing.assert_array_equal(frame["trials"], [1.0, 2.0, np.nan, 3.0])
    assert frame["cost_usd"].isna().all()


@pytest.mark.parametrize(
    "score",
    [
        [True, False, True, None],
        np.array([1, 0, 1, 1], dtype=np.int8),
        [Decimal("0.5"), Decimal(1), None, Decimal(0)],
        pd.Categorical(["0.5", "1", "0", "1"]),
        pd.array([1, 0, None, 1], dtype="Int64"),
    ],
)
def test_numbers_of_every_type_become_floats(score):
    assert outcomes(score=score)["score"].dtype == np.float64


def test_a_score_outside_0_to_1_names_file_row_column_value_and_expectation():
    assert failure(outcomes, score=[0.0, 1.5, -0.1, 1.0]) == [
        "o.csv: 2 faults in the outcomes (data rows count from 1)",
        f"  row 2, column 'SCORE': got 1.5, {SHARE}",
        f"  row 3, column 'SCORE': got -0.1, {SHARE}",
    ]


@pytest.mark.parametrize(
    ("score", "scale"), [([0.0, 87.0, 12.5, np.nan], 100), ([4.0, 5.0, 1.0, 2.0], 5), ([0.0, 1.0, 9.5, 7.0], 10)]
)
def test_scores_of_another_scale_are_told_how_they_come_to_ours(score, scale):
    most = f"{np.nanmax(score):g}"
    assert failure(outcomes, score=score)[-1] == (
        f"  the scores go up to {most}: divide them by {scale}, if that is their scale"
    )


@pytest.mark.parametrize("score", [[0.5, 200.0, 3.0, 2.0], [-1.0, 50.0, 50.0, 1.0], ["high", 50.0, 50.0, 50.0]])
def test_scores_of_no_scale_are_left_to_their_faults(score):
    assert "divide" not in failure(outcomes, score=score)[-1]


def test_words_and_numbers_out_of_range_are_reported_together():
    assert failure(outcomes, score=["high", "0.5", "2", None])[1:] == [
        f"  row 1, column 'SCORE': got 'high', {SHARE}",
        f"  row 3, column 'SCORE': got 2.0, {SHARE}",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [([1], "[1]"), (10**400, f"1{'0' * 79}..."), (datetime.date(2020, 1, 2), "datetime.date(2020, 1, 2)")],
)
def test_a_value_that_is_no_number_at_all_is_shown(value, shown):
    assert failure(outcomes, score=[value, 1.0, 1.0, 1.0])[1] == f"  row 1, column 'SCORE': got {shown}, {SHARE}"


def test_a_column_of_dates_is_refused_row_by_row():
    assert failure(outcomes, score=pd.to_datetime(["2020-01-01"] * 4))[0].startswith("o.csv: 4 faults")


@pytest.mark.parametrize("column", ["input_tokens", "output_tokens", "cost_usd"])
@pytest.mark.parametrize("value", [-1.0, np.inf])
def test_amounts_are_neither_negative_nor_infinite(column, value):
    lines = failure(outcomes, **{column: [0.0, np.nan, value, 2.0]})
    assert lines[1:] == [f"  row 3, column {column.upper()!r}: got {value}, {AMOUNT}"]


def test_trials_are_whole_and_not_negative():
    assert failure(outcomes, trials=[1.0, 2.5, -1.0, np.nan])[1:] == [
        "  row 2, column 'TRIALS': got 2.5, expected a whole number of 0 or more, or null",
        "  row 3, column 'TRIALS': got -1.0, expected a whole number of 0 or more, or null",
    ]


def test_duplicate_outcomes_name_both_rows_and_the_remedy():
    assert failure(outcomes, prompt_id=["a", "b", "a", "a"], model=["x", "x", "x", "x"]) == [
        "o.csv: 2 faults in the outcomes (data rows count from 1)",
        f"  row 3 repeats row 1, prompt_id 'a' and model 'x'; {REMEDY}",
        f"  row 4 repeats row 1, prompt_id 'a' and model 'x'; {REMEDY}",
    ]


def test_null_ids_and_models_are_faults_and_not_duplicates_of_each_other():
    assert failure(outcomes, prompt_id=[None, None, "c", "d"], model=["x", "x", None, "y"])[1:] == [
        "  row 1, column 'PROMPT_ID': got null, expected an id",
        "  row 2, column 'PROMPT_ID': got null, expected an id",
        "  row 3, column 'MODEL': got null, expected a model's name",
    ]


def test_five_faults_are_shown_and_all_are_counted():
    n = 1000
    lines = failure(outcomes, prompt_id=[f"q{i}" for i in range(n)], model=["x"] * n, score=[200.0] * n, trials=None)
    assert lines[0] == "o.csv: 1000 faults in the outcomes (data rows count from 1)"
    assert [line.split(",")[0] for line in lines[1:-1]] == [f"  row {i}" for i in range(1, 6)]
    assert lines[-1] == "  and 995 more"


def test_a_long_value_is_cut_short():
    line = failure(outcomes, score=["x" * 500, 1.0, 1.0, 1.0])[1]
    assert line == f"  row 1, column 'SCORE': got '{'x' * 79}..., {SHARE}"


def test_prompts_must_have_an_id_of_their_own_and_a_text():
    assert failure(prompts, ["a", "b", "a", None], ["x", None, "y", ["z"]]) == [
        "p.csv: 4 faults in the prompts (data rows count from 1)",
        "  row 2, column 'prompt': got null, expected text",
        "  row 3 repeats row 1, prompt_id 'a'; give each prompt an id of its own",
        "  row 4, column 'prompt': got ['z'], expected text",
        "  row 4, column 'prompt_id': got null, expected an id",
    ]


def test_lone_surrogates_in_ids_and_texts_pass_validation():
    frame = prompts(["a\ud800", "b"], ["\ud800", "\x00"])
    assert frame["prompt_id"].tolist() == ["a\ufffd", "b"]
    assert frame["prompt"].tolist() == ["\ud800", "\x00"]


def test_repeats_of_another_probability_are_of_two_collections_and_are_not_averaged():
    [_, fault] = failure(outcomes, prompt_id=["a", "b", "a", "a"], selection_probability=[1.0, None, 0.2, 1.0])
    assert fault.startswith("  row 3 repeats row 1, prompt_id 'a' and model 'x'; they have other probabilities")
    assert fault.endswith("where a column logged marks them")
    [_, fault] = failure(outcomes, prompt_id=["a", "b", "a", "a"], selection_probability=[0.2, None, 0.2, 1.0])
    assert fault.endswith(REMEDY)

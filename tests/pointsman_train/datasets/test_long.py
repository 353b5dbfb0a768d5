from __future__ import annotations

import pytest

from pointsman_train.datasets import Columns, load
from pointsman_train.errors import DataError


def test_outcomes_that_carry_the_text_need_no_prompts(long, small):
    prompts, outcomes = small
    texts = {row["prompt_id"]: row for row in prompts}
    joined = [{**row, **texts[row["prompt_id"]]} for row in outcomes]
    assert load(long(joined, None), [], None).fingerprint == load(long(), [], None).fingerprint


@pytest.mark.parametrize("field", ["prompt", "source"])
def test_rows_of_one_prompt_may_not_differ_in_text_or_source(long, field):
    rows = [
        {"prompt_id": prompt, "model": model, "score": 1.0, "prompt": "Why?", "source": None, "cost_usd": 1.0}
        for prompt in ("q1", "q2")
        for model in ("a", "b")
    ]
    rows[3][field] = "How?"
    config = long(rows, None)
    with pytest.raises(DataError) as error:
        load(config, [], None)
    assert str(error.value) == (
        f"{config.outcomes}: row 4 gives prompt_id 'q2' another {field!r} than row 3 "
        "(data rows count from 1); one id has one prompt and one source"
    )


def test_columns_go_by_the_files_names_in_results_and_in_errors(long, small, changed):
    prompts, outcomes = small
    renamed = [{"id": r["prompt_id"], "text": r["prompt"], "benchmark": r["source"]} for r in prompts]
    rows = [
        {"id": r["prompt_id"], "llm": r["model"], "grade": r["score"], "k": r["trials"], "usd": r["cost_usd"]}
        for r in outcomes
    ]
    names = Columns(
        prompt_id="id",
        prompt="text",
        source="benchmark",
        model="llm",
        score="grade",
        trials="k",
        cost_usd="usd",
    )
    data = load(long(rows, renamed, columns=names), [], None)
    assert data.fingerprint == load(long(), [], None).fingerprint
    with pytest.raises(DataError, match=r"row 3, column 'grade': got 7\.0, expected a number in"):
        load(long(changed(rows, 2, grade=7.0), renamed, columns=names), [], None)
    with pytest.raises(DataError, match="row 2, column 'text': got null, expected text"):
        load(long(rows, changed(renamed, 1, text=None), columns=names), [], None)


def test_a_missing_score_column_is_named(long, small):
    _, outcomes = small
    rows = [{("scores" if key == "score" else key): value for key, value in row.items()} for row in outcomes]
    config = long(rows)
    with pytest.raises(DataError, match=r"no column 'score' for score \(did you mean 'scores'\?\); the columns are"):
        load(config, [], None)


def test_a_fault_of_a_model_outside_the_pool_is_a_fault(long, small, changed):
    _, outcomes = small
    extra = [*outcomes, {"prompt_id": "q1", "model": "third", "score": 3.0}]
    with pytest.raises(DataError, match=r"row 7, column 'score': got 3\.0"):
        load(long(extra), ["small", "large"], None)

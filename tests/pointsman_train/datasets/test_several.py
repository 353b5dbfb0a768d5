"""Outcomes and prompts that are in several files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig, load
from pointsman_train.errors import DataError

REPEATED = "outcome of a log where the model was asked as well"


@pytest.fixture
def write(tmp_path):
    """Write rows of prompt, model and score, with more columns; returns the path."""

    def write(name: str, *rows: tuple[str, str, float], **columns: object) -> str:
        table = pd.DataFrame(rows, columns=["prompt_id", "model", "score"]).assign(cost_usd=1.0, **columns)
        table.to_parquet(tmp_path / name)
        return str(tmp_path / name)

    return write


@pytest.fixture
def texts(tmp_path):
    """Write prompts of these ids; returns the path."""

    def write(name: str, *ids: str, text: str = "What is ") -> str:
        pd.DataFrame({"prompt_id": ids, "prompt": [text + one for one in ids]}).to_parquet(tmp_path / name)
        return str(tmp_path / name)

    return write


def read(outcomes, prompts):
    return load(LongConfig(outcomes=outcomes, prompts=prompts), ["cheap", "dear"], None)


ASKED = (("a", "cheap", 1.0), ("a", "dear", 1.0))
LOG = (("b", "dear", 0.0), ("c", "cheap", 1.0))


@pytest.mark.parametrize("named", ["list", "pattern", "both"])
def test_a_list_or_a_pattern_names_several_files(write, texts, tmp_path, named):
    files = [write("outcomes.parquet", *ASKED), write("log_outcomes.parquet", *LOG, logged=True)]
    prompts = [texts("prompts.parquet", "a", "b"), texts("log_prompts.parquet", "b", "c")]
    pattern = str(tmp_path / "*outcomes.parquet")
    found = read({"list": files, "pattern": pattern, "both": [files[0], pattern]}[named], prompts)
    assert found.prompt_id == ["a", "b", "c"]
    np.testing.assert_array_equal(found.score, [[1, 1], [np.nan, 0], [1, np.nan]])
    assert found.logged.tolist() == [[False, False], [False, True], [True, False]]
    assert found.drops.counts == {}


@pytest.mark.parametrize("one_file", [True, False])
def test_what_was_asked_counts_where_a_log_has_an_outcome_as_well(write, texts, one_file):
    again = (("b", "cheap", 1.0), ("b", "dear", 1.0))
    rows = (*ASKED, *again, *LOG)
    marks = {"logged": [None] * 4 + [True] * 2}
    files = (
        write("all.parquet", *rows, **marks)
        if one_file
        else [write("log.parquet", *LOG, logged=True), write("asked.parquet", *ASKED, *again)]
    )
    found = read(files, texts("prompts.parquet", "a", "b", "c"))
    assert found.score[1].tolist() == [1.0, 1.0]
    assert found.logged.any(axis=1).tolist() == [False, False, True]
    assert found.drops.counts == {REPEATED: 1}


@pytest.mark.parametrize("one_file", [True, False])
def test_what_was_asked_without_an_answer_leaves_the_log_s(write, texts, one_file):
    lost = ("b", "dear", None)
    files = (
        write("all.parquet", *ASKED, lost, *LOG, logged=[None, None, None, True, True])
        if one_file
        else [write("asked.parquet", *ASKED, lost), write("log.parquet", *LOG, logged=True)]
    )
    found = read(files, texts("prompts.parquet", "a", "b", "c"))
    assert found.score[1, 1] == 0.0
    assert found.logged[1, 1]
    assert found.drops.counts == {"asked without an answer, where a log has one": 1}


def test_an_empty_list_names_no_file(texts):
    with pytest.raises(DataError, match="an empty list of files was given"):
        read([], texts("prompts.parquet", "a"))


def test_a_file_that_is_named_twice_is_read_once(write, texts, tmp_path):
    file = write("outcomes.parquet", *ASKED)
    assert read([file, f"{tmp_path}/./outcomes.parquet"], texts("prompts.parquet", "a")).prompt_id == ["a"]
    assert read(tmp_path / "outcomes.parquet", texts("more.parquet", "a")).prompt_id == ["a"]


def test_a_prompt_that_is_given_without_its_source_is_no_other_one(write, texts, tmp_path):
    named = tmp_path / "named.parquet"
    pd.DataFrame({"prompt_id": ["a"], "prompt": ["What is a"], "source": ["mine"]}).to_parquet(named)
    prompts = [texts("prompts.parquet", "a", "b"), str(named)]
    outcomes = write("outcomes.parquet", *ASKED, *LOG)
    assert read(outcomes, prompts).source[:2] == ["mine", ""]
    other = tmp_path / "other.parquet"
    pd.DataFrame({"prompt_id": ["a"], "prompt": ["What is a"], "source": ["yours"]}).to_parquet(other)
    with pytest.raises(DataError, match="a prompt has one text and one source"):
        read(outcomes, [*prompts, str(other)])


def test_two_outcomes_that_were_asked_for_are_refused(write, texts):
    files = [write("one.parquet", *ASKED), write("two.parquet", ASKED[0])]
    with pytest.raises(
        DataError, match=r"one.parquet, .*two.parquet: more than one row has prompt_id 'a', model 'chea"
    ):
        read(files, texts("prompts.parquet", "a"))


def test_a_prompt_with_two_texts_is_refused(write, texts):
    prompts = [texts("one.parquet", "a"), texts("two.parquet", "a", text="Say ")]
    with pytest.raises(
        DataError, match=r"more than one row has prompt_id 'a', in one file or in two; a prompt has one"
    ):
        read(write("outcomes.parquet", *ASKED), prompts)


def test_a_fault_is_told_with_its_own_file_and_row(write, texts):
    files = [write("good.parquet", *ASKED), write("bad.parquet", ("b", "cheap", 0.5), ("b", "dear", 7.0))]
    with pytest.raises(DataError, match=r"bad.parquet: 1 fault in the outcomes.*\n  row 2, column 'score': got 7.0"):
        read(files, texts("prompts.parquet", "a", "b"))


def test_a_pattern_that_names_no_file_is_told_as_it_is(texts, tmp_path):
    with pytest.raises(DataError, match=r"gone-\*.parquet: no such file"):
        read(str(tmp_path / "gone-*.parquet"), texts("prompts.parquet", "a"))

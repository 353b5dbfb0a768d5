from __future__ import annotations

import pandas as pd
import pytest

from pointsman_train.datasets.source import Columns
from pointsman_train.datasets.table import Table, locate, pick
from pointsman_train.errors import DataError

FRAME = pd.DataFrame({"sample_id": ["a"], "prompt": ["Why?"], "price": [0.5]})
TABLE = Table("t.csv", tuple(FRAME.columns), lambda names: FRAME[list(names)])


def test_columns_are_found_under_the_names_given_and_optional_ones_may_be_absent():
    names = locate(TABLE, Columns(prompt_id="sample_id"), ("prompt_id", "prompt"), ("source",))
    assert names == {"prompt_id": "sample_id", "prompt": "prompt"}
    frame = pick(TABLE, names, ("prompt_id", "prompt", "source"))
    assert frame.to_dict("list") == {"prompt_id": ["a"], "prompt": ["Why?"], "source": [None]}


def test_a_missing_required_column_lists_what_there_is_and_the_nearest():
    with pytest.raises(DataError) as error:
        locate(TABLE, Columns(prompt="promt"), ("prompt",), ())
    assert str(error.value) == (
        "t.csv: no column 'promt' for prompt (did you mean 'prompt'?); the columns are 'sample_id', "
        "'prompt', 'price'; name the right one in dataset.columns.prompt"
    )


def test_an_optional_column_that_is_renamed_must_be_there():
    with pytest.raises(DataError, match="no column 'benchmark' for source; the columns are"):
        locate(TABLE, Columns(source="benchmark"), (), ("source",))


def test_one_column_may_serve_two_purposes():
    columns = Columns(prompt_id="sample_id", source="sample_id")
    names = locate(TABLE, columns, ("prompt_id",), ("source",))
    frame = pick(TABLE, names, ("prompt_id", "source"))
    assert frame.to_dict("list") == {"prompt_id": ["a"], "source": ["a"]}

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pointsman_train.dask_engine.store import (
    Step,
    facts_of,
    matrix_column,
    matrix_of,
    read_dealt,
    read_table,
    write_dealt,
    write_facts,
    write_table,
    write_whole,
)


def test_a_batch_has_the_rows_that_were_dealt_to_it_in_their_order_and_may_be_empty(tmp_path):
    table = pa.table({"x": [0, 1, 2, 3, 4], "text": ["a", "b", "c", "d", "e"]})
    write_dealt(tmp_path / "t.arrow", table, np.array([2, 0, 2, 0, 2]), 4)
    found = [read_dealt(tmp_path / "t.arrow", part).column("x").to_pylist() for part in range(4)]
    assert found == [[1, 3], [], [0, 2, 4], []]
    assert read_dealt(tmp_path / "t.arrow", 1).schema == table.schema


def test_nothing_is_dealt_as_so_many_empty_batches(tmp_path):
    write_dealt(tmp_path / "t.arrow", pa.table({"x": pa.array([], pa.int64())}), np.array([], np.int64), 3)
    assert [len(read_dealt(tmp_path / "t.arrow", part)) for part in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_matrix_comes_back_with_its_unknown_values(tmp_path, rows):
    values = np.arange(rows * 2.0).reshape(rows, 2)
    values[:1, 1] = np.nan
    write_table(tmp_path / "t.parquet", pa.table({"m": matrix_column(values)}))
    np.testing.assert_array_equal(matrix_of(read_table(tmp_path / "t.parquet").column("m")), values)


def test_a_file_that_could_not_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no space")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "f", b"content")
    assert list(tmp_path.iterdir()) == []


def test_steps_are_named_by_what_was_asked_for(tmp_path):
    step = Step(str(tmp_path))
    assert step.under("rows", {"a": 1}) == step.under("rows", {"a": 1}) != step.under("rows", {"a": 2})
    write_facts(step, 1, {"rows": 3})
    assert facts_of(step, 1) == {"rows": 3}
    assert step.missing(range(3), ".json") == [0, 2]

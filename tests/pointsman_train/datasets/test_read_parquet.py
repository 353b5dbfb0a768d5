from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_train.datasets.read_parquet import open_parquet
from pointsman_train.errors import DataError


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"id": ["a", "b"], "score": [0.5, 1.0], "response": ["long", "text"]}).to_parquet(path)
    return path


def test_only_the_columns_asked_for_are_read(written, monkeypatch):
    asked = []
    read = pq.ParquetFile.read

    def spy(self, columns=None, **settings):
        asked.append(columns)
        return read(self, columns=columns, **settings)

    monkeypatch.setattr(pq.ParquetFile, "read", spy)
    table = open_parquet(written)
    assert table.columns == ("id", "score", "response")
    assert asked == []
    assert list(table.read(["score", "id"]).columns) == ["score", "id"]
    assert asked == [["score", "id"]]


def test_a_name_that_begins_another_with_a_dot_reads_itself_alone(tmp_path):
    path = tmp_path / "models.parquet"
    pd.DataFrame({"gpt-3": [1.0], "gpt-3.5": [0.0]}).to_parquet(path)
    assert open_parquet(path).read(["gpt-3"]).to_dict("list") == {"gpt-3": [1.0]}


def test_an_index_that_pandas_stored_is_a_column_and_no_index(tmp_path):
    path = tmp_path / "indexed.parquet"
    pd.DataFrame({"id": ["a", "b"], "score": [1.0, 0.0]}).set_index("id").to_parquet(path)
    frame = open_parquet(path).read(["id", "score"])
    assert frame["id"].tolist() == ["a", "b"]
    assert frame.index.tolist() == [0, 1]


def test_whole_numbers_beside_nulls_stay_whole(tmp_path):
    path = tmp_path / "ids.parquet"
    pq.write_table(pa.table({"id": pa.array([7, None])}), path)
    assert open_parquet(path).read(["id"])["id"].tolist() == [7, None]


@pytest.mark.parametrize("kept", [0, 3, 0.5, -1])
def test_a_truncated_file_is_an_error_that_names_it(written, kept):
    whole = written.read_bytes()
    written.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(DataError, match=r"table\.parquet: not a whole Parquet file, write or copy it again \("):
        open_parquet(written)


def test_a_damaged_page_is_an_error_on_reading(written):
    whole = bytearray(written.read_bytes())
    whole[4:40] = b"\xff" * 36
    written.write_bytes(bytes(whole))
    table = open_parquet(written)
    with pytest.raises(DataError, match=r"table\.parquet: not a whole Parquet file"):
        table.read(["id"])


def test_text_that_is_not_utf_8_is_an_error(tmp_path):
    offsets = pa.py_buffer(np.array([0, 2], dtype=np.int32).tobytes())
    broken = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff\xfe")])
    path = tmp_path / "bytes.parquet"
    pq.write_table(pa.table({"prompt": broken}), path)
    with pytest.raises(DataError, match=r"bytes\.parquet: .*Invalid UTF8"):
        open_parquet(path).read(["prompt"])

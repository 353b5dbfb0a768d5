from __future__ import annotations

from pathlib import Path

import pytest

from pointsman_train.datasets.files import open_table
from pointsman_train.errors import DataError

ROWS = [{"id": "a", "score": 0.25}, {"id": "b", "score": 1.0}]
SUFFIXES = [".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".CSV"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_gives_names_before_and_values_after_reading(rows, suffix):
    table = open_table(rows(f"table{suffix}", ROWS))
    assert table.columns == ("id", "score")
    frame = table.read(["score", "id"])
    assert list(frame.columns) == ["score", "id"]
    assert frame["id"].tolist() == ["a", "b"]
    assert [float(value) for value in frame["score"]] == [0.25, 1.0]
    assert frame.index.tolist() == [0, 1]


@pytest.mark.parametrize("moved", ["log.jsonl.1", "log.jsonl-20261129.gz", "log.ndjson.12.gz", "log.JSONL.2026-11-29"])
def test_a_log_that_was_moved_away_is_read_as_it_was(rows, moved):
    suffix = ".jsonl.gz" if moved.endswith("gz") else ".jsonl"
    path = Path(rows(f"log{suffix}", ROWS))
    assert open_table(str(path.rename(path.with_name(moved)))).read(["id"])["id"].tolist() == ["a", "b"]


def test_a_missing_file_is_named(tmp_path):
    path = str(tmp_path / "gone.csv")
    with pytest.raises(DataError) as error:
        open_table(path)
    assert str(error.value) == f"{path}: no such file (looked from the root)"


def test_a_relative_path_is_looked_for_from_the_working_folder():
    with pytest.raises(DataError, match=r"^gone\.csv: no such file \(looked from the working folder\)$"):
        open_table("gone.csv")


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "parts.parquet"
    folder.mkdir()
    with pytest.raises(DataError, match="is a folder, expected a file"):
        open_table(str(folder))


@pytest.mark.parametrize("name", ["table.xlsx", "table", "table.parquet.gz", "table.json"])
def test_an_unknown_suffix_lists_the_known_ones(name):
    with pytest.raises(DataError, match=rf"^{name}: .* suffix, expected one of '.parquet', '.csv', '.csv.gz'"):
        open_table(name)


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("id,score,id\na,1,b\n")
    with pytest.raises(DataError, match="more than one column is called 'id'; rename all but one"):
        open_table(str(path))

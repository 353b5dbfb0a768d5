from __future__ import annotations

import gzip

import pytest

from pointsman_train.datasets.read_jsonl import open_jsonl
from pointsman_train.errors import DataError


@pytest.fixture
def jsonl(tmp_path):
    def build(content: bytes, name: str = "table.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        return open_jsonl(path)

    return build


def test_columns_are_the_keys_of_all_lines_and_a_missing_key_is_null(jsonl):
    table = jsonl(b'{"id": 1}\n\n{"id": 2, "score": 0.5}\n')
    assert table.columns == ("id", "score")
    assert table.read(["score", "id"]).to_dict("list") == {"score": [None, 0.5], "id": [1, 2]}


def test_a_broken_line_is_named_with_its_number_and_character(jsonl):
    with pytest.raises(DataError, match=r"table\.jsonl: line 3 is not JSON \(Expecting .* at character 8\)$"):
        jsonl(b'{"id": 1}\n\n{"id": ?}\n')


def test_a_line_cut_off_is_named(jsonl):
    with pytest.raises(DataError, match=r"table\.jsonl: line 2 is not JSON \(.* at character 1?\d\)"):
        jsonl(b'{"id": 1}\n{"id": 2, "pro')


def test_a_line_that_is_no_object_is_shown(jsonl):
    with pytest.raises(DataError, match=r"table\.jsonl: line 2 is not a JSON object, got '\[1, 2\]'"):
        jsonl(b'{"id": 1}\n[1, 2]\n')


def test_lone_surrogates_and_nul_come_through_as_they_are(jsonl):
    frame = jsonl(b'{"prompt": "a\\ud800b"}\n{"prompt": "c\\u0000"}\n').read(["prompt"])
    assert frame["prompt"].tolist() == ["a\ud800b", "c\x00"]


def test_bytes_that_are_not_utf_8_are_an_error(jsonl):
    with pytest.raises(DataError, match=r"table\.jsonl: not UTF-8 at byte 8; save the file as UTF-8"):
        jsonl(b'{"id": "\xff"}\n')


def test_a_truncated_gzip_file_is_an_error(jsonl):
    whole = gzip.compress(b"".join(b'{"id": %d}\n' % i for i in range(5000)))
    with pytest.raises(DataError, match=r"table\.jsonl\.gz: cannot be read, it may be truncated"):
        jsonl(whole[:-200], "table.jsonl.gz")

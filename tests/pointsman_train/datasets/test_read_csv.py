from __future__ import annotations

import gzip

import pytest

from pointsman_train.datasets import read_csv
from pointsman_train.errors import DataError


@pytest.fixture
def csv(tmp_path):
    def build(content: bytes, name: str = "table.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return read_csv.open_csv(path)

    return build


def test_an_empty_field_is_null_and_an_empty_text_in_quotes_is_not(csv):
    assert csv(b'id,prompt\n1,\n2,""\n').read(["prompt"])["prompt"].fillna("null").tolist() == ["null", ""]


def test_words_that_mean_null_elsewhere_are_text(csv):
    assert csv(b"id,prompt\n1,null\n2,NA\n3,nan\n").read(["prompt"])["prompt"].tolist() == [
        "null",
        "NA",
        "nan",
    ]


def test_numbers_stay_text_so_that_ids_keep_their_zeros(csv):
    assert csv(b"id\n007\n1e3\n").read(["id"])["id"].tolist() == ["007", "1e3"]


def test_a_byte_order_mark_nul_and_line_breaks_in_quotes_are_read(csv):
    table = csv(b'\xef\xbb\xbfid,prompt\r\n1,"a\nb"\r\n2,c\x00d\r\n')
    assert table.columns == ("id", "prompt")
    assert table.read(["prompt"])["prompt"].tolist() == ["a\nb", "c\x00d"]


def test_a_row_with_too_few_fields_is_named_by_its_data_row(csv):
    table = csv(b'id,prompt,score\n1,"two\nlines",0\n2,short\n3,x,1\n')
    with pytest.raises(DataError) as error:
        table.read(["id"])
    assert str(error.value) == (
        f"{table.origin}: row 2 (data rows count from 1) has 2 fields, the header has 3; put texts with "
        "commas or line breaks in quotes: '2,short'"
    )


def test_a_row_with_too_many_fields_is_found_in_a_later_block(csv, monkeypatch):
    monkeypatch.setattr(read_csv, "_BLOCK_BYTES", 64)
    table = csv(b"id,score\n" + b"abc,1\n" * 100 + b"abc,1,2\n" + b"abc,1\n" * 100)
    with pytest.raises(DataError, match=r"row 101 \(data rows count from 1\) has 3 fields, the header has 2"):
        table.read(["id"])


def test_line_breaks_in_quotes_survive_the_border_between_blocks(csv, monkeypatch):
    monkeypatch.setattr(read_csv, "_BLOCK_BYTES", 64)
    texts = [f"{i}\n" * (i % 7 + 1) for i in range(50)]
    table = csv(b"id,prompt\n" + b"".join(b'%d,"%s"\n' % (i, text.encode()) for i, text in enumerate(texts)))
    assert table.read(["prompt"])["prompt"].tolist() == texts


def test_a_quote_that_is_never_closed_is_an_error(csv):
    with pytest.raises(DataError, match=r"row 1 .* has 1 fields, the header has 2"):
        csv(b'id,score\n"1,0.5\n2,0.5\n').read(["id"])


def test_text_that_is_not_utf_8_is_an_error_that_says_so(csv):
    with pytest.raises(
        DataError, match=r"table\.csv: not CSV in UTF-8 \(.*Row #3.*invalid UTF8.*header counts as row 1"
    ):
        csv("id,prompt\n1,plain\n2,caf\xe9\n".encode("latin-1")).read(["prompt"])


def test_an_empty_file_is_an_error(csv):
    with pytest.raises(DataError, match=r"table\.csv: the file is empty, expected a header with the columns' names"):
        csv(b"")


def test_a_truncated_gzip_file_is_an_error(csv):
    whole = gzip.compress(b"id,score\n" + b"".join(b"%d,0.5\n" % i for i in range(5000)))
    with pytest.raises(DataError, match=r"table\.csv\.gz: "):
        csv(whole[:-200], "table.csv.gz").read(["id"])


def test_a_prompt_longer_than_a_megabyte_is_read_whole(csv):
    text = b"x" * 3_000_000
    assert csv(b"id,prompt\n1," + text + b"\n").read(["prompt"])["prompt"].str.len().tolist() == [3_000_000]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id;prompt\n1;a\n", "the header is 'id;prompt', separated by ';'; save the file with commas"),
        (b"id\tprompt\n1\ta\n", r"separated by '\\t'"),
        ("id,prompt\n1,a\n".encode("utf-16"), "the header is not UTF-8"),
    ],
)
def test_a_header_of_another_form_is_told(csv, content, said):
    with pytest.raises(DataError, match=said):
        csv(content)

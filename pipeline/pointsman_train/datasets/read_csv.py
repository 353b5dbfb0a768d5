"""CSV with a header, in UTF-8. Every value is read as text; the schema turns numbers into numbers.

An empty field is null, and so it differs from an empty text in quotes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc

from pointsman_train.datasets.read_text import open_text, unreadable
from pointsman_train.datasets.table import Table, frame_of
from pointsman_train.errors import DataError

# A row must fit in one block, and a prompt can be a whole book.
_BLOCK_BYTES = 1 << 24


def open_csv(path: Path) -> Table:
    """Open a CSV file, plain or gzip.

    Raises
    ------
    DataError
        When the file is empty; on reading, when a row has another number of fields than the header, or a text
        is not UTF-8.
    """
    with unreadable(path), open_text(path, errors="replace") as lines:
        header = next(csv.reader(lines), None)
    if not header:
        raise DataError(f"{path}: the file is empty, expected a header with the columns' names")
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
        raise DataError(f"{path}: the header is {header[0]!r}, separated by {other!r}; save the file with commas")
    if "\ufffd" in "".join(header):
        raise DataError(f"{path}: the header is not UTF-8, it begins with {header[0][:40]!r}; save the file as UTF-8")
    return Table(origin=str(path), columns=tuple(header), read=lambda wanted: _read(path, wanted))


def _read(path: Path, names: Sequence[str]) -> pd.DataFrame:
    bad: list[Any] = []

    def note(row: Any) -> str:
        bad.append(row)
        return "error"

    try:
        table = pc.read_csv(
            path,
            # Threads would lose the row's number in an error.
            read_options=pc.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pc.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=_as_text(names),
        )
        return frame_of(table)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: {_what(bad, error)}") from error


def _as_text(names: Sequence[str]) -> Any:
    return pc.ConvertOptions(
        include_columns=list(names),
        column_types={name: pa.large_string() for name in names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )


def _what(bad: Sequence[Any], error: Exception) -> str:
    if not bad:
        return f"not CSV in UTF-8 ({error}; the header counts as row 1 in this count)"
    row = bad[0]
    return (
        f"row {row.number - 1} (data rows count from 1) has {row.actual_columns} fields, the header has "
        f"{row.expected_columns}; put texts with commas or line breaks in quotes: {row.text[:80]!r}"
    )

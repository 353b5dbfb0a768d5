"""A table that is open but not read: its column names are known, its values are read on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pointsman_train.datasets.hints import did_you_mean, listed
from pointsman_train.datasets.source import Columns
from pointsman_train.errors import DataError


@dataclass(frozen=True, slots=True)
class Table:
    """One file or hub table.

    Attributes
    ----------
    origin
        What error messages call it: the path as given.
    columns
        Every column's name.
    read
        Reads the columns named, in file order of rows, with an index that counts rows from 0.
    """

    origin: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], pd.DataFrame]


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into a data frame, checked to the last byte and without a stored pandas index.

    Raises
    ------
    pyarrow.ArrowInvalid
        When the table is damaged, for example by text that is not UTF-8.
    """
    table.validate(full=True)
    # Integers beside nulls would turn into floats, and an id of 7 into "7.0".
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    return frame


def locate(table: Table, columns: Columns, required: Sequence[str], optional: Sequence[str]) -> dict[str, str]:
    """Find columns under the names that the configuration gives them.

    Returns
    -------
    The file's name of each column, by our name; optional columns that the file lacks are left out.

    Raises
    ------
    DataError
        When a required column is missing, or an optional one that the configuration renames.
    """
    names: dict[str, str] = {field: getattr(columns, field) for field in (*required, *optional)}
    for field, name in names.items():
        if name not in table.columns and (field in required or name != field):
            raise DataError(
                f"{table.origin}: no column {name!r} for {field}{did_you_mean(name, table.columns)}; "
                f"the columns are {listed(table.columns)}; name the right one in dataset.columns.{field}"
            )
    return {field: name for field, name in names.items() if name in table.columns}


def pick(table: Table, names: Mapping[str, str], fields: Sequence[str]) -> pd.DataFrame:
    """Read the columns found by :func:`locate`, under our names; a field that was not found is all null."""
    frame = table.read(list(dict.fromkeys(names.values())))
    return pd.DataFrame({f: frame[names[f]] if f in names else None for f in fields}, index=frame.index)

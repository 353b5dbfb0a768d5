"""Parquet, of which only the columns asked for are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pointsman_train.datasets.table import Table, frame_of
from pointsman_train.errors import DataError


def open_parquet(path: Path) -> Table:
    """Open a Parquet file.

    Raises
    ------
    DataError
        When the file is truncated or not Parquet; on reading, when its pages are damaged.
    """
    try:
        names = tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    return Table(origin=str(path), columns=names, read=lambda wanted: _read(path, wanted))


def _read(path: Path, names: Sequence[str]) -> pd.DataFrame:
    try:
        with pq.ParquetFile(path) as file:
            return frame_of(file.read(columns=list(names)))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: not a whole Parquet file, write or copy it again ({error})")

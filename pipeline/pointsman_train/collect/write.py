"""Writing a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pointsman_train.errors import CollectError
from pointsman_train.writing import write_parquet


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a Parquet table in one step, so that a reader never sees half of it.

    Raises
    ------
    CollectError
        When it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(table, path)
    except OSError as error:
        raise CollectError(f"{path}: the table cannot be written ({error}); give another path") from error

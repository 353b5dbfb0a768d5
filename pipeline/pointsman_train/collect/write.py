"""Writing a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pointsman_train.errors import CollectError


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a Parquet table in one step, so that a reader never sees half of it.

    Raises
    ------
    CollectError
        When it cannot be written there.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(partial, index=False)
        partial.replace(path)
    except OSError as error:
        raise CollectError(f"{path}: the table cannot be written ({error}); give another path") from error

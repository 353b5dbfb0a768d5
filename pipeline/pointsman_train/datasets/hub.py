"""Tables that the ``datasets`` library finds: on the Hugging Face hub, or offline in a local folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pointsman_train.datasets.source import HubConfig
from pointsman_train.datasets.table import Table, frame_of
from pointsman_train.errors import DataError

_LONGEST = 300


def open_hub(config: HubConfig, data_files: str | None) -> Table:
    """Load one table through ``datasets.load_dataset``.

    Parameters
    ----------
    config
        Path, name and split.
    data_files
        Name or pattern of the files that hold this table; None leaves the choice to the library.

    Raises
    ------
    DataError
        When the library cannot find, fetch or read it.
    """
    # Here and not above: the import takes longer than reading a table, and most runs do not need it.
    import datasets
    import pyarrow as pa

    origin = config.path if data_files is None else f"{config.path}/{data_files}"
    try:
        found = datasets.load_dataset(config.path, config.name, split=config.split, data_files=data_files)
    except (datasets.exceptions.DatasetsError, pa.ArrowException, OSError, ValueError) as error:
        reason = error.__cause__ or error
        raise DataError(
            f"{origin}: datasets.load_dataset cannot load split {config.split!r} ({type(error).__name__}: "
            f"{str(reason)[:_LONGEST]}); check dataset.path, name, split and data_files"
        ) from error
    return Table(origin=origin, columns=tuple(found.column_names), read=lambda names: _read(found, names))


def _read(found: Any, names: Sequence[str]) -> pd.DataFrame:
    return frame_of(found.select_columns(list(names)).with_format("arrow")[:])

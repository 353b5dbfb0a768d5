"""What a run reads: Parquet files, in units of one row group each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pointsman_train.datasets import DatasetConfig, LongConfig, WideConfig
from pointsman_train.datasets.files import files_of
from pointsman_train.datasets.table import Table, frame_of
from pointsman_train.errors import ConfigError, DataError

OUTCOMES, PROMPTS = "outcomes", "prompts"


@dataclass(frozen=True, slots=True)
class Unit:
    """One row group of one file.

    Attributes
    ----------
    kind
        "outcomes", which may carry the prompts' texts as well, or "prompts".
    rows
        Of it.
    stamp
        When the file was last written, in nanoseconds.
    """

    kind: str
    file: str
    group: int
    rows: int
    stamp: int

    def table(self) -> Table:
        """Open it as a table whose columns are read on demand."""
        origin = f"{self.file}, row group {self.group}"

        def read(names: Sequence[str]) -> pd.DataFrame:
            try:
                with pq.ParquetFile(self.file) as file:
                    return frame_of(file.read_row_group(self.group, columns=list(names)))
            except (pa.ArrowException, OSError) as error:
                raise DataError(f"{origin}: not whole, write or copy the file again ({error})") from error

        return Table(origin, tuple(pq.read_schema(self.file).names), read)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All units of a data set.

    Attributes
    ----------
    outcomes, prompts
        Units of each kind; no prompts where the outcomes carry the text.
    """

    outcomes: tuple[Unit, ...]
    prompts: tuple[Unit, ...]

    @property
    def rows(self) -> int:
        """Rows of outcomes."""
        return sum(unit.rows for unit in self.outcomes)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What tells these inputs from others."""
        return [asdict(unit) for unit in (*self.outcomes, *self.prompts)]


def inputs_of(config: DatasetConfig) -> Inputs:
    """Find the files of a data set; of a folder, every Parquet file in it.

    Raises
    ------
    ConfigError
        When the data set has another form than long or wide.
    DataError
        When there is no file, or one is damaged.
    """
    if isinstance(config, LongConfig):
        path, prompts = config.outcomes, config.prompts
    elif isinstance(config, WideConfig):
        path, prompts = config.path, config.prompts
    else:
        raise ConfigError(
            f"engine=dask reads Parquet files, got a {type(config).__name__}; write the data set as Parquet and take "
            "dataset=outcomes or dataset=wide"
        )
    return Inputs(_all_units(OUTCOMES, path), () if prompts is None else _all_units(PROMPTS, prompts))


def _all_units(kind: str, named: str | Sequence[str]) -> tuple[Unit, ...]:
    return tuple(unit for path in files_of(named) for unit in _units(kind, path))


def _units(kind: str, path: str) -> tuple[Unit, ...]:
    root = Path(path)
    files = sorted(root.rglob("*.parquet")) if root.is_dir() else [root]
    if not files or not files[0].is_file() or files[0].suffix.lower() != ".parquet":
        raise DataError(
            f"{path}: engine=dask reads a Parquet file, or a folder with Parquet files (*.parquet), found none here"
        )
    return tuple(unit for file in files for unit in _groups(kind, file))


def _groups(kind: str, file: Path) -> list[Unit]:
    try:
        found = pq.read_metadata(file)
        stamp = file.stat().st_mtime_ns
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a whole Parquet file, write or copy it again ({error})") from error
    name = str(file.resolve())
    return [Unit(kind, name, i, found.row_group(i).num_rows, stamp) for i in range(found.num_row_groups)]

"""Dealing rows into parts by a hash of their prompt's id.

However the files are cut, all outcomes of a prompt and its text then lie in one part; and each part is a fair sample
of all prompts, which LightGBM wants of each worker: it cuts the values of a feature into bins by one worker's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pointsman_train.dask_engine.inputs import OUTCOMES, Unit
from pointsman_train.dask_engine.store import Step, write_dealt, write_facts
from pointsman_train.data import DropLog
from pointsman_train.datasets import DatasetConfig, LongConfig, WideConfig
from pointsman_train.datasets.forms import prompts_of
from pointsman_train.datasets.long import long_rows
from pointsman_train.datasets.schema import NUMBERS
from pointsman_train.datasets.table import Table
from pointsman_train.datasets.wide import wide_rows

# Two hashes of an id that know nothing of each other: one deals, one draws the sample.
_DEAL, _SAMPLE = "pointsman: deal.", "pointsman: draw."

_TEXT = pa.string()
_OUTCOMES = pa.schema([("prompt_id", _TEXT), ("model", _TEXT)] + [(name, pa.float64()) for name in NUMBERS])
_PROMPTS = pa.schema([("prompt_id", _TEXT), ("prompt", _TEXT), ("source", _TEXT)])


@dataclass(frozen=True, slots=True)
class Deal:
    """Deals one unit; each table lands in a file of its own, with a batch for each part."""

    step: Step
    config: DatasetConfig
    pool: tuple[str, ...]
    parts: int

    def __call__(self, unit: tuple[int, Unit, bool]) -> None:
        """Read, check and write the unit of this number; the last tells whether it carries texts."""
        number, one, texts = unit
        table, drops = one.table(), DropLog()
        seen: list[str] = []
        if one.kind == OUTCOMES:
            rows, seen = self._outcomes(table, drops)
            self._write(f"outcomes-{number:05d}", pa.Table.from_pandas(rows, _OUTCOMES, preserve_index=False))
        if texts:
            prompts = prompts_of(
                table, self.config.columns, repeated=isinstance(self.config, LongConfig) and one.kind == OUTCOMES
            )
            self._write(f"prompts-{number:05d}", pa.Table.from_pandas(prompts, _PROMPTS, preserve_index=False))
        # Written last: where it is, all of the unit is.
        write_facts(self.step, number, {"models": seen, "drops": drops.counts})

    def _outcomes(self, table: Table, drops: DropLog) -> tuple[pd.DataFrame, list[str]]:
        """Read outcomes of the pool; returns the models that have a score as well."""
        if isinstance(self.config, WideConfig):
            patterns = (self.config.score_column, self.config.cost_column)
            rows, _ = wide_rows(table, self.config.columns, patterns, self.pool, drops)
        else:
            rows = long_rows(table, self.config.columns, drops)
        scored = rows["score"].notna() & (rows["trials"] != 0)
        seen = sorted(rows["model"][scored].unique())
        if self.pool:
            inside = rows["model"].isin(self.pool)
            drops.add("model not in the pool", int((~inside).sum()))
            rows = rows[inside]
        return rows, seen

    def _write(self, name: str, table: pa.Table) -> None:
        ids = table.column("prompt_id").to_numpy(zero_copy_only=False)
        write_dealt(
            self.step.file(name, ".arrow"),
            table,
            (hash_of(ids, _DEAL) % np.uint64(self.parts)).astype(np.int64),
            self.parts,
        )


def hash_of(ids: Sequence[str] | NDArray[Any], key: str) -> NDArray[np.uint64]:
    """Hash ids, the same on every machine and in every process; keys of 16 characters give independent hashes."""
    values = np.asarray(ids, dtype=object)
    return np.asarray(pd.util.hash_array(values, hash_key=key, categorize=False), np.uint64)


def draw_of(ids: Sequence[str] | NDArray[Any]) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each id, always the same: below a share of 0.1 lies a tenth of all ids."""
    return hash_of(ids, _SAMPLE).astype(np.float64) / 2.0**64

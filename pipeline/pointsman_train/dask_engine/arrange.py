"""Arranging a part: its rows become prompts by models, and buckets in which near-duplicates of any part meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pointsman_train.dask_engine.buckets import buckets_of
from pointsman_train.dask_engine.store import (
    Step,
    matrix_column,
    matrix_of,
    read_dealt,
    read_table,
    write_dealt,
    write_facts,
    write_table,
)
from pointsman_train.data import DropLog, ModelSpec
from pointsman_train.datasets.costs import WAYS
from pointsman_train.datasets.forms import Tables
from pointsman_train.datasets.grid import Grid, grid_of_part
from pointsman_train.datasets.schema import NUMBERS
from pointsman_train.datasets.selected import marked, of_a_log_alone
from pointsman_train.datasets.several import outcomes_together, prompts_together


@dataclass(frozen=True, slots=True)
class Arrange:
    """Arranges one part.

    Attributes
    ----------
    dealt
        Where the rows are.
    outcomes, prompts
        Numbers of the units that have either.
    similarity
        From which on prompts are near-duplicates.
    """

    step: Step
    dealt: Step
    origin: str
    outcomes: tuple[int, ...]
    prompts: tuple[int, ...]
    parts: int
    models: tuple[str, ...]
    catalog: dict[str, ModelSpec] | None
    similarity: float

    def __call__(self, part: int) -> None:
        """Write the grid, the buckets and the facts of a part."""
        drops = DropLog()
        grid = grid_of_part(self._tables(part, drops), drops)
        write_table(self.step.file(part), _table_of(grid))
        found = buckets_of(part, grid.prompt_id, grid.prompt, self.similarity)
        to = (found.column("bucket").to_numpy() % np.uint64(self.parts)).astype(np.int64)
        write_dealt(self.step.file(f"buckets-{part:05d}", ".arrow"), found, to, self.parts)
        write_facts(self.step, part, self._facts(grid, drops))

    def _tables(self, part: int, drops: DropLog) -> Tables:
        outcomes = outcomes_together([self._read("outcomes", self.outcomes, part)], self.origin, drops)
        prompts = prompts_together([self._read("prompts", self.prompts, part)], self.origin)
        inside = outcomes["model"].isin(self.models)
        drops.add("model not in the pool", int((~inside).sum()))
        return Tables(prompts, outcomes[inside], self.models, self.origin)

    def _read(self, kind: str, units: tuple[int, ...], part: int) -> pd.DataFrame:
        files = [self.dealt.file(f"{kind}-{unit:05d}", ".arrow") for unit in units]
        table = pa.concat_tables([read_dealt(file, part) for file in files])
        frame: pd.DataFrame = table.to_pandas()
        return frame.astype({name: object for name in ("prompt_id", "model", "prompt", "source") if name in frame})

    def _facts(self, grid: Grid, drops: DropLog) -> dict[str, object]:
        costs = {name: way(grid, self.catalog or {}) for name, way in WAYS.items()}
        return {
            "prompts": len(grid.prompt_id),
            "logged": int(of_a_log_alone(marked(grid.logged, grid.known), grid.known).sum()),
            "drops": drops.counts,
            "known": grid.known.sum(axis=0).tolist(),
            "priced": {name: (~np.isnan(cost) & grid.known).sum(axis=0).tolist() for name, cost in costs.items()},
        }


def _table_of(grid: Grid) -> pa.Table:
    texts = {name: pa.array(getattr(grid, name), pa.string()) for name in ("prompt_id", "prompt", "source")}
    return pa.table(texts | {name: matrix_column(getattr(grid, name)) for name in NUMBERS})


def read_grid(step: Step, part: int, models: tuple[str, ...]) -> Grid:
    """Read what :class:`Arrange` wrote."""
    return grid_from(read_table(step.file(part)), models)


def grid_from(table: pa.Table, models: tuple[str, ...]) -> Grid:
    """Turn such a table, or rows of one, back into a grid."""
    texts: dict[str, Any] = {name: table.column(name).to_pylist() for name in ("prompt_id", "prompt", "source")}
    numbers: dict[str, Any] = {name: matrix_of(table.column(name)) for name in NUMBERS}
    return Grid(**texts, **numbers, models=models, origin="")

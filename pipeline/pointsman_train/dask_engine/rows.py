"""A part's labelled prompts: what the later steps read, in files and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pointsman_train.dask_engine.arrange import grid_from, read_grid
from pointsman_train.dask_engine.deal import draw_of
from pointsman_train.dask_engine.groups import groups_of, hashes_of
from pointsman_train.dask_engine.store import Step, matrix_column, matrix_of, read_table, write_facts, write_table
from pointsman_train.data import Bools, DropLog, Floats, Ints, ModelSpec, Outcomes
from pointsman_train.datasets.costs import WAYS
from pointsman_train.datasets.grid import Grid
from pointsman_train.datasets.load import outcomes_of
from pointsman_train.datasets.selected import marked, of_a_log_alone
from pointsman_train.label import LabelConfig, label
from pointsman_train.train.success import Targets

TEST = 2


@dataclass(frozen=True, slots=True)
class Borders:
    """Hashes of groups at which the parts of the split end.

    Attributes
    ----------
    test, calibration
        Groups with a smaller hash are drawn for the test; those from there to ``calibration`` for calibration.
    """

    seed: int
    test: int
    calibration: int

    def part_of(self, groups: Sequence[str]) -> Ints:
        """Part of the split of each prompt, by its group: 0 train, 1 calibration, 2 test."""
        hashes = hashes_of(groups, self.seed)
        drawn = [hashes < np.uint64(self.test)] if self.test < 2**64 else [np.ones(len(hashes), bool)]
        drawn += [hashes < np.uint64(self.calibration)] if self.calibration < 2**64 else [np.ones(len(hashes), bool)]
        return np.where(drawn[0], TEST, np.where(drawn[1], 1, 0)).astype(np.int64)


def outcomes_from(grid: Grid, way: str, catalog: dict[str, ModelSpec] | None) -> Outcomes:
    """Settle the costs of a grid by the way that holds for all parts."""
    return outcomes_of(grid, WAYS[way](grid, catalog or {}), way, DropLog())


@dataclass(frozen=True, slots=True)
class LabelRows:
    """Labels one part.

    Attributes
    ----------
    ladder
        Models from cheapest to dearest, as all parts have them.
    strongest
        Rung of the best model on average.
    """

    step: Step
    arranged: Step
    grouped: Step
    models: tuple[str, ...]
    way: str
    catalog: dict[str, ModelSpec] | None
    borders: Borders
    config: LabelConfig
    strongest: int

    def __call__(self, part: int) -> None:
        """Write the labelled prompts of a part."""
        outcomes = outcomes_from(read_grid(self.arranged, part, self.models), self.way, self.catalog)
        found = label(outcomes, self.config, self.strongest)
        groups = groups_of(self.grouped, part, outcomes.prompt_id)
        of_split = self.borders.part_of(groups)
        rate = np.where(found.outcomes.trials > 1, found.outcomes.score, found.success)
        counts = np.ones_like(found.success) if found.outcomes.stands_for is None else found.outcomes.stands_for
        table = {
            "prompt_id": pa.array(outcomes.prompt_id, pa.string()),
            "prompt": pa.array(outcomes.prompt, pa.string()),
            "source": pa.array(outcomes.source, pa.string()),
            "group": pa.array(groups, pa.string()),
            "part": of_split,
            "label": found.label,
            "success": matrix_column(found.success),
            "rate": matrix_column(rate),
            "trials": matrix_column(found.outcomes.trials),
            "score": matrix_column(found.outcomes.score),
            "cost_usd": matrix_column(found.outcomes.cost_usd),
            "stands_for": matrix_column(counts),
        }
        write_table(self.step.file(part), pa.table(table))
        drops = found.outcomes.drops.counts
        unpriced = int(np.sum(~np.isnan(outcomes.score) & np.isnan(outcomes.cost_usd)))
        drops |= {"cost is unknown (kept)": unpriced} if unpriced else {}
        facts = {"labels": found.counts(), "drops": drops, "fingerprint": outcomes.fingerprint}
        write_facts(self.step, part, facts | {"parts": np.bincount(of_split, minlength=3).tolist()})


def targets_of(table: pa.Table) -> Targets:
    """Read what fits learn from."""
    success, rate, trials, counts = (
        matrix_of(table.column(name)) for name in ("success", "rate", "trials", "stands_for")
    )
    return Targets(success, rate, trials.astype(np.int64), table.column("label").to_numpy(), stands_for=counts)


@dataclass(frozen=True, slots=True)
class TakeSample:
    """Takes a part's share of the sample.

    Attributes
    ----------
    shares
        ndarray of shape (2, 2): of the prompts for training and of those for the test, of those that were asked and of
        those of a service's log, how many are drawn.
    """

    arranged: Step
    grouped: Step
    borders: Borders
    shares: Floats

    def __call__(self, part: int) -> pa.Table:
        """Return the drawn rows of a part's grid, with their group and part of the split."""
        table = read_table(self.arranged.file(part))
        ids = table.column("prompt_id").to_pylist()
        groups = groups_of(self.grouped, part, ids)
        of_split = self.borders.part_of(groups)
        logged = logged_in(table)
        kept = draw_of(ids) < self.shares[(of_split == TEST).astype(int), logged.astype(int)]
        table = table.append_column("group", pa.array(groups, pa.string())).append_column("part", pa.array(of_split))
        return table.filter(pa.array(kept))


def logged_in(arranged: pa.Table) -> Bools:
    """Mask of the prompts of a part of which only a service's log has outcomes, ndarray of shape (n_prompts,)."""
    known = ~np.isnan(matrix_of(arranged.column("score")))
    return of_a_log_alone(marked(matrix_of(arranged.column("logged")), known), known)


def sample_of(tables: Sequence[pa.Table], models: tuple[str, ...]) -> tuple[Grid, list[str], Ints]:
    """Put the drawn rows of all parts together, in order of their id; returns their groups and parts of the split."""
    table = pa.concat_tables(tables)
    order = sorted(range(len(table)), key=table.column("prompt_id").to_pylist().__getitem__)
    table = table.take(order)
    return grid_from(table, models), table.column("group").to_pylist(), table.column("part").to_numpy()

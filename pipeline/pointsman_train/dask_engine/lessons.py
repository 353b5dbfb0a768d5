"""Boosters from lessons: what is learned of the prompts of all parts, but for those of one fold."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa

from pointsman_train.dask_engine.boosters import Taken, Training, train_booster
from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.dask_engine.features import columns_of
from pointsman_train.dask_engine.rows import targets_of
from pointsman_train.dask_engine.store import Step, digest, read_table, write_whole
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoosterConfig, parameters_for
from pointsman_train.train.heads import Head
from pointsman_train.train.learner import Known, Lesson
from pointsman_train.train.link import smoothed_logit
from pointsman_train.train.success import Targets

log = logging.getLogger(__name__)

_TARGETS = ("fold", "label", "success", "rate", "trials", "stands_for")


@dataclass(frozen=True, slots=True)
class Sums:
    """What a target comes to.

    Attributes
    ----------
    rows
        Prompts that it is known for.
    least, greatest
        Of its values.
    total
        Sum of its values.
    weighted, weight
        Sums of its values times their weights, and of the weights.
    """

    rows: int
    least: float
    greatest: float
    total: float
    weighted: float
    weight: float

    def __add__(self, other: Sums) -> Sums:
        """Return the sums of both."""
        return Sums(
            self.rows + other.rows,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
            self.total + other.total,
            self.weighted + other.weighted,
            self.weight + other.weight,
        )


_NOTHING = Sums(0, np.inf, -np.inf, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Take:
    """Reads of one part what a booster learns from.

    Attributes
    ----------
    without
        Fold that is left out; None leaves none out.
    """

    features: Step
    of: Callable[[Targets], Known]
    without: int | None
    columns: tuple[int, ...]

    def __call__(self, part: int) -> Taken:
        """Return columns, target and weight."""
        table = self._table(part, [f"x/{column}" for column in self.columns])
        known = self.of(targets_of(table))
        return columns_of(table.filter(pa.array(known.rows)), self.columns), known.target, known.weight

    def sums(self, part: int) -> Sums:
        """Return what the target comes to, without reading a feature."""
        known = self.of(targets_of(self._table(part, [])))
        if not len(known.target):
            return _NOTHING
        least, greatest = float(known.target.min()), float(known.target.max())
        weighted = float(np.sum(known.target * known.weight))
        total = float(known.target.sum())
        return Sums(len(known.target), least, greatest, total, weighted, float(known.weight.sum()))

    def _table(self, part: int, columns: Sequence[str]) -> pa.Table:
        table = read_table(self.features.file(part), [*_TARGETS, *columns])
        if self.without is None:
            return table
        return table.filter(pa.array(table.column("fold").to_numpy() != self.without))


@dataclass(frozen=True, slots=True)
class OnCluster:
    """Fits boosters on the features that are on disk.

    Attributes
    ----------
    kept
        Where boosters are kept once they are trained.
    without
        Fold that is left out; None leaves none out.
    """

    cluster: Cluster
    features: Step
    kept: Step
    parts: int
    layout: Layout
    without: int | None = None

    def leave_out(self, fold: int) -> OnCluster:
        """Return what fits on the other folds."""
        return replace(self, without=fold)

    def classifiers(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit the log-odds of rates, one booster after the other: each has all workers."""
        return [self._classifier(lesson, config) for lesson in lessons]

    def regressors(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit the means of any values by least squares."""
        return [self._regressor(lesson, config) for lesson in lessons]

    def _classifier(self, lesson: Lesson, config: BoosterConfig) -> Head:
        sums = self.sums(lesson)
        whole = sum(sums.values(), _NOTHING)
        rate, weight = np.array([whole.weighted / max(whole.weight, 1e-300)]), np.array([whole.weight])
        return self._head(lesson, config, sums, smoothed_logit(rate, weight), {"objective": "cross_entropy"})

    def _regressor(self, lesson: Lesson, config: BoosterConfig) -> Head:
        sums = self.sums(lesson)
        whole = sum(sums.values(), _NOTHING)
        return self._head(lesson, config, sums, whole.total / max(whole.rows, 1), {"objective": "regression"})

    def _head(
        self,
        lesson: Lesson,
        config: BoosterConfig,
        sums: Mapping[int, Sums],
        constant: float,
        objective: dict[str, Any],
    ) -> Head:
        whole = sum(sums.values(), _NOTHING)
        if not whole.least < whole.greatest:
            return Head(self.layout.for_trees, None, constant)
        return Head(self.layout.for_trees, self.booster(lesson, config, sums, objective), constant)

    def sums(self, lesson: Lesson) -> dict[int, Sums]:
        """Return what a target comes to in each part that has any of it."""
        found = self.cluster.each(self._take(lesson).sums, range(self.parts), f"counting {lesson.name}")
        return {part: sums for part, sums in found if sums.rows}

    def booster(
        self, lesson: Lesson, config: BoosterConfig, sums: Mapping[int, Sums], objective: dict[str, Any]
    ) -> lgb.Booster:
        """Fit a booster of any objective, or take it from where an earlier run kept it."""
        rows = {part: one.rows for part, one in sums.items()}
        parameters = parameters_for(config, sum(rows.values())) | objective
        kept = self.kept.file(digest(lesson.name, self.without, parameters, config.trees)[:16], ".txt")
        if kept.exists():
            return lgb.Booster(model_str=kept.read_text())
        name = lesson.name if self.without is None else f"{lesson.name} without fold {self.without}"
        log.info("training %s on %d prompts", name, sum(rows.values()))
        take = self._take(lesson)
        booster = train_booster(self.cluster, Training(name, take, rows, len(take.columns), parameters, config.trees))
        write_whole(kept, booster.model_to_string().encode())
        return booster

    def _take(self, lesson: Lesson) -> Take:
        return Take(self.features, lesson.of, self.without, tuple(self.layout.for_trees.tolist()))

"""What a trial is judged on: the training prompts in folds, each judged by a router that did not see it.

The test part is never read. A whole router is trained for each fold, featurizer and calibration included, so that
nothing of what it is judged on has been seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.errors import LabelError
from pointsman_train.evaluate.bootstrap import Weights, weights_of
from pointsman_train.evaluate.complete import complete_rows
from pointsman_train.split.split import fold_of
from pointsman_train.study.crossfit import Crossfit, Round, Shared, run_round
from pointsman_train.study.folds import Fold
from pointsman_train.study.headline import headline
from pointsman_train.study.task import Task
from pointsman_train.train.operating_points import OperatingPointsConfig, Target
from pointsman_train.train.stage import TrainConfig

# Fits of the featurizer that are kept: where its settings are searched, hardly one is asked for again.
_KEPT = 3
# The figures are of the whole sweep: fitting operating points, above all with sources left out, would be for nothing.
_ANY_POINT = OperatingPointsConfig({"any": Target("fixed", 0.0)}, "any")


class Bench:
    """Judges settings of training fold by fold.

    Parameters
    ----------
    folds, seed
        How many, by whole groups of near-duplicates, and of the deal.

    Raises
    ------
    ConfigError
        Where routers cannot be trained on folds.
    LabelError
        When a fold has no prompt that can be judged.
    """

    def __init__(self, task: Task, folds: int, seed: int) -> None:
        task.check("a search")
        self._task = task
        self.folds = _folds(task, folds, seed)
        self._shared: dict[str, list[Shared]] = {}
        self._weights: Weights | None = None

    def judge(self, k: int, train: TrainConfig) -> Round:
        """Train on all folds but one, and judge on that one."""
        task = self._task
        recipe = {"": replace(train, operating_points=_ANY_POINT)}
        shared = self._fits_of(train)[k]
        _, one = next(run_round(task.labelled, task.split.group, self.folds[k], recipe, task.folds, shared))
        return one

    def pooled(self, rounds: Sequence[Round]) -> dict[str, Floats]:
        """Figures of all folds together, each of shape (1 + n_resamples,), paired between all settings."""
        both = Crossfit(tuple(rounds))
        testset = both.testset
        if self._weights is None:
            self._weights = weights_of(testset, self._task.evaluate.seed, self._task.evaluate.resamples)
        return headline(testset, both.router, self._weights)

    def _fits_of(self, train: TrainConfig) -> list[Shared]:
        key = repr((train.features, train.seed))
        found = self._shared.pop(key, None) or [Shared() for _ in self.folds]
        self._shared[key] = found
        while len(self._shared) > _KEPT:
            del self._shared[next(iter(self._shared))]
        return found


def figures_of(one: Round) -> dict[str, float]:
    """Figures of one fold, without resamples; undefined is NaN."""
    alone = weights_of(one.testset, resamples=1)[:1]
    return {name: float(values[0]) for name, values in headline(one.testset, one.router, alone).items()}


def fingerprint(task: Task) -> str:
    """SHA-256 of all that a search reads of the data: the training prompts with their outcomes and groups."""
    rows, outcomes = task.training, task.labelled.outcomes
    digest = hashlib.sha256(repr((task.labelled.models, task.folds)).encode())
    for column in (outcomes.prompt, outcomes.source):
        kept = [text for text, row in zip(column, rows, strict=True) if row]
        digest.update(repr(kept).encode("utf-8", "replace"))
    _, group = np.unique(task.split.group[rows], return_inverse=True)
    for table in (outcomes.score, outcomes.trials, outcomes.cost_usd, task.labelled.success, task.labelled.label):
        digest.update(np.ascontiguousarray(table[rows]).tobytes())
    digest.update(group.tobytes())
    if outcomes.stands_for is not None:
        digest.update(np.ascontiguousarray(outcomes.stands_for[rows]).tobytes())
    if task.labelled.logged is not None:
        digest.update(np.ascontiguousarray(task.labelled.logged[rows]).tobytes())
    return digest.hexdigest()


def _folds(task: Task, folds: int, seed: int) -> list[Fold]:
    training = task.training
    of = np.full(len(training), -1)
    of[training] = fold_of(task.split.group[training], folds, np.random.default_rng(seed))
    found = [Fold(str(k), training & (of != k), np.asarray(of == k)) for k in range(folds)]
    for fold in found:
        _check(task, fold.test)
    return found


def _check(task: Task, judged: Bools) -> None:
    if not complete_rows(task.labelled, judged).any():
        raise LabelError(
            f"none of the {int(judged.sum())} training prompts of a fold has a label and an outcome of every model, so "
            "a search has nothing to judge on; lower tune.folds, or bring more outcomes"
        )

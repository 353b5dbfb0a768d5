"""Features of every training prompt, by the one graph, part by part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pointsman_train.dask_engine.groups import fold_by_hash
from pointsman_train.dask_engine.store import Step, read_table, write_table
from pointsman_train.data import Ints
from pointsman_train.featurize.featurizer import Features, run_featurizer
from pointsman_train.featurize.fit import Widths, pick_fold
from pointsman_train.featurize.run import open_session

_TARGETS = ("label", "success", "rate", "trials", "stands_for")


@dataclass(frozen=True, slots=True)
class Folds:
    """Which fold a prompt is in.

    Attributes
    ----------
    file
        With the fold of each group, where all training prompts were dealt by one process; None is by a hash.
    """

    seed: int
    folds: int
    file: str | None

    def __call__(self, groups: Sequence[str]) -> Ints:
        """Return an ndarray of shape (n_prompts,)."""
        if self.file is None:
            return fold_by_hash(groups, self.seed, self.folds)
        of_group = _folds_in(self.file)
        return np.array([of_group[group] for group in groups], np.int64)


@lru_cache(maxsize=1)
def _folds_in(file: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(Path(file).read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class WriteFeatures:
    """Computes the features of one part.

    Attributes
    ----------
    graph
        File with the featurizer, which has the scores of every fit.
    width
        Features that are kept of a prompt.
    of_split
        Parts of the split that are trained on.
    """

    step: Step
    rows: Step
    graph: str
    widths: Widths
    width: int
    folds: Folds
    of_split: tuple[int, ...]

    def __call__(self, part: int) -> None:
        """Write the features of a part beside what fits learn from."""
        table = read_table(self.rows.file(part), ["prompt", "group", "part", *_TARGETS])
        table = table.filter(pc.is_in(table.column("part"), pa.array(self.of_split)))
        fold = self.folds(table.column("group").to_pylist())
        features = self._features(table.column("prompt").to_pylist(), fold)
        columns: dict[str, Any] = {"fold": fold} | {name: table.column(name) for name in _TARGETS}
        columns |= {f"x/{i}": column for i, column in enumerate(np.ascontiguousarray(features.T))}
        write_table(self.step.file(part), pa.table(columns))

    def _features(self, prompts: Sequence[str], fold: Ints) -> Features:
        if not prompts:
            return np.empty((0, self.width), np.float32)
        return pick_fold(run_featurizer(session_of(self.graph), prompts)[0], self.widths, fold)


@lru_cache(maxsize=1)
def session_of(file: str) -> ort.InferenceSession:
    """Open a graph once in a process, however many parts it is run over."""
    return open_session(Path(file).read_bytes())


def columns_of(table: pa.Table, columns: Sequence[int]) -> NDArray[np.float32]:
    """Take features out of a table of them, ndarray of shape (n_prompts, n_columns)."""
    out = np.empty((len(table), len(columns)), np.float32)
    for i, column in enumerate(columns):
        out[:, i] = table.column(f"x/{column}").to_numpy()
    return out

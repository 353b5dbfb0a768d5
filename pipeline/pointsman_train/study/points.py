"""Points of a study that are finished: kept in the run folder, so that the same command goes on from there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.study.task import Task


class Points:
    """Named arrays of each point, in one file a point.

    Parameters
    ----------
    folder
        Where they lie; it is created with the first.
    task
        A point of other data, another split or other settings is never taken for one of these.
    """

    def __init__(self, folder: Path, task: Task) -> None:
        self._folder = folder
        digest = hashlib.sha256(task.labelled.success.tobytes())
        digest.update(b"" if task.labelled.logged is None else task.labelled.logged.tobytes())
        digest.update(repr((task.labelled.outcomes.fingerprint, task.split.fingerprint, task.folds)).encode())
        digest.update(repr((task.train, task.evaluate)).encode())
        self._key = digest.hexdigest()[:16]

    def get(self, name: str, compute: Callable[[], Mapping[str, Floats]]) -> dict[str, Floats]:
        """Return a point as it was kept, or compute and keep it."""
        path = self._folder / f"{name}-{self._key}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as kept:
                return dict(kept)
        found = dict(compute())
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **found)
        partial.replace(path)
        return found

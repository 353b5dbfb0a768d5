from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pointsman_train.data import DropLog, Outcomes

NAN = np.nan


@pytest.fixture(scope="session")
def table() -> Callable[..., Outcomes]:
    """Make outcomes from scores and costs; one trial each unless given."""

    def make(score, cost=None, trials=None, models=None) -> Outcomes:
        score = np.array(score, float)
        models = models or tuple("abcdef"[: score.shape[1]])
        # Dearer from left to right.
        cost = np.tile(np.arange(1.0, score.shape[1] + 1), (len(score), 1)) if cost is None else np.array(cost, float)
        trials = np.where(np.isnan(score), 0, 1) if trials is None else np.array(trials)
        names = [f"q{i}" for i in range(len(score))]
        return Outcomes(names, names, [""] * len(score), models, score, trials, cost, "file", DropLog(), "")

    return make

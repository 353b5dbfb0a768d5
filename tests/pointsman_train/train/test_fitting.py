from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.featurize.fit import Fitted
from pointsman_train.train import fitting
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS
from pointsman_train.train.complexity import ComplexityConfig
from pointsman_train.train.per_model import PerModel
from pointsman_train.train.rows import Rows


@pytest.fixture
def fit(task):
    n = len(task.features)
    heads = BothHeads(PerModel(BoostedConfig()), (0, 1, 2, 3), task.descriptors, task.layout, ComplexityConfig())
    rows = Rows([""] * n, [""] * n, task.targets, task.targets.success, task.targets.success * 0.01, np.arange(n))
    fitted = Fitted(None, task.features, similarity=np.arange(n, dtype=np.float32))
    return lambda: fitting.fit_heads(heads, SUCCESS_CALIBRATIONS["platt"], fitted, rows, np.arange(n) % 4)


def test_of_many_prompts_whole_folds_are_predicted_until_there_are_enough(task, fit, monkeypatch):
    n = len(task.features)
    every = fit()
    monkeypatch.setattr(fitting, "_ENOUGH", n // 4 + 1)
    some = fit()
    told = np.arange(n) % 4 < 2
    assert len(every.p_success) == n
    assert len(some.rows.prompt) == len(some.p_success) == len(some.p_label) == told.sum()
    np.testing.assert_array_equal(some.similarity, np.flatnonzero(told))
    np.testing.assert_array_equal(some.rows.score, task.targets.success[told])
    # The models are the same and see everything; the calibration is read off fewer prompts.
    for head in ("success", "complexity"):
        expected = getattr(every, head).margins(task.features)
        np.testing.assert_array_equal(getattr(some, head).margins(task.features), expected)
    np.testing.assert_array_equal(some.labels.row, every.labels.row)
    assert not np.array_equal(some.p_success, every.p_success[told])
    np.testing.assert_allclose(some.p_success, every.p_success[told], atol=0.1)

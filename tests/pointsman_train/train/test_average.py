from __future__ import annotations

import numpy as np

from pointsman_train.train.average import Average
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.cohort import Cohort, CohortConfig
from pointsman_train.train.logistic import Logistic
from pointsman_train.train.per_model import PerModel


def test_margins_are_the_mean_of_the_parts_which_keep_their_trees(task, exported):
    parts = [PerModel(BoostedConfig(BoosterConfig(trees=10))), Logistic(), Cohort(CohortConfig())]
    model = task.fit(Average(parts))
    expected = sum(task.fit(part).margins(task.features) for part in parts) / 3
    np.testing.assert_allclose(model.margins(task.features), expected, atol=1e-12)
    np.testing.assert_allclose(exported(model, task.features), expected, atol=1e-9)
    assert [len(ensemble.trees) for ensemble in model.ensembles()] == [30]

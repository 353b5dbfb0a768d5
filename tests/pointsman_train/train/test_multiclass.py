from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.cumulative import Cumulative
from pointsman_train.train.multiclass import Multiclass
from pointsman_train.train.success import Targets

CONFIG = BoostedConfig(BoosterConfig(trees=40, leaves=6))


def test_a_rungs_probability_is_the_sum_over_the_labels_up_to_it(task):
    model = task.fit(Multiclass(CONFIG))
    p_label = softmax(model.labels.margins(task.features), axis=1)
    assert p_label.shape == (1_200, 4)
    expected = np.column_stack([p_label[:, 0], p_label[:, :2].sum(axis=1), p_label[:, :3].sum(axis=1)])
    np.testing.assert_allclose(expit(model.margins(task.features)), np.clip(expected, 1e-4, 1 - 1e-4), atol=1e-12)


@pytest.mark.parametrize("formulation", [Multiclass(CONFIG), Cumulative(CONFIG)])
def test_shares_of_labels_are_met_and_rise_with_the_rung(formulation, task):
    p = expit(task.fit(formulation).margins(task.features))
    label = task.targets.label
    np.testing.assert_allclose(p.mean(axis=0), [np.mean(label <= rung) for rung in range(3)], atol=0.02)
    if isinstance(formulation, Multiclass):
        assert (np.diff(p, axis=1) >= -1e-12).all()


@pytest.mark.parametrize("formulation", [Multiclass(CONFIG), Cumulative(CONFIG)])
def test_only_labels_are_read(formulation, task):
    success = np.full_like(task.targets.success, np.nan)
    alone = Targets(success, success, task.targets.trials, task.targets.label)
    expected = task.fit(formulation).margins(task.features)
    np.testing.assert_array_equal(task.fit(formulation, targets=alone).margins(task.features), expected)


@pytest.mark.parametrize("formulation", [Multiclass(CONFIG), Cumulative(CONFIG)])
def test_a_label_that_does_not_occur_is_next_to_impossible(formulation, task):
    label = np.where(task.targets.label == 0, 1, task.targets.label)
    targets = Targets(task.targets.success, task.targets.rate, task.targets.trials, label)
    p = expit(task.fit(formulation, targets=targets).margins(task.features))
    assert p[:, 0].max() < 0.001
    assert p[:, 1].mean() == pytest.approx(np.mean(label <= 1), abs=0.02)

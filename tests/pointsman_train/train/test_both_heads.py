from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.complexity import ComplexityConfig
from pointsman_train.train.label_shares import weigh_labels
from pointsman_train.train.per_model import PerModel


@pytest.fixture
def heads(task):
    formulation = PerModel(BoostedConfig())
    return BothHeads(formulation, (0, 1, 2, 3), task.descriptors, task.layout, ComplexityConfig())


@pytest.fixture
def labels(task):
    return weigh_labels(task.targets, None, (0, 1, 2, 3))


def test_each_fold_is_predicted_by_a_classifier_of_the_others_rows_and_their_own_labels(task, heads, labels):
    fold = np.arange(len(task.features)) % 3
    found = heads.complexity_out_of_fold(task.features, labels, fold)
    for k in range(3):
        kept, labelled = fold != k, np.isin(task.targets.label, heads.classes)
        others = weigh_labels(task.targets.take(kept), None, heads.classes)
        alone = heads.complexity(task.features[kept], others).margins(task.features[~kept])
        assert np.array_equal(found[~kept], alone)
        assert (kept & labelled).any()


def test_out_of_fold_a_classifier_knows_more_than_the_shares_of_the_labels(task, heads, labels):
    margins = heads.complexity_out_of_fold(task.features, labels, np.arange(len(task.features)) % 3)
    loss = -log_softmax(margins, axis=1)[labels.row, labels.label].mean()
    shares = np.bincount(labels.label, minlength=4) / len(labels.label)
    guess = -np.sum(shares * np.log(np.where(shares > 0, shares, 1)))
    assert loss < 0.9 * guess

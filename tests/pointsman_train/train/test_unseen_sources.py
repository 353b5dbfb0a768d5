from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.train.operating_points import Target
from pointsman_train.train.stage import TrainConfig, train
from pointsman_train.train.unseen_sources import source_folds


def test_a_source_is_in_one_fold_and_folds_are_about_as_large():
    source = list("aaaaabbbbcccdde")
    fold = source_folds(source, np.arange(15), 3)
    assert [len({f for f, s in zip(fold.tolist(), source, strict=True) if s == name}) for name in "abcde"] == [1] * 5
    assert np.bincount(fold).tolist() == [5, 5, 5]


def test_near_duplicates_stay_together_though_their_sources_differ():
    fold = source_folds(list("aaabbb"), np.array([0, 1, 2, 0, 4, 5]), 2)
    assert fold[3] == fold[0] != fold[4]


def test_with_few_sources_there_are_as_many_folds():
    assert source_folds(list("aabb"), np.arange(4), 5).max() == 1


@pytest.mark.parametrize("source", ["aaaa", "aaaaaaaaab"])
def test_one_source_to_speak_of_leaves_nothing_out(source):
    assert source_folds(list(source), np.arange(len(source)), 5) is None


def test_a_point_that_looks_at_sources_left_out_is_never_cheaper(trained):
    prepared, config = trained.result.prepared, trained.config.train

    def lam(unseen):
        points = {"x": Target("max_loss", 0.2, unseen=unseen)}
        changed = TrainConfig(per_model=config.per_model, difference=config.difference, complexity=config.complexity)
        changed.operating_points.points, changed.operating_points.default = points, "x"
        return train(prepared.labelled, prepared.split, 3, changed).operating_points["x"]

    free, held = lam(None), lam(0.01)
    assert held.rule.lam < free.rule.lam
    assert held.target == "at most 20 points below the best single model, 1 points on sources left out of training"

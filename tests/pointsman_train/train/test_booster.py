from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.train.booster import BoosterConfig, bin_columns, fit_booster, leaves_for, margins_of
from pointsman_train.train.trees import Leaf, trees_of


@pytest.mark.parametrize(("prompts", "leaves"), [(1, 4), (1_999, 4), (2_000, 7), (3_999, 7), (4_000, 15)])
def test_trees_grow_with_the_number_of_prompts(prompts, leaves):
    assert leaves_for(BoosterConfig(), prompts) == leaves
    assert leaves_for(BoosterConfig(leaves=9), prompts) == 9


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"trees": 0}, "here.trees must be 1 or more, got 0"),
        ({"leaves": 1}, "here.leaves must be 2 or more, or null, got 1"),
        ({"max_depth": 0}, "here.max_depth must be 1 or more, or null, got 0"),
        ({"learning_rate": -1.0}, "here.learning_rate must be in (0, 1], got -1.0"),
        ({"bagging_fraction": 2.0}, "here.bagging_fraction must be in (0, 1], got 2.0"),
        ({"max_bin": 0}, "here.max_bin must be 2 or more, got 0"),
        ({"early_stopping": 0}, "here.early_stopping must be 1 or more, or null, got 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        BoosterConfig(**settings).check("here")


def test_the_same_rows_give_the_same_trees_on_every_run():
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(300, 4)), rng.integers(0, 2, 300).astype(float)
    one, again = (fit_booster(x, target, 300, BoosterConfig(trees=20), objective="binary") for _ in range(2))
    assert one.model_to_string() == again.model_to_string()
    other = fit_booster(x, target, 300, BoosterConfig(trees=20, seed=1), objective="binary")
    assert (margins_of(one, x) != margins_of(other, x)).any()


def test_the_number_of_prompts_and_not_of_rows_decides_the_size_of_a_tree():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5_000, 2))
    booster = fit_booster(x, x[:, 0], 1_000, BoosterConfig(trees=1), objective="regression")
    assert booster.dump_model()["tree_info"][0]["num_leaves"] == 4


@pytest.mark.parametrize(("max_depth", "deepest"), [(None, 4), (3, 3), (1, 1)])
def test_no_leaf_is_deeper_than_asked(max_depth, deepest):
    # Where the target is steepest the tree is split again and again.
    x = np.geomspace(1, 1e6, 2_000)[:, None]
    config = BoosterConfig(trees=1, leaves=7, max_depth=max_depth, min_child_samples=1, lambda_l2=0.0)
    (tree,) = trees_of(fit_booster(x, x[:, 0] ** 3, 2_000, config, objective="regression"))

    def depth(node):
        return 0 if isinstance(node, Leaf) else 1 + max(depth(node.left), depth(node.right))

    assert depth(tree) == deepest


def learnable(rows: int, noise: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    return x, (x[:, 0] + noise * rng.normal(size=rows) > 0).astype(float)


def test_early_stopping_stops_where_more_trees_learn_only_noise():
    most = BoosterConfig(trees=300, learning_rate=0.3, early_stopping=10)
    noisy = fit_booster(*learnable(600, 5.0), 600, most)
    clean = fit_booster(*learnable(600, 0.0), 600, most)
    assert 1 <= noisy.num_trees() < 60
    assert clean.num_trees() > 2 * noisy.num_trees()
    # What nobody held out learned from is as good as new: the loss on fresh rows is less than with all the trees.
    x, target = learnable(4_000, 5.0, seed=1)
    every = fit_booster(*learnable(600, 5.0), 600, replace(most, early_stopping=None))
    assert every.num_trees() == 300
    loss = [np.mean(np.log1p(np.exp(-(2 * target - 1) * margins_of(one, x)))) for one in (noisy, every)]
    assert loss[0] < loss[1]


def test_early_stopping_ends_in_a_fit_on_all_rows():
    x, target = learnable(400, 2.0)
    stopped = fit_booster(x, target, 400, BoosterConfig(trees=200, early_stopping=5))
    whole = fit_booster(x, target, 400, BoosterConfig(trees=stopped.num_trees()))
    np.testing.assert_array_equal(margins_of(stopped, x), margins_of(whole, x))


def test_early_stopping_holds_whole_groups_out(monkeypatch):
    import lightgbm as lgb

    seen = []
    train = lgb.train
    monkeypatch.setattr(lgb, "train", lambda *given, **named: seen.append(named) or train(*given, **named))
    group = np.repeat(np.arange(40), 10)
    x = np.column_stack([group, np.tile(np.arange(10), 40)]).astype(float)
    target = (np.arange(400) % 3 == 0).astype(float)
    config = BoosterConfig(trees=9, early_stopping=3)
    fit_booster(x, target, 400, config, group=group)
    assert len(seen[0]["valid_sets"][0].get_label()) == 80
    # Three groups are too few to do without one.
    seen.clear()
    fit_booster(x[:30], target[:30], 30, config, group=group[:30])
    assert len(seen) == 1


def test_several_classes_stop_early_as_well():
    x, target = learnable(500, 3.0)
    label = target + (x[:, 1] > 1)
    config = BoosterConfig(trees=200, learning_rate=0.3, early_stopping=5)
    booster = fit_booster(x, label, 500, config, objective="multiclass", num_class=3)
    assert booster.num_trees() % 3 == 0
    assert booster.num_trees() < 600


def test_boosters_that_share_their_bins_are_those_that_bin_for_themselves():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(400, 5)).astype(np.float32), rng.integers(1, 4, 400).astype(float)
    config = BoosterConfig(trees=20)
    bins = bin_columns(x, 400, config)
    for column in range(3):
        target = (x[:, column] + rng.normal(size=400) > 0).astype(float)
        for each in (weight, None):
            own, shared = (fit_booster(x, target, 400, config, each, bins=one) for one in (None, bins))
            np.testing.assert_array_equal(margins_of(own, x), margins_of(shared, x))

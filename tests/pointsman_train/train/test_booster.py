from __future__ import annotations

import re

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.train.booster import BoosterConfig, fit_booster, leaves_for, margins_of


@pytest.mark.parametrize(("prompts", "leaves"), [(1, 4), (1_999, 4), (2_000, 7), (3_999, 7), (4_000, 15)])
def test_trees_grow_with_the_number_of_prompts(prompts, leaves):
    assert leaves_for(BoosterConfig(), prompts) == leaves
    assert leaves_for(BoosterConfig(leaves=9), prompts) == 9


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"trees": 0}, "here.trees must be 1 or more, or null, got 0"),
        ({"leaves": 1}, "here.leaves must be 2 or more, or null, got 1"),
        ({"learning_rate": -1.0}, "here.learning_rate must be in (0, 1], got -1.0"),
        ({"bagging_fraction": 2.0}, "here.bagging_fraction must be in (0, 1], got 2.0"),
        ({"max_bin": 0}, "here.max_bin must be 2 or more, got 0"),
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

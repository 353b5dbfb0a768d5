from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.train.booster import BoosterConfig, fit_booster, leaves_for, margins_of


@pytest.mark.parametrize(("prompts", "leaves"), [(1, 4), (1_999, 4), (2_000, 7), (3_999, 7), (4_000, 15)])
def test_trees_grow_with_the_number_of_prompts(prompts, leaves):
    assert leaves_for(BoosterConfig(), prompts) == leaves
    assert leaves_for(BoosterConfig(leaves=9), prompts) == 9


@pytest.mark.parametrize("settings", [{"trees": 0}, {"leaves": 1}])
def test_a_booster_of_nothing_is_refused(settings):
    with pytest.raises(ConfigError, match=r"^here needs trees >= 1 and leaves >= 2 or null, got "):
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

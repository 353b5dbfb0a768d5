from __future__ import annotations

import math

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import estimate
from pointsman_train.evaluate.detail import SLICE_FIGURES, Detail, LeftOut, LeftOutFold


@pytest.fixture
def half():
    return estimate(np.array([0.5, 0.25, 0.75]), 10)


def test_an_empty_detail_has_no_figures():
    assert Detail().metrics() == {}


def test_every_part_of_a_run_is_under_flat_names_with_its_interval(trained):
    found = trained.result.detail.metrics()
    for name in (
        "robustness/all", "robustness/typos", "left_out/hull_gain",
        "left_out_gap/hull_gain", "left_out_gap/auc_macro", "left_out_gap/boundary_accuracy", "left_out/guard_share",
    ):  # fmt: skip
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"], name
    for part in trained.result.detail.slices:
        for figure in SLICE_FIGURES:
            assert f"slice/{part.by}/{part.name}/{figure}" in found
        assert found[f"slice/{part.by}/{part.name}/prompts"] == part.prompts
    assert found["left_out/prompts"] == len(trained.result.evaluation.testset)


def test_what_is_undefined_stays_nan_and_is_never_0(trained):
    found = trained.result.detail.metrics()
    # None of its two dozen sources has ten prompts among the test prompts of so small a set.
    assert found["source_probe/sources"] == 0
    assert math.isnan(found["source_probe/recovered"])
    # No prompt that the cheapest model gets right is a boundary prompt.
    cheapest = trained.router.models[0]
    assert math.isnan(found[f"slice/label/{cheapest}/boundary_accuracy"])


def test_the_figures_of_a_source_are_under_its_name(half):
    left = LeftOut({}, {}, {}, {"code": {"quality": half}}, None, 10, ())
    found = Detail(left_out=left).metrics()
    assert found == {
        "left_out/source/code/quality": 0.5,
        "left_out/source/code/quality_low": half.low,
        "left_out/source/code/quality_high": half.high,
        "left_out/prompts": 10.0,
    }


def test_a_fold_of_many_sources_has_a_short_name():
    assert LeftOutFold(("a", "b", "c", "d"), 1, {}).name == "a, b, c, d"
    assert LeftOutFold(("a", "b", "c", "d", "e"), 1, {}).name == "a, b, c, d and 1 more"

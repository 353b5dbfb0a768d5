from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pointsman_train.detail_files import write_detail
from pointsman_train.evaluate.detail import Detail


@pytest.fixture(scope="module")
def folder(trained):
    return trained.run_dir / "detail"


def test_the_slices_are_a_table_with_every_figure_and_its_interval(trained, folder):
    table = pd.read_csv(folder / "slices.csv")
    assert list(table) == ["by", "slice", "prompts", "groups", "figure", "value", "low", "high", "n"]
    slices = trained.result.detail.slices
    assert len(table) == sum(len(part.figures) for part in slices)
    row = table[(table.by == "label") & (table.slice == "all-fail") & (table.figure == "quality")].iloc[0]
    (part,) = [part for part in slices if (part.by, part.name) == ("label", "all-fail")]
    assert (row.value, row.n) == (pytest.approx(part.figures["quality"].value), part.prompts)
    # What is undefined is an empty cell, never 0.
    undefined = [figure for part in slices for figure in part.figures.values() if np.isnan(figure.value)]
    assert table.value.isna().sum() == len(undefined) > 0


def test_both_splits_and_their_gap_are_a_table(trained, folder):
    table = pd.read_csv(folder / "left_out.csv")
    whole = table[table.among == "all"].set_index(["split", "figure"]).value
    found = trained.result.detail.left_out
    assert whole["gap", "hull_gain"] == pytest.approx(whole["random", "hull_gain"] - whole["left out", "hull_gain"])
    assert {name.removeprefix("source: ") for name in table.among if name.startswith("source: ")} == set(
        found.per_source
    )


def test_the_sweep_tells_how_much_goes_to_the_dearest_model(trained, folder):
    table = pd.read_csv(folder / "sweep.csv")
    figures = trained.result.evaluation.figures
    assert table.dearest_share.max() == pytest.approx(figures["dearest_share_max"].value)
    assert table.dearest_share.iloc[-1] == 0.0
    assert len(table) == len(trained.result.evaluation.router.sweep)


def test_calibration_is_told_model_by_model(trained, folder):
    table = pd.read_csv(folder / "calibration.csv")
    assert list(table.model.unique()) == list(trained.router.models)
    assert set(table.figure) == {"auc", "brier", "log_loss", "ece"}


def test_the_worst_prompts_name_models_and_not_rungs(trained, folder):
    found = json.loads((folder / "worst.json").read_text())
    models = set(trained.router.models)
    for one in found["prompts"]:
        assert {one["chosen"], one["label"]} <= models
        assert set(one["p_success"]) == models
        assert {near["label"] for near in one["neighbours"]} <= {*models, "all-fail", None}


def test_what_is_absent_has_its_reason(trained, tmp_path):
    files = write_detail(trained.result.evaluation, Detail(notes={"left_out": "one source"}), tmp_path / "new")
    assert {path.name for path in files} == {"calibration.csv", "sweep.csv", "detail.json"}
    assert json.loads((tmp_path / "new" / "detail.json").read_text())["notes"] == {"left_out": "one source"}

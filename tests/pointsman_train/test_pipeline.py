"""The stages in their order on the data of the repository, and what they leave."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from pointsman import Router
from pointsman_train.evaluate.headline import all_metrics
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.pipeline import run_pipeline
from pointsman_train.study.learning_curve import LearningCurveConfig
from pointsman_train.summary import summarise
from pointsman_train.tracking import Untracked

METRICS = (
    "boundary_accuracy", "boundary_label_accuracy", "label_accuracy", "under_routing_rate", "over_routing_rate",
    "hull_gain", "aiq", "apgr", "cs95", "cs90", "cs80", "cost_save_at_best_single", "auc_macro", "brier", "ece",
)  # fmt: skip


BASELINES = ("cheapest", "dearest", "best_single", "random_mix", "source_oracle", "oracle")


@pytest.fixture(scope="module")
def metrics(trained):
    return json.loads((trained.run_dir / "metrics.json").read_text())


@pytest.mark.parametrize("name", METRICS)
def test_metrics_have_every_promised_figure_with_its_interval(metrics, name):
    value, low, high = (metrics[f"test/{name}{end}"] for end in ("", "_low", "_high"))
    assert isinstance(value, float)
    assert low is None or low - 1e-9 <= value <= high + 1e-9


@pytest.mark.parametrize("baseline", BASELINES)
def test_metrics_have_every_promised_baseline(metrics, baseline):
    for name in ("hull_gain", "aiq", "under_routing_rate", "over_routing_rate", "boundary_accuracy", "quality"):
        assert {f"baseline/{baseline}/{name}{end}" for end in ("", "_low", "_high")} <= set(metrics)


def test_baselines_stand_where_they_must(metrics):
    assert metrics["baseline/oracle/hull_gain"] == pytest.approx(1.0)
    assert metrics["baseline/random_mix/hull_gain"] == pytest.approx(0.0, abs=1e-9)
    assert metrics["baseline/oracle/under_routing_rate"] == metrics["baseline/oracle/over_routing_rate"] == 0.0
    assert metrics["baseline/best_single/cost_saving"] == pytest.approx(0.0)
    assert metrics["baseline/cheapest/boundary_accuracy"] == 0.0
    assert metrics["baseline/oracle/quality"] >= metrics["test/quality"]
    assert metrics["baseline/cheapest/cost_usd"] < metrics["baseline/dearest/cost_usd"]


def test_what_is_undefined_is_null_and_never_0(metrics, trained):
    found = all_metrics(trained.result.evaluation, trained.result.detail)
    assert {name for name, value in found.items() if math.isnan(value)} == {
        name for name, value in metrics.items() if value is None
    }
    # A router that always takes the cheapest model has no probabilities, so it has no such figures either.
    assert "baseline/cheapest/brier" not in metrics
    assert "NaN" not in (trained.run_dir / "metrics.json").read_text()


def test_every_operating_point_is_judged(metrics, trained):
    for point in trained.router.operating_points:
        assert {f"operating_point/{point}/{name}" for name in ("quality", "cost_saving", "under_routing_rate")} <= set(
            metrics
        )


def test_the_label_table_tells_everything_of_each_prompt(trained):
    table = pd.read_parquet(trained.run_dir / "labels.parquet")
    prepared = trained.result.prepared
    labelled, parts = prepared.labelled, prepared.split
    assert list(table.prompt_id) == list(labelled.outcomes.prompt_id)
    assert table.part.value_counts().to_dict() == parts.counts()
    names = [*labelled.models, "all-fail"]
    for row in table.itertuples():
        unknown = row.rung == -1
        assert (row.label is None or pd.isna(row.label)) == unknown == (row.reason != "")
        if not unknown:
            assert row.label == names[row.rung]
        assert row.boundary == (0 < row.rung < 3)
    success = table[[f"success/{model}" for model in labelled.models]].to_numpy()
    np.testing.assert_array_equal(success, labelled.success)
    assert table.groupby("group").part.nunique().max() == 1


def test_data_json_has_fingerprints_counts_and_what_was_left_out(trained):
    found = json.loads((trained.run_dir / "data.json").read_text())
    labelled = trained.result.prepared.labelled
    assert found["outcomes_sha256"] == labelled.outcomes.fingerprint
    assert found["split_sha256"] == trained.result.prepared.split.fingerprint
    assert found["prompts"] == sum(found["parts"].values()) == sum(found["labels"].values())
    assert found["left_out"] == labelled.outcomes.drops.counts
    assert json.loads((trained.bundle / "router.json").read_text())["data"] == found


def test_plots_are_drawn(trained):
    plots = {path.name: path.read_bytes() for path in (trained.run_dir / "plots").iterdir()}
    assert set(plots) == {"cost_quality.png", "reliability.png", "labels.png"}
    assert all(content.startswith(b"\x89PNG") and len(content) > 5_000 for content in plots.values())


def test_nothing_half_written_is_left_in_the_run_folder(trained):
    assert not list(trained.run_dir.rglob("*.partial"))


def same_as_served(result):
    """Tell whether the exported router decides as it was judged at its default operating point; its decisions."""
    labelled, parts = result.prepared.labelled, result.prepared.split
    test = parts.rows("test") & ~np.isnan(labelled.success).any(axis=1)
    prompts = [prompt for prompt, kept in zip(labelled.outcomes.prompt, test, strict=True) if kept]
    decisions = Router.load(result.bundle).route_many(prompts)
    chosen = [labelled.models.index(decision.model) for decision in decisions]
    assert chosen == result.evaluation.router.default.choice.tolist()
    unfamiliar = np.mean([decision.unfamiliar for decision in decisions])
    assert unfamiliar == pytest.approx(result.evaluation.figures["unfamiliar_share"].value)
    return decisions


def test_what_is_judged_is_what_is_exported(trained):
    decisions = same_as_served(trained.result)
    assert "utility" in {decision.reason for decision in decisions} <= {"utility", "unfamiliar prompt"}
    best = trained.router.models[trained.router.best_single]
    assert {decision.model for decision in decisions if decision.unfamiliar} <= {best}


@pytest.mark.parametrize("kind", ["threshold", "conservative"])
def test_what_is_judged_is_what_is_exported_under_every_rule(quick, tmp_path, kind):
    config = quick(tmp_path / "routers")
    config.train.rule.kind = kind
    # So that many prompts are unfamiliar and go elsewhere than the best single model.
    config.train.guard.quantile, config.train.guard.fallback = 0.7, "cheapest"
    result = run_pipeline(config, tmp_path / "run")
    decisions = same_as_served(result)
    assert {point.rule for point in Router.load(result.bundle).manifest.operating_points.values()} == {kind}
    assert {d.model for d in decisions if d.unfamiliar} == {result.router.models[0]}
    told = {d.reason for d in decisions if not d.unfamiliar}
    assert told <= {"utility", "threshold" if kind == "threshold" else "held by the best single model"}


@pytest.mark.parametrize(
    ("stages", "files", "none"),
    [
        (["label"], {"labels.parquet", "data.json"}, {"router", "evaluation", "bundle"}),
        (["label", "train"], {"labels.parquet", "data.json"}, {"evaluation", "bundle"}),
        (
            ["label", "train", "evaluate"],
            {"labels.parquet", "data.json", "metrics.json", "plots", "detail", "report.html"},
            {"bundle"},
        ),
    ],
)
def test_the_first_so_many_stages_run_alone(quick, tmp_path, stages, files, none):
    result = run_pipeline(quick(tmp_path / "routers", stages=stages), tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == files
    assert {name for name in ("router", "evaluation", "bundle") if getattr(result, name) is None} == none
    assert not (tmp_path / "routers").exists()
    text = summarise(result, tmp_path / "run")
    assert f"{len(result.prepared.labelled.label)} prompts, " in text
    assert ("hull_gain" in text) == ("evaluate" in stages)


def test_two_runs_of_the_same_settings_give_the_same_router_as_the_next_version(quick, trained, tmp_path):
    config = quick(tmp_path / "routers")
    result = run_pipeline(config, tmp_path / "run")
    assert (result.bundle / "router.onnx").read_bytes() == (trained.bundle / "router.onnx").read_bytes()
    found, expected = (
        json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path / "run", trained.run_dir)
    )
    # The second split was not asked for again.
    assert found == {name: value for name, value in expected.items() if "left_out" not in name}


class Tracked(Untracked):
    """Remembers what it is told."""

    def __init__(self):
        self.told, self.files = {}, {}

    def metrics(self, values):
        self.told |= values

    def artifacts(self, paths, folder):
        self.files[folder] = [path.name for path in paths]


def test_a_study_runs_alone_and_is_tracked(quick, tmp_path, monkeypatch):
    tracked = Tracked()
    monkeypatch.setattr("pointsman_train.tracking.tracked_run", lambda config, sweep: nullcontext(tracked))
    config = quick(tmp_path / "routers", stages=["learning_curve"])
    config.learning_curve = LearningCurveConfig([100], repeats=1)
    result = run_pipeline(config, tmp_path / "run")
    assert (result.router, result.evaluation, result.bundle) == (None, None, None)
    assert not (tmp_path / "routers").exists()
    assert tracked.files["learning_curve"] == ["learning_curve.json", "learning_curve.png", "learning_curve.md"]
    assert 0 < tracked.told["learning_curve/100/auc_macro"] < 1
    assert set(tracked.files["learning_curve"]) | {"labels.parquet", "data.json", "points"} == {
        path.name for path in (tmp_path / "run").iterdir()
    }
    text = summarise(result, tmp_path / "run")
    assert result.study.text in text
    assert text.startswith(f"{len(result.prepared.labelled.label)} prompts, ")


def test_of_more_test_prompts_than_are_judged_a_draw_is_judged_in_every_part(quick, tmp_path):
    config = quick(tmp_path / "routers")
    config.evaluate.most_prompts = 40
    config.evaluate.left_out = LeftOutConfig(folds=2)
    result = run_pipeline(config, tmp_path / "run")
    assert 30 <= len(result.evaluation.testset) <= 40 < result.prepared.split.counts()["test"]
    assert result.bundle is not None
    assert result.detail.slices
    assert result.detail.left_out is None or result.detail.left_out.prompts <= 40

from __future__ import annotations

import json
import math
import re
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pointsman import Router
from pointsman_train.datasets import LongConfig
from pointsman_train.errors import ConfigError, DataError, LabelError, PoolError
from pointsman_train.evaluate.headline import all_metrics
from pointsman_train.pipeline import STAGES, run_pipeline
from pointsman_train.study.learning_curve import LearningCurveConfig
from pointsman_train.study.registry import STUDIES
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


@pytest.fixture
def files(tmp_path):
    """Write prompts and outcomes and return where they are."""

    def write(outcomes, n=60):
        prompts = [{"prompt_id": f"q{i}", "prompt": f"Question {i}: what is {i} + {i * i}?"} for i in range(n)]
        pd.DataFrame(prompts).to_json(tmp_path / "p.jsonl", orient="records", lines=True)
        pd.DataFrame(outcomes).to_json(tmp_path / "o.jsonl", orient="records", lines=True)
        return LongConfig(outcomes=str(tmp_path / "o.jsonl"), prompts=str(tmp_path / "p.jsonl"))

    return write


def answers(score, models=("a", "b"), n=60, cost=0.001):
    return [
        {"prompt_id": f"q{i}", "model": m, "score": score(i, k), "cost_usd": None if cost is None else cost * (k + 1)}
        for i in range(n)
        for k, m in enumerate(models)
    ]


def run(quick, tmp_path, **settings):
    config = quick(tmp_path / "routers", **settings)
    # Sixty prompts are enough for what is tested here.
    config.train.min_prompts = 0
    return run_pipeline(config, tmp_path / "run")


def nothing_written(tmp_path):
    return not (tmp_path / "routers").exists()


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
    result = run(quick, tmp_path, stages=stages)
    assert {path.name for path in (tmp_path / "run").iterdir()} == files
    assert {name for name in ("router", "evaluation", "bundle") if getattr(result, name) is None} == none
    assert nothing_written(tmp_path)
    text = summarise(result, tmp_path / "run")
    assert f"{len(result.prepared.labelled.label)} prompts, " in text
    assert ("hull_gain" in text) == ("evaluate" in stages)


@pytest.mark.parametrize(
    "stages",
    [
        [],
        ["train"],
        ["evaluate"],
        ["train", "label"],
        ["label", "evaluate"],
        ["label", "label"],
        [*STAGES, "x"],
        ["label", "diagnose"],
        ["diagnose", "learning_curve"],
        ["diagnose", "diagnose"],
        ["diagnosis"],
    ],
)
def test_stages_out_of_order_are_refused_before_any_work(quick, tmp_path, stages):
    expected = (
        "stages must be the first so many of ['label', 'train', 'evaluate', 'export'], each needs the one before, or "
        f"one study alone of {list(STUDIES)}, got {stages!r}; to judge an exported router use pointsman-evaluate"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        run(quick, tmp_path, stages=stages)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_out_of_range_is_refused_before_any_work(quick, tmp_path):
    for section, name, value in (
        ("label", "min_trials", 0), ("group", "similarity", 2.0), ("split", "folds", 1), ("train", "formulation", "x"),
        ("evaluate", "resamples", 1), ("export", "name", "a/b"), ("diagnose", "folds", 1),
        ("learning_curve", "repeats", 0),
    ):  # fmt: skip
        config = quick(tmp_path / "routers")
        setattr(config, section, replace(getattr(config, section), **{name: value}))
        with pytest.raises(ConfigError, match=name):
            run_pipeline(config, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_pool_is_refused_before_any_work(quick, tmp_path):
    with pytest.raises(PoolError, match="pool is empty; name at least two models"):
        run(quick, tmp_path, pool=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (["Qwen2.5-Coder-0.5B-Instruct"], "routing chooses between two models or more, the pool is"),
        (["Qwen2.5-Coder-0.5B-Instruct", "Qwen3-Coder-0.5B-Instruct"], "did you mean 'Qwen2.5-Coder-0.5B-Instruct'"),
        (["Qwen2.5-Coder-0.5B-Instruct"] * 2, "more than once; name each model once"),
    ],
)
def test_a_pool_that_cannot_be_routed_over_leaves_no_router(quick, tmp_path, pool, message):
    with pytest.raises(PoolError, match=message):
        run(quick, tmp_path, pool=pool)
    assert nothing_written(tmp_path)


@pytest.mark.parametrize(("score", "name"), [(1.0, "a"), (0.0, "all-fail")])
def test_outcomes_of_one_label_only_leave_no_router(quick, files, tmp_path, score, name):
    dataset = files(answers(lambda i, k: score))
    with pytest.raises(
        LabelError, match=f"the training prompts have one label only, '{name}': there is nothing to learn"
    ):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_a_test_split_of_one_label_only_leaves_no_router(quick, files, tmp_path):
    config = quick(tmp_path / "routers", dataset=files(answers(lambda i, k: float(k))), stages=["label"])
    part = run_pipeline(config, tmp_path / "first").prepared.split.rows("test")
    ids = [f"q{i}" for i in range(60)]
    in_test = dict(zip(sorted(ids), part.tolist(), strict=True))
    # Every test prompt needs b, the others are as they come.
    dataset = files(answers(lambda i, k: float(k) if in_test[f"q{i}"] else float((i + k) % 3 == 0)))
    expected = f"every one of the {int(part.sum())} test prompts has the label 'b': nothing to judge on"
    with pytest.raises(LabelError, match=expected):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_too_few_prompts_leave_no_router(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float(i % 2 == k), n=4), n=4)
    with pytest.raises(LabelError, match=r"4 prompts in 4 groups are too few|cannot be dealt into 5 folds"):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_all_costs_null_leaves_no_router(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float(i % 2 == k), cost=None))
    with pytest.raises(DataError, match="leaves a model of the pool without any known cost"):
        run(quick, tmp_path, dataset=dataset)
    assert nothing_written(tmp_path)


def test_free_models_train_and_are_routed(quick, files, tmp_path):
    dataset = files(answers(lambda i, k: float((i + k) % 3 == 0), cost=0.0))
    result = run(quick, tmp_path, dataset=dataset)
    decision = Router.load(result.bundle).route("Question 3: what is 3 + 9?")
    assert decision.estimated_cost_usd == 0.0
    # Nothing is paid for cost. The cheaper pays for the risk of under-routing, which the last of the ladder has not.
    cheaper, last = result.router.models
    assert decision.utilities[last] == decision.p_success[last]
    assert decision.utilities[cheaper] < decision.p_success[cheaper]


def test_two_runs_of_the_same_settings_give_the_same_router_as_the_next_version(quick, trained, tmp_path):
    config = quick(tmp_path / "routers")
    result = run_pipeline(config, tmp_path / "run")
    assert (result.bundle / "router.onnx").read_bytes() == (trained.bundle / "router.onnx").read_bytes()
    found, expected = (
        json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path / "run", trained.run_dir)
    )
    # The second split was not asked for again.
    assert found == {name: value for name, value in expected.items() if "left_out" not in name}


def test_too_few_labels_leave_no_router_unless_that_is_asked_for(quick, files, tmp_path):
    config = quick(tmp_path / "routers", dataset=files(answers(lambda i, k: float((i + k) % 3 == 0))))
    with pytest.raises(LabelError, match=r"^48 labelled training prompts, expected 200 or more \(train\.min_prompts\)"):
        run_pipeline(config, tmp_path / "run")
    assert nothing_written(tmp_path)
    config.train.min_prompts = 48
    assert run_pipeline(config, tmp_path / "run").bundle.is_dir()


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
    assert nothing_written(tmp_path)
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
    config.evaluate.left_out.enabled = True
    result = run_pipeline(config, tmp_path / "run")
    assert 30 <= len(result.evaluation.testset) <= 40 < result.prepared.split.counts()["test"]
    assert result.bundle is not None
    assert result.detail.slices
    assert result.detail.left_out is None or result.detail.left_out.prompts <= 40

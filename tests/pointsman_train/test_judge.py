from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pointsman import Router
from pointsman.errors import BundleCorruptError, BundleNotFoundError
from pointsman.explain import explain
from pointsman_train.datasets import LongConfig
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.label import LabelConfig
from pointsman_train.made_with import labels_for
from pointsman_train.summary import summarise_evaluation
from pointsman_train.tracking import TrackingConfig


@pytest.fixture
def config(trained, fleet):
    def make(**settings) -> JudgeConfig:
        given = {"router": str(trained.bundle), "dataset": fleet, "evaluate": EvaluateConfig(resamples=40)}
        return JudgeConfig(**given | {"tracking": TrackingConfig(enabled=False)} | settings)

    return make


@pytest.fixture
def other_outcomes(fleet, tmp_path):
    """Write the fleet's outcomes, changed."""

    def write(change) -> LongConfig:
        path = tmp_path / "other.parquet"
        change(pd.read_parquet(fleet.outcomes)).to_parquet(path)
        return LongConfig(outcomes=str(path), prompts=fleet.prompts)

    return write


def test_a_router_judged_on_its_test_prompts_alone_gets_the_figures_of_its_own_run(
    trained, config, other_outcomes, tmp_path
):
    prepared = trained.result.prepared
    test = [
        i for i, kept in zip(prepared.labelled.outcomes.prompt_id, prepared.split.rows("test"), strict=True) if kept
    ]
    dataset = other_outcomes(lambda table: table[table.prompt_id.isin(test)])
    found = judge_router(config(dataset=dataset, evaluate=trained.config.evaluate), tmp_path / "run")
    expected = trained.result.evaluation
    assert len(found.testset) == len(expected.testset)
    for name, figure in expected.figures.items():
        assert found.figures[name].value == pytest.approx(figure.value, nan_ok=True), name


def test_on_prompts_that_it_knows_a_router_is_better_than_a_random_mix(trained, config, tmp_path):
    evaluation = judge_router(config(), tmp_path / "run")
    assert evaluation.figures["hull_gain"].value > 0.05
    assert 0.6 < evaluation.figures["auc_macro"].value < 1.0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test/prompts"] == len(evaluation.testset)
    assert metrics["test/prompts"] + metrics["test/prompts_excluded"] == len(trained.result.prepared.labelled.label)
    assert (tmp_path / "run" / "plots" / "cost_quality.png").is_file()
    text = summarise_evaluation(evaluation)
    assert f"on {len(evaluation.testset)} test prompts" in text
    assert all(name in text for name in (*trained.router.operating_points, "oracle", "hull_gain"))


def test_decisions_use_the_costs_that_the_router_was_shipped_with(config, other_outcomes, caplog, tmp_path):
    def dearer(table):
        # The smallest model has become the dearest.
        return table.assign(cost_usd=table.cost_usd * np.where(table.model.str.startswith("SmolLM2"), 1000.0, 1.0))

    one, other = (judge_router(config(**s), tmp_path / "run") for s in ({}, {"dataset": other_outcomes(dearer)}))
    assert other.testset.models == one.testset.models
    np.testing.assert_array_equal(one.router.default.choice, other.router.default.choice)
    assert other.figures["cost_usd"].value >= one.figures["cost_usd"].value
    told = [message for message in caplog.messages if "are they US dollars?" in message]
    assert len(told) == 1
    assert "SmolLM2-135M-Instruct 1.01e+03 times" in told[0]
    assert sum("not in the order of these outcomes' mean costs" in message for message in caplog.messages) == 1


def test_models_that_the_router_does_not_know_are_left_out(config, other_outcomes, tmp_path):
    def more(table):
        extra = table[table.model.str.startswith("SmolLM2")].assign(model="newcomer")
        return pd.concat([table, extra])

    evaluation = judge_router(config(dataset=other_outcomes(more)), tmp_path / "run")
    assert "newcomer" not in evaluation.testset.models


def test_outcomes_without_one_of_its_models_cannot_judge_it(config, other_outcomes, tmp_path):
    dataset = other_outcomes(lambda table: table[~table.model.str.startswith("SmolLM2")])
    with pytest.raises(PoolError, match=r"has no outcomes of the pool's 'SmolLM2-135M-Instruct'"):
        judge_router(config(dataset=dataset), tmp_path / "run")


def test_outcomes_of_one_label_cannot_judge(config, other_outcomes, tmp_path):
    dataset = other_outcomes(lambda table: table.assign(score=1.0))
    with pytest.raises(LabelError, match="test prompts has the label 'SmolLM2-135M-Instruct': nothing to judge on"):
        judge_router(config(dataset=dataset), tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_the_settings_are_left_as_they_were(config, tmp_path):
    settings = config(label=LabelConfig(success_threshold=0.7))
    judge_router(settings, tmp_path / "run")
    assert settings.label == LabelConfig(success_threshold=0.7)


def test_a_router_that_does_not_load_is_an_error_before_any_work(config, bundle, tmp_path):
    (bundle / "router.onnx").write_bytes(b"")
    with pytest.raises(BundleCorruptError, match="has the sha256"):
        judge_router(config(router=str(bundle)), tmp_path / "run")
    with pytest.raises(BundleNotFoundError, match=re.escape("nowhere has no router.json")):
        judge_router(config(router="nowhere"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_setting_out_of_range_is_refused_before_the_router_is_loaded(config):
    with pytest.raises(ConfigError, match=r"evaluate.resamples must be at least 40, got 39"):
        judge_router(config(router="nowhere", evaluate=EvaluateConfig(resamples=39)), Path("never"))


def test_judging_does_not_touch_the_bundle(trained, config, tmp_path):
    before = {path.name: path.read_bytes() for path in trained.bundle.iterdir()}
    judge_router(config(), tmp_path / "run")
    assert {path.name: path.read_bytes() for path in trained.bundle.iterdir()} == before
    Router.load(trained.bundle)


def test_the_worst_prompts_have_the_reasons_that_pointsman_explain_gives(trained, config, tmp_path):
    judge_router(config(), tmp_path / "run")
    worst = json.loads((tmp_path / "run" / "detail" / "worst.json").read_text())
    assert worst["exact"] is True
    prompts = pd.read_parquet(config().dataset.prompts).set_index("prompt_id").prompt
    case = worst["prompts"][0]
    found = explain(trained.bundle, prompts[case["prompt_id"]])
    chosen, label = (next(one for one in found.models if one.model == case[name]) for name in ("chosen", "label"))
    assert case["reasons"]
    for reason in case["reasons"]:
        difference = chosen.contributions[reason["name"]] - label.contributions[reason["name"]]
        assert reason["value"] == pytest.approx(difference, abs=1e-4)


def test_a_bundle_without_its_explanations_is_judged_all_the_same(trained, config, tmp_path):
    bundle = shutil.copytree(trained.bundle, tmp_path / "bare")
    (bundle / "explain.npz").unlink()
    judge_router(config(router=str(bundle)), tmp_path / "run")
    assert "explain.npz" in (tmp_path / "run" / "report.html").read_text()


def test_what_was_left_out_of_the_judged_data_is_told_and_what_was_of_the_training_data_is_not(
    config, other_outcomes, caplog, tmp_path
):
    def strange(table):
        odd = table.prompt_id.rank(method="dense") % 2 == 1
        return table.assign(prompt_id=np.where(odd, table.prompt_id + " ", table.prompt_id))

    whole = tmp_path / "whole"
    judge_router(config(), whole)
    caplog.clear()
    judge_router(config(dataset=other_outcomes(strange)), tmp_path / "run")
    rows = int(pd.read_parquet(tmp_path / "other.parquet").prompt_id.str.endswith(" ").sum())
    assert f"left out: outcome of no such prompt: {rows}" in caplog.messages
    assert f'outcome of no such prompt</th><td class="number ">{rows:,}' in _squeezed(tmp_path / "run" / "report.html")
    assert "outcome of no such prompt" not in _squeezed(whole / "report.html")


def _squeezed(path: Path) -> str:
    return re.sub(r">\s+<", "><", path.read_text()).replace("loading: ", "")


def test_success_is_what_the_router_was_made_with_unless_something_else_is_asked_for(
    trained, changed, config, other_outcomes, caplog, tmp_path
):
    def strict(manifest):
        manifest["config"]["label"]["success_threshold"] = 0.9

    bundle = changed(trained.bundle, tmp_path / "strict", strict)
    halved = other_outcomes(lambda table: table.assign(score=table.score * 0.8))
    with pytest.raises(LabelError, match="nothing to judge on"):
        judge_router(config(router=str(bundle), dataset=halved), tmp_path / "run")
    caplog.clear()
    asked = LabelConfig(success_threshold=0.7)
    found = judge_router(config(router=str(bundle), dataset=halved, label=asked), tmp_path / "run")
    assert found.testset.success.any()
    made = "small/1 was made with label.success_threshold=0.9"
    expected = f"success is judged by label.success_threshold=0.7 here; {made}"
    assert any(message.startswith(expected) for message in caplog.messages)


def test_what_a_log_taught_a_router_is_no_meaning_of_success(trained, changed, config, caplog, tmp_path):
    def by_log(manifest):
        manifest["config"]["label"] |= {"success_threshold": 0.7, "logged": "all"}

    bundle = changed(trained.bundle, tmp_path / "by_log", by_log)
    judged = config(router=str(bundle), label=LabelConfig(logged="all"))
    assert labels_for(judged.label, [Router.load(bundle)]).success_threshold == 0.7
    assert labels_for(judged.label, [Router.load(bundle)]).logged == "all"
    assert not [message for message in caplog.messages if "success is judged by" in message]


def test_a_ladder_of_outcomes_is_warned_of(config, other_outcomes, caplog, tmp_path):
    def climbed(table):
        wide = table.pivot(index="prompt_id", columns="model", values="score")
        small = next(model for model in wide if model.startswith("SmolLM2"))
        solved = set(wide.index[wide[small] == 1])
        return table[(table.model == small) | ~table.prompt_id.isin(solved)]

    judge_router(config(dataset=other_outcomes(climbed)), tmp_path / "run")
    told = [message for message in caplog.messages if "are not like the others: SmolLM2" in message]
    assert len(told) == 1
    assert "succeeds on 0% of them" in told[0]
